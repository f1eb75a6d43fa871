import { formatAddress } from "../../core/ip.ts";
import { answeredBy, routersOf } from "../../plan/query.ts";
import type { Host, Plan, Zone } from "../../plan/types.ts";
import type { Probe, RoleDefinition } from "../role.ts";
import PING from "./ping.sh";

/** A pfSense, of the pair or alone: it boots from its configuration (src/pfsense/emit), and no step is done on it. */
export const router: RoleDefinition = {
  id: "router",
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: [],
  templates: [],
  neighbours: [],
  work: () => ({ steps: [] }),
  asks: () => ({ accounts: ["pfsense"] }),
  probes,
  manual: "docs/router.md",
};

/** Each carries by each access. */
function probes(plan: Plan): readonly Probe[] {
  const accesses = [...plan.zones.values()].filter((z) => z.wan !== null);
  return routersOf(plan)
    .flatMap((r) => accesses.map((z) => carries(plan, r, z)))
    .filter((p) => p.needs.length > 0);
}

function carries(plan: Plan, router: Host, zone: Zone): Probe {
  const own = router.nics.find((n) => n.zone === zone.id)!;
  return {
    id: `${router.id}-${zone.id}`,
    needs: answeredBy(plan, `zone:${zone.id}`),
    from: router.id,
    title: {
      fr: `${router.id} joint l'Internet par ${zone.id}`,
      en: `${router.id} reaches the Internet by ${zone.id}`,
    },
    expected: "3 echoes",
    run: { argv: ["sh", "-c", PING, "ping", formatAddress(own.address), formatAddress(zone.wan!.monitor)] },
    judge: ({ exitCode, stdout, stderr }) => {
      const received = /(\d+) (?:packets )?received/.exec(stdout)?.[1];
      return received === undefined
        ? { isGood: false, seen: stderr.trim().split("\n")[0] ?? `exit ${exitCode}` }
        : { isGood: Number(received) > 0, seen: `${received} of 3 echoes` };
    },
    dependsOn: null,
  };
}
