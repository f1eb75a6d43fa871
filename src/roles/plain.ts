import type { RoleId } from "../plan/names.ts";
import type { RoleDefinition } from "./role.ts";

/** A role whose service is not written yet: the machine, named and hardened as every guest is, and nothing on it. */
export function plainRole(id: RoleId, machine: RoleDefinition["machine"]): RoleDefinition {
  return {
    id,
    machine,
    packages: [],
    templates: [],
    neighbours: [],
    work: () => ({ steps: [] }),
    probes: () => [],
    manual: "docs/roles/base.md",
  };
}
