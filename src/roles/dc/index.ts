import type { RoleContext, RoleDefinition, RoleWork } from "../role.ts";

/** A domain controller: Samba's Active Directory. */
export const dc: RoleDefinition = {
  id: "dc",
  machine: { memoryMiB: 1024, diskGiB: 10 },
  packages: [],
  templates: [],
  neighbours: [],
  work,
  probes: () => [],
  manual: "docs/roles/dc.md",
};

function work({ plan, host }: RoleContext): RoleWork {
  const controllers = [...plan.hosts.values()].filter((h) => h.role === "dc");
  return { steps: [], after: controllers[0] === host ? [] : [controllers[0]!.id] };
}
