import { ApiError } from "../api-error.ts";
import type { Permissions } from "./permissions.ts";
import { normalisePath } from "./permissions.ts";

/** What the schema of a method asks of its caller (`permissions` in Proxmox' registrations). */
export type Rule =
  { readonly kind: "all" } | Permission | { readonly kind: "and" | "or"; readonly rules: readonly Rule[] };

interface Permission {
  readonly kind: "perm";
  /** `/vms/{vmid}`, filled in from the call's parameters. */
  readonly path: string;
  readonly privileges: readonly string[];
  /** One of them suffices. */
  readonly isAny: boolean;
  /** Only where that parameter is given. */
  readonly requires?: string;
}

/** What a caller may do on a path. */
export type Sight = (path: string) => Permissions;

/** Anybody with a valid token; what more there is to check, the method's own code checks. */
export const all: Rule = { kind: "all" };
export const perm = (path: string, ...privileges: readonly string[]): Permission => ({
  kind: "perm",
  path,
  privileges,
  isAny: false,
});
export const anyOf = (path: string, ...privileges: readonly string[]): Rule => ({
  kind: "perm",
  path,
  privileges,
  isAny: true,
});
export const where = (parameter: string, rule: Permission): Permission => ({
  ...rule,
  requires: parameter,
});
export const and = (...rules: readonly Rule[]): Rule => ({ kind: "and", rules });
export const or = (...rules: readonly Rule[]): Rule => ({ kind: "or", rules });

/** 403 in Proxmox' words (PVE::Exception::raise_perm_exc). */
export const notPermitted = (what?: string): ApiError =>
  new ApiError(403, what === undefined ? "Permission check failed" : `Permission check failed (${what})`);

/** @throws {ApiError} 403, with the path and the first privilege that is missing, or all of which one would do */
export function enforce(sight: Sight, path: string, privileges: readonly string[], isAny = false): void {
  const held = sight(path);
  if (isAny) {
    if (!privileges.some((name) => held.has(name))) throw notPermitted(`${path}, ${privileges.join("|")}`);
    return;
  }
  const missing = privileges.find((name) => !held.has(name));
  if (missing !== undefined) throw notPermitted(`${path}, ${missing}`);
}

/** `exec_api2_perm_check`: of alternatives that all fail, Proxmox names none. */
export function enforceRule(sight: Sight, rule: Rule, given: (name: string) => string | undefined): void {
  switch (rule.kind) {
    case "all":
      return;
    case "and":
      for (const one of rule.rules) enforceRule(sight, one, given);
      return;
    case "or":
      if (rule.rules.some((one) => isAllowed(sight, one, given))) return;
      throw notPermitted();
    case "perm": {
      if (rule.requires !== undefined && given(rule.requires) === undefined) throw notPermitted();
      const filled = rule.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => given(name) ?? "");
      enforce(sight, normalisePath(filled) ?? filled, rule.privileges, rule.isAny);
    }
  }
}

function isAllowed(sight: Sight, rule: Rule, given: (name: string) => string | undefined): boolean {
  try {
    enforceRule(sight, rule, given);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return false;
    throw error;
  }
}
