import { formatAddress } from "../../core/ip.ts";
import type { RoleContext, RoleDefinition, RoleWork } from "../role.ts";

/** What every Debian guest of the lab gets before its own role. */
export const base: RoleDefinition = {
  id: "base",
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: [],
  templates: ["hosts"],
  neighbours: [],
  work,
  probes: () => [],
  manual: "docs/roles/base.md",
};

function work({ plan, host, fill }: RoleContext): RoleWork {
  const lines = [...plan.hosts.values()]
    .filter((h) => h.id === host.id)
    .map((h) => `${formatAddress(h.nics[0]!.address)} ${h.id}.${plan.domain.name} ${h.id}`);
  return {
    steps: [
      { kind: "files", name: "names", files: { "/etc/hosts": { content: fill("hosts", { own: lines.join("\n") }) } } },
    ],
  };
}
