import type { Diagnostic } from "../../core/diagnostics.ts";
import { plays } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import type { Asked, RoleContext, RoleWork } from "../role.ts";
import { watchedAt } from "../service.ts";
import { defineRole, type Settled } from "../settings.ts";
import { listens } from "./client.ts";
import { listenersOf, serverOf } from "./order.ts";
import { probes } from "./probes.ts";
import { serving, SERVICE } from "./server.ts";
import { settings } from "./settings.ts";
import { valuesOf } from "./values.ts";

/** Power behind a UPS: who reads it, who listens to it, and in which order all stop on a battery that is low. */
export const power = defineRole({
  id: "power",
  settings,
  machine: { memoryMiB: 512, diskGiB: 8 },
  packages: ["nut-server", "python3"],
  clientPackages: ["nut-client"],
  templates: [
    ...["nut.conf", "ups.conf", "stage.conf", "upsd.conf", "upsd.users", "user.conf", "upsmon-server.conf"],
    ...["mains.dev", "place.dev", "power_tmpfiles.conf", "nut-driver.conf", "agent-ups.conf", "stop.py"],
    ...["maquette-power-stop.service", "upsmon-client.conf", "notify.sh", "nut-monitor.conf"],
    ...["maquette-power-off.path", "maquette-power-off.service"],
  ],
  neighbours: [SERVICE],
  work,
  clients: listens,
  asks,
  findings,
  probes,
  manual: "docs/roles/power.md",
});

type Context = RoleContext & Settled<typeof settings>;

/** Of several hosts with this role one reads the UPS. */
function work(context: Context): RoleWork {
  if (serverOf(context.plan) !== context.host) return { steps: [] };
  return { steps: [{ kind: "packages", name: "packages", packages: power.packages }, ...serving(context)] };
}

function asks(plan: Plan): Partial<Asked> {
  const server = serverOf(plan);
  return {
    watched: watchedAt(plan, "power", [SERVICE]).slice(0, 1),
    values: server === undefined ? [] : valuesOf(server),
  };
}

/** Who tells the others to stop stops after them, so it starts no later than any of them. */
function findings(plan: Plan): readonly Diagnostic[] {
  const server = serverOf(plan);
  if (server === undefined) return [];
  const before = listenersOf(plan).filter((host) => host.startOrder < server.startOrder && !plays(host, "power"));
  if (before.length === 0) return [];
  const first = Math.min(...before.map((host) => host.startOrder));
  return [
    {
      code: "POWER_SERVER_TOO_LATE",
      severity: "error",
      place: server.place,
      path: `hosts.${server.id}.start.order`,
      fact: `${server.id} reads the UPS and starts after ${before.map((host) => host.id).join(", ")}: hosts stop the other way round, so these would outlive whoever tells them to stop`,
      hint: `Give ${server.id} start order ${first} or less.`,
    },
  ];
}
