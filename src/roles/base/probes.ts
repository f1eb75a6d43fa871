import { formatAddress } from "../../core/ip.ts";
import { fqdnOf, simulatedWeb } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { pythonCommand } from "../program.ts";
import { BASE, type Probe } from "../role.ts";
import FOUNDATIONS from "./foundations.py";

/** Longer than a clock that has just started needs for its first answers (chrony's `iburst` takes some seven seconds). */
const CLOCK_SECONDS = 15;

/** Of every Debian host behind the routers: it resolves names, its clock is set, and it gets to its archive. */
export function probes(plan: Plan): readonly Probe[] {
  const inside = [...plan.hosts.values()].filter((h) => !h.isOutside && plan.images.get(h.image)!.os === "debian");
  return inside.map((host) => foundations(plan, host, inside.find((other) => other !== host) ?? host));
}

function foundations(plan: Plan, host: Host, other: Host): Probe {
  // Where the Internet is simulated nobody's archive is in it; that its web answers shows the way there.
  const web = simulatedWeb(plan);
  const archive = web === undefined ? null : formatAddress(web);
  return {
    id: `base-${host.id}`,
    needs: [BASE],
    from: host.id,
    title: {
      en: `${host.id} resolves names, has the time and gets to its updates`,
      fr: `${host.id} résout les noms, est à l'heure et accède à ses mises à jour`,
    },
    expected: "names, time, updates",
    run: pythonCommand(FOUNDATIONS, JSON.stringify({ name: fqdnOf(plan, other), seconds: CLOCK_SECONDS, archive })),
    judge: ({ exitCode, stdout, stderr }) => ({
      isGood: exitCode === 0,
      seen: exitCode === 0 ? "names, time, updates" : ((stdout.trim() || stderr.trim().split("\n").at(-1)) ?? ""),
    }),
    deadlineSeconds: 40,
    isWaiting: true,
    dependsOn: { host: host.id, units: ["chrony"] },
  };
}
