import type { AccessState, AclEntry, PoolState } from "../state/state.ts";
import { builtInRoles, privilegesOf } from "./privileges.ts";

/** What a permission is computed from. */
export interface AccessWorld {
  readonly access: AccessState;
  readonly pools: Readonly<Record<string, PoolState>>;
  readonly major: 8 | 9;
}

/** Privilege to whether it reaches the paths below. */
export type Permissions = ReadonlyMap<string, boolean>;

const ROOT = "root@pam";
const DEFAULT_PATHS = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];

/** `user@realm!token` → its two halves; a user alone has no token. */
export function splitToken(authId: string): { readonly user: string; readonly token: string | undefined } {
  const at = authId.indexOf("!");
  return at < 0 ? { user: authId, token: undefined } : { user: authId.slice(0, at), token: authId.slice(at + 1) };
}

/** `//vms/100/` → `/vms/100`; undefined for what is no path (PVE::AccessControl::normalize_path). */
export function normalisePath(path: string): string | undefined {
  const clean = `/${path}`.replaceAll(/\/+/g, "/").replace(/(.)\/$/, "$1");
  return /^[A-Za-z0-9.\-_/]+$/.test(clean) ? clean : undefined;
}

/**
 * The privileges of a user or token on a path (PVE::RPCEnvironment::permissions and `$compile_acl_path`): root has all;
 * roles propagate downwards, a deeper entry replaces them, members inherit their pool's, NoAccess wins, and a token with
 * privilege separation has what both it and its user have.
 */
export function permissionsOn(world: AccessWorld, authId: string, path: string): Permissions {
  if (authId === ROOT) return new Map([...privilegesOf(world.major)].map((name) => [name, true]));
  const { user, token } = splitToken(authId);
  if (token !== undefined) {
    const known = world.access.users[user]?.tokens[token];
    if (known === undefined) return new Map();
    const ofUser = permissionsOn(world, user, path);
    if (!known.isSeparated) return ofUser;
    if (user === ROOT) return privilegesOn(world, authId, path);
    return new Map(
      [...privilegesOn(world, authId, path)].flatMap(([name, propagates]) => {
        const theirs = ofUser.get(name);
        return theirs === undefined ? [] : [[name, propagates && theirs] as const];
      }),
    );
  }
  return world.access.users[user] === undefined ? new Map() : privilegesOn(world, user, path);
}

function privilegesOn(world: AccessWorld, authId: string, path: string): Permissions {
  const roles = builtInRoles(world.major);
  const held = new Map<string, boolean>();
  for (const [role, propagates] of withPoolRoles(world, authId, path)) {
    for (const name of roles.get(role) ?? world.access.roles[role] ?? [])
      held.set(name, propagates || (held.get(name) ?? false));
  }
  return held;
}

/** Roles by name, and whether each propagates; the entry nearest to the path replaces those above it. */
function rolesOn({ access }: AccessWorld, authId: string, path: string): Map<string, boolean> {
  let roles = new Map<string, boolean>();
  const segments = path.split("/").filter((s) => s !== "");
  for (let depth = 0; depth <= segments.length; depth++) {
    const at = `/${segments.slice(0, depth).join("/")}`;
    const isFinal = depth === segments.length;
    const here = access.acl.filter((e) => e.path === at && e.who === authId && (isFinal || e.propagates));
    if (here.length > 0) roles = new Map(here.map((e: AclEntry) => [e.role, e.propagates]));
  }
  const none = roles.get("NoAccess");
  return none === undefined ? roles : new Map([["NoAccess", none]]);
}

function withPoolRoles(world: AccessWorld, authId: string, path: string): ReadonlyMap<string, boolean> {
  const roles = rolesOn(world, authId, path);
  const [, kind, id] = /^\/(vms|storage)\/([^/]+)$/.exec(path) ?? [];
  if (kind === undefined || roles.has("NoAccess")) return roles;
  const isMember = (pool: PoolState): boolean =>
    kind === "vms" ? pool.vms.includes(Number(id)) : pool.storages.includes(id!);
  const inherited = Object.values(world.pools)
    .filter(isMember)
    .flatMap((pool) => [...rolesOn(world, authId, `/pool/${pool.id}`).keys()]);
  if (inherited.includes("NoAccess")) return new Map([["NoAccess", false]]);
  for (const role of inherited) if (!roles.has(role)) roles.set(role, false);
  return roles;
}

/** Every path of interest on which somebody has any privilege (`get_effective_permissions`). */
export function effectivePermissions(world: AccessWorld, authId: string): Record<string, Record<string, 0 | 1>> {
  const members = Object.values(world.pools).flatMap((pool) => [
    ...pool.vms.map((vmid) => `/vms/${vmid}`),
    ...pool.storages.map((storage) => `/storage/${storage}`),
  ]);
  const paths = new Set([...DEFAULT_PATHS, ...world.access.acl.map((e) => e.path), ...members]);
  const found = [...paths].map((path) => [path, asAnswer(permissionsOn(world, authId, path))] as const);
  return Object.fromEntries(found.filter(([, held]) => Object.keys(held).length > 0));
}

export const asAnswer = (permissions: Permissions): Record<string, 0 | 1> =>
  Object.fromEntries([...permissions].map(([name, propagates]) => [name, propagates ? 1 : 0]));
