import type { RoleDefinition } from "../role.ts";

/** The one way in for administration. */
export const bastion: RoleDefinition = {
  id: "bastion",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: [],
  templates: [],
  neighbours: [],
  work: () => ({ steps: [] }),
  probes: () => [],
  manual: "docs/roles/bastion.md",
};
