import type { Diagnostic } from "../core/diagnostics.ts";
import type { Host, Plan } from "../plan/types.ts";
import { roleNamed } from "./registry.ts";

/** Hosts whose machine is smaller than what their role needs, one finding a size. */
export function smallMachines(plan: Plan): readonly Diagnostic[] {
  // Of a site only the firewall is known.
  if (plan.kind !== "lab") return [];
  return [...plan.hosts.values()].flatMap((host) => {
    const { memoryMiB, diskGiB } = roleNamed(host.role).machine;
    return [
      ...(host.memoryMiB < memoryMiB ? [small(host, "memoryMiB", `${host.memoryMiB} MiB`, `${memoryMiB} MiB`)] : []),
      ...(host.disksGiB[0]! < diskGiB ? [small(host, "disksGiB", `${host.disksGiB[0]!} GiB`, `${diskGiB} GiB`)] : []),
    ];
  });
}

const small = (host: Host, field: string, has: string, needs: string): Diagnostic => ({
  code: "ROLE_SMALL_MACHINE",
  severity: "error",
  place: host.place,
  path: `hosts.${host.id}.${field}`,
  fact: `${has} are too little for the role ${host.role}, which needs ${needs}`,
  hint: `Give ${host.id} at least ${needs} (the need of a role stands in src/roles/${host.role}).`,
});
