import type { RoleDefinition } from "./role.ts";

/**
 * A role whose service is not written yet: the machine, named and hardened as every guest is, and nothing on it.
 * @param account by which it will read the directory
 */
export function plainRole(id: string, machine: RoleDefinition["machine"], account?: string): RoleDefinition {
  return {
    id,
    machine,
    packages: [],
    templates: [],
    neighbours: [],
    work: () => ({ steps: [] }),
    asks: () => (account === undefined ? {} : { accounts: [account] }),
    probes: () => [],
    manual: "docs/roles/base.md",
  };
}
