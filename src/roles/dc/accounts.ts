import { secret } from "../../core/secret-place.ts";
import type { SecretPlace } from "../../core/text.ts";
import type { Person, Plan } from "../../plan/types.ts";
import { fullName } from "../person.ts";

/**
 * Services that read the directory, each with an account of its own, so that one can be taken away alone; and acceptance,
 * which asks as a user would: people choose their own passwords, so none of theirs is known.
 */
export const serviceAccountIds = [
  "mail",
  "pbx",
  "vpn",
  "ebrigade",
  "supervision",
  "bastion",
  "pfsense",
  "accept",
] as const;
export type ServiceAccountId = (typeof serviceAccountIds)[number];

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

export const serviceLogin = (id: ServiceAccountId): string => `svc-${id}`;

/** The account by which the service `id` binds: over LDAPS alone, and it may read and nothing else. */
export function serviceAccount(plan: Plan, id: ServiceAccountId): ServiceAccount {
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

/** Where people are searched: below the domain's root, for clients that would follow the root's referrals and hang. */
export const peopleBase = (plan: Plan): string => `${peopleUnit(plan)},${baseDn(plan)}`;

/** A group of the plan as `memberOf` names it. */
export const groupDn = (plan: Plan, group: string): string => `CN=${group},${groupUnit(plan)},${baseDn(plan)}`;

/** The place of a person's first password; who changes it keeps the new one. */
export const personPassword = (person: Person): SecretPlace => secret("password", `user/${person.login}`);

export const administratorPassword = secret("password", "dc/administrator");

/** A person's place relative to the base: the full name, with the login where two have one name. */
export function personDn(plan: Plan, person: Person): string {
  const name = fullName(person);
  const namesakes = [...plan.people.values()].filter((p) => fullName(p).toLowerCase() === name.toLowerCase());
  const cn = namesakes.length > 1 ? `${name} (${person.login})` : name;
  return `CN=${escapeRdn(cn)},${departmentUnit(plan, person.department)}`;
}

/** RFC 4514 §2.4. */
export function escapeRdn(value: string): string {
  return value.replace(/[\\",+<>;=]/g, "\\$&").replace(/^[ #]|[ ]$/g, "\\$&");
}
