import { jsonText } from "../../core/text.ts";
import { fqdnOf, hostsOf, portOf, seatOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import { pythonCommand } from "../program.ts";
import type { Blackout } from "../role.ts";
import { settingsOf } from "../settings.ts";
import { alertsOf } from "../supervision/alerts.ts";
import { serverOf as supervisionOf } from "../supervision/agents.ts";
import { triersOf } from "../supervision/people.ts";
import TOLD from "../supervision/told.py";
import CLEAN from "./clean.py";
import { serverOf, stagesOf } from "./order.ts";
import { MONITOR_UNIT, OFF_UNIT, STOPS, STOP_UNIT } from "./places.ts";
import { probes } from "./probes.ts";
import { settings, SIMULATED } from "./settings.ts";
import { MAINS_LOST } from "./values.ts";

/* What rehearsing a blackout takes: who stops when, what the UPS says meanwhile, and how it is seen who was told. */

const PATIENCE_SECONDS = 15;

const state = (charge: number, runtime: number, status: string): string =>
  `battery.charge: ${charge}\nbattery.runtime: ${runtime}\nups.load: 35\nups.status: ${status}\n`;

/** Or in words what the plan lacks. */
export function blackoutOf(plan: Plan): Blackout | string {
  const [server, supervision] = [serverOf(plan), supervisionOf(plan)];
  const [post] = hostsOf(plan, "mail");
  const [seat, who, alerts] = [seatOf(plan), triersOf(plan)?.administrator, alertsOf(plan)];
  if (server === undefined) return "a host with the role power";
  const told = settingsOf(plan, { id: "power", settings });
  if (told.driver !== SIMULATED || told.port !== "auto") return "a UPS that is simulated";
  if (!supervision || !post || !seat || !who || alerts === null)
    return "a supervision that tells an administrator of acceptance by mail, and a workstation";
  const [https, imaps] = [portOf(plan, "https", "tcp"), portOf(plan, "imaps", "tcp")];
  if (https === undefined || imaps === undefined) return "the services https and imaps";
  const { problem, recovery } = alerts.subjects;
  const subject = (words: string): string => words.replace("{EVENT.NAME}", MAINS_LOST);
  return {
    server: server.id,
    stages: stagesOf(plan).map(({ hosts }) => ({ hosts: hosts.map((h) => h.id) })),
    stageSeconds: told.stageSeconds,
    seat: seat.id,
    probes: probes(plan, told),
    onMains: state(100, 3600, "OL"),
    onBattery: state(told.lowPercent + 50 > 99 ? 99 : told.lowPercent + 50, told.lowSeconds * 4, "OB DISCHRG"),
    // The UPS itself says nothing of low: the limit is the plan's.
    low: state(told.lowPercent - 1, told.lowSeconds * 2, "OB DISCHRG"),
    told: (words) =>
      pythonCommand(
        TOLD,
        jsonText({
          name: fqdnOf(plan, supervision),
          port: https,
          wait: PATIENCE_SECONDS,
          login: { login: who.login, password: personPassword(who) },
          post: { name: fqdnOf(plan, post), port: imaps },
          subjects: { problem: subject(problem), recovery: subject(recovery) },
          problem: MAINS_LOST,
          ...words,
        }),
      ),
    clean: (host) =>
      pythonCommand(
        CLEAN,
        JSON.stringify({
          began: host === server.id ? [`${STOP_UNIT}.service`, STOPS] : [`${OFF_UNIT}.service`, "Starting "],
          // It is the last that systemd stops, and by it the server knows.
          ended: [`${MONITOR_UNIT}.service`, "Stopped "],
        }),
      ),
  };
}
