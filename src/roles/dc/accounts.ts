import { secret } from "../../core/secret-place.ts";
import type { SecretPlace } from "../../core/text.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import { directoryName } from "../../plan/query.ts";

/** By which acceptance asks, as a user would: people choose their own passwords, so none of theirs is known. */
export const ACCEPTANCE = "accept";

/** What another role needs to ask the directory. */
export interface ServiceAccount {
  /** sAMAccountName. */
  readonly login: string;
  readonly dn: string;
  readonly userPrincipalName: string;
  /** The label of its password among the stack's secrets, and the password's place. */
  readonly passwordLabel: string;
  readonly password: SecretPlace;
  /** The place of what changes with it, and is no secret. */
  readonly passwordDigest: SecretPlace;
}

/** `DC=cod,DC=test` */
export const baseDn = (plan: Plan): string =>
  plan.domain.name
    .split(".")
    .map((label) => `DC=${label}`)
    .join(",");

/** The one OU below which everything of the plan stands, relative to the base. */
export const rootUnit = (plan: Plan): string => `OU=${escapeRdn(plan.domain.netbios)}`;
const below = (plan: Plan, name: string): string => `OU=${name},${rootUnit(plan)}`;
export const peopleUnit = (plan: Plan): string => below(plan, "Utilisateurs");
export const groupUnit = (plan: Plan): string => below(plan, "Groupes");
export const serviceUnit = (plan: Plan): string => below(plan, "Services");
export const machineUnit = (plan: Plan): string => below(plan, "Postes");
export const departmentUnit = (plan: Plan, department: string): string =>
  `OU=${escapeRdn(department)},${peopleUnit(plan)}`;

/** Of acceptance's people: no department's, and out of whatever lists people by department. */
export const probeUnit = (plan: Plan): string => `OU=Comptes de recette,${peopleUnit(plan)}`;

export const serviceLogin = (id: string): string => `svc-${id}`;

/** The account by which the service `id` binds: over LDAPS alone, and it may read and nothing else. */
export function serviceAccount(plan: Plan, id: string): ServiceAccount {
  const login = serviceLogin(id);
  const passwordLabel = `service/${id}`;
  return {
    login,
    dn: `CN=${login},${serviceUnit(plan)},${baseDn(plan)}`,
    userPrincipalName: `${login}@${plan.domain.name}`,
    passwordLabel,
    password: secret("password", passwordLabel),
    passwordDigest: secret("password-digest", passwordLabel),
  };
}

/** sAMAccountName of a member of the domain. A NetBIOS name has at most 15 characters: the plan refuses a longer one of a host. */
export const machineLogin = (host: Host): string => `${host.id.toUpperCase()}$`;

const machineLabel = (host: Host): string => `machine/${host.id}`;
/** A member's, and a controller's while it joins. */
export const machinePassword = (host: Host): SecretPlace => secret("password", machineLabel(host));
export const machineDigest = (host: Host): SecretPlace => secret("password-digest", machineLabel(host));

export const administratorPassword = secret("password", "dc/administrator");

/** A person's place relative to the base. */
export const personDn = (plan: Plan, person: Person): string =>
  `CN=${escapeRdn(directoryName([...plan.people.values(), ...plan.probePeople.values()], person))},${
    person.kind === "probe" ? probeUnit(plan) : departmentUnit(plan, person.department)
  }`;

/** RFC 4514 §2.4. */
export function escapeRdn(value: string): string {
  return value.replace(/[\\",+<>;=]/g, "\\$&").replace(/^[ #]|[ ]$/g, "\\$&");
}
