import type { Host, Person, Plan } from "../../plan/types.ts";
import type { CertificateRequest } from "../seed.ts";

/*
 * Who may come in by the VPN, and the certificate by which each is known: of the account's own name, so that one person's
 * profile is of no use with another's password.
 */

export const gatewayGroups = (plan: Plan): readonly string[] =>
  [...plan.groups.values()].filter((g) => g.grants.includes("vpn")).map((g) => g.id);

/** Those of the plan who have the right, in its order. */
export const travellers = (plan: Plan): readonly Person[] => [...plan.people.values()].filter((p) => p.hasVpn);

/** Label of a person's client certificate; no host's name has a dot. */
export const travellerCertificate = (person: Person): string => `vpn.${person.login}`;

/** Label of a person's key of the outer layer (tls-crypt-v2). */
export const travellerKey = (gateway: Host, person: Person): string => `${gateway.id}/${person.login}`;

export const certificateFor = (plan: Plan, person: Person): CertificateRequest => ({
  commonName: person.login,
  names: [person.login],
  usage: "client",
  days: plan.authority.certificateDays,
});

/** Two of acceptance's people who have the right, and one who has not; undefined where the plan lacks one of them. */
export interface Triers {
  readonly first: Person;
  readonly second: Person;
  readonly outsider: Person;
}

export function triersOf(plan: Plan): Triers | undefined {
  const all = [...plan.probePeople.values()].filter((p) => !p.isDisabled);
  const [first, second] = all.filter((p) => p.hasVpn);
  const outsider = all.find((p) => !p.hasVpn && !p.isAdmin);
  return first && second && outsider && { first, second, outsider };
}

/** All of acceptance's people who have the right: each has a profile at the road warrior's machine. */
export const probeTravellers = (plan: Plan): readonly Person[] =>
  [...plan.probePeople.values()].filter((p) => p.hasVpn);
