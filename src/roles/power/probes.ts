import { z } from "zod";
import { formatAddress } from "../../core/ip.ts";
import { answeredBy, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { judged, pythonCommand } from "../program.ts";
import type { Command, Probe } from "../role.ts";
import HEARD from "./heard.py";
import { listenersOf, serverOf, stagesOf } from "./order.ts";
import { MONITOR_UNIT, SERVER_UNIT } from "./places.ts";
import { SERVICE } from "./server.ts";
import type { Settings } from "./settings.ts";

/* What a power supply behind a UPS owes: that somebody reads the UPS, and that everybody hears of it. */

/** upsmon tries again every five seconds. */
const HEARD_SECONDS = 20;

const heard = z.object({ status: z.string(), charge: z.number(), missing: z.array(z.string()) });

export function probes(plan: Plan, told: Settings): readonly Probe[] {
  const server = serverOf(plan);
  if (server === undefined || portOf(plan, SERVICE, "tcp") === undefined) return [];
  const needs = answeredBy(plan, `service:${SERVICE}`);
  const seat = listenersOf(plan)[0];
  return [
    onMains(plan, told, server, needs),
    ...(seat === undefined ? [] : [listening(plan, told, server, seat, needs)]),
  ];
}

/** @param isAll whether it is also asked who listens */
const heardCommand = (plan: Plan, told: Settings, isAll: boolean): Command =>
  pythonCommand(
    HEARD,
    JSON.stringify({
      port: portOf(plan, SERVICE, "tcp"),
      ups: told.ups,
      seconds: HEARD_SECONDS,
      stages: Object.fromEntries(
        (isAll ? stagesOf(plan) : []).map(({ name, hosts }) => [
          name,
          Object.fromEntries(hosts.map((host) => [formatAddress(host.nics[0]!.address), host.id])),
        ]),
      ),
    }),
  );

const isOnMains = (status: string): boolean => {
  const words = status.split(" ");
  return words.includes("OL") && !words.includes("LB") && !words.includes("FSD");
};

function onMains(plan: Plan, told: Settings, server: Host, needs: readonly string[]): Probe {
  return {
    id: "power-ups",
    needs,
    from: server.id,
    title: {
      en: `${server.id} reads the UPS: on mains, its battery above the limit of the orderly stop`,
      fr: `${server.id} lit l'onduleur : sur secteur, batterie au-dessus du seuil de l'arrêt ordonné`,
    },
    expected: `OL, a battery of ${told.lowPercent} % or more`,
    run: heardCommand(plan, told, false),
    judge: judged(heard, ({ status, charge }) => ({
      isGood: isOnMains(status) && charge >= told.lowPercent,
      seen: `${status}, ${charge} %`,
    })),
    dependsOn: { host: server.id, units: [`${SERVER_UNIT}.service`] },
  };
}

function listening(plan: Plan, told: Settings, server: Host, one: Host, needs: readonly string[]): Probe {
  const hosts = listenersOf(plan);
  return {
    id: "power-listening",
    needs,
    from: server.id,
    title: {
      en: `Each of ${hosts.length} hosts listens to the UPS, at its own place in the order of stopping`,
      fr: `Chacune des ${hosts.length} machines écoute l'onduleur, à sa place dans l'ordre d'arrêt`,
    },
    expected: `${hosts.length} hosts, in ${stagesOf(plan).length} places`,
    run: heardCommand(plan, told, true),
    judge: judged(heard, ({ missing }) => ({
      isGood: missing.length === 0,
      seen: missing.length === 0 ? `${hosts.length} hosts` : `not listening: ${missing.join(", ")}`,
    })),
    deadlineSeconds: HEARD_SECONDS + 20,
    isWaiting: true,
    dependsOn: { host: one.id, units: [`${MONITOR_UNIT}.service`] },
  };
}
