import type { AccessState, AclEntry } from "../state/state.ts";
import type { ReadToken } from "../http/auth.ts";

/** Roles and access control list that a simulator starts with, besides what was made by its API. */
export interface Grants {
  /** Privileges by role. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly acl: readonly { readonly path: string; readonly user: string; readonly role: string }[];
}

/** The given tokens, with what their users were given; they follow the options at every start. */
export function grant(access: AccessState, tokens: readonly ReadToken[], grants?: Grants): void {
  for (const { user, id, secretDigest } of tokens) {
    access.users[user] ??= { tokens: {} };
    access.users[user].tokens[id] = { isSeparated: false, secretDigest };
  }
  for (const [role, privileges] of Object.entries(grants?.roles ?? {})) access.roles[role] = privileges;
  for (const { path, user, role } of grants?.acl ?? []) addToAcl(access, { path, who: user, role, propagates: true });
}

/** One entry for each path, holder and role. */
export function addToAcl(access: AccessState, entry: AclEntry): void {
  removeFromAcl(access, entry);
  access.acl.push(entry);
}

export function removeFromAcl(access: AccessState, { path, who, role }: Omit<AclEntry, "propagates">): void {
  access.acl = access.acl.filter((e) => e.path !== path || e.who !== who || e.role !== role);
}
