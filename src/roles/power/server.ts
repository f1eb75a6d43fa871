import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { compose, jsonText } from "../../core/text.ts";
import type { Host } from "../../plan/types.ts";
import { AGENT_UNIT } from "../supervision/units.ts";
import type { RoleContext, Step } from "../role.ts";
import { dropIn, listens, parsesAsPython, portFor, restart, running } from "../service.ts";
import type { Settled } from "../settings.ts";
import { listenersOf, stagesOf } from "./order.ts";
import { MONITOR_UNIT, ON_MAINS, TELLER, SERVER_UNIT, STATE, STOP_PROGRAM, STOP_UNIT, STOPS } from "./places.ts";
import { SIMULATED, type settings } from "./settings.ts";

/*
 * Who reads the UPS and tells the others: NUT's driver and server, beside the UPS itself a place each in the order of
 * stopping, and the program that tells one place after the other.
 */

/** Of the plan's services. */
export const SERVICE = "nut";

const PLACE = "/etc/nut/maquette-place.dev";
const TOLD = "/etc/maquette/power.json";
const OWN = { owner: "root:nut", mode: "0640" } as const;
const AGENT = "/etc/zabbix/zabbix_agent2.d/maquette-ups.conf";
/** Of Debian's nut-server: makes a driver's unit for each section of ups.conf, and takes away those that have none. */
const ENUMERATOR = "nut-driver-enumerator";
const TELLER_PASSWORD = "power/server";

export const passwordLabel = (host: Host): string => `power/${host.id}`;

const driverUnit = (ups: string): string => `nut-driver@${ups}.service`;

export function serving({ plan, host, fill, settings: told }: RoleContext & Settled<typeof settings>): readonly Step[] {
  const port = portFor("The UPS' server", plan, SERVICE);
  const stages = stagesOf(plan);
  const isOurs = told.driver === SIMULATED && told.port === "auto";
  const [tmpfiles, unit] = ["/etc/tmpfiles.d/maquette-power.conf", `/etc/systemd/system/${STOP_UNIT}.service`];
  const users = listenersOf(plan).map((listener) =>
    fill("user.conf", { user: listener.id, password: secret("password", passwordLabel(listener)) }),
  );
  const drivers = [told.ups, ...stages.map((stage) => stage.name)].map(driverUnit);
  return [
    // It would start, restart and end drivers as soon as their file is another, while the step below does; there it is asked.
    { kind: "units", name: "NUT's watch over its file, off", units: [`${ENUMERATOR}.path`], state: "masked" },
    {
      kind: "files",
      name: "UPS",
      files: {
        "/etc/nut/nut.conf": { content: fill("nut.conf", { mode: "netserver" }), ...OWN },
        [PLACE]: { content: fill("place.dev", {}), mode: "0644" },
        [ON_MAINS]: { content: fill("mains.dev", {}), mode: "0644" },
        [tmpfiles]: { content: fill("power_tmpfiles.conf", { state: STATE, mains: ON_MAINS }) },
        "/etc/nut/ups.conf": {
          content: fill("ups.conf", {
            ups: told.ups,
            driver: told.driver,
            port: isOurs ? STATE : told.port,
            percent: String(told.lowPercent),
            seconds: String(told.lowSeconds),
            stages: stages
              .map(({ name, hosts }) =>
                fill("stage.conf", {
                  name,
                  port: PLACE,
                  hosts: hosts.map((h) => h.id).join(", "),
                }),
              )
              .join("\n"),
          }),
          ...OWN,
        },
        "/etc/systemd/system/nut-driver@.service.d/maquette.conf": { content: fill("nut-driver.conf", {}) },
      },
      reload: [
        { argv: ["systemd-tmpfiles", "--create", tmpfiles] },
        { argv: ["systemctl", "daemon-reload"] },
        // Ends the drivers of places that are no more, too.
        { argv: ["systemctl", "restart", `${ENUMERATOR}.service`] },
        { argv: ["systemctl", "restart", ...drivers] },
      ],
    },
    { kind: "units", name: "drivers, running", units: drivers, state: "running" },
    {
      kind: "files",
      name: "UPS' server",
      files: {
        "/etc/nut/upsd.conf": {
          content: fill("upsd.conf", { address: formatAddress(host.nics[0]!.address), port: String(port) }),
          ...OWN,
        },
        "/etc/nut/upsd.users": {
          content: compose(
            fill("upsd.users", { user: TELLER, password: secret("password", TELLER_PASSWORD) }),
            ...users,
          ),
          ...OWN,
        },
        [dropIn(SERVER_UNIT)]: { content: fill("base/restart.conf", {}) },
      },
      reload: restart(SERVER_UNIT),
      probe: listens(port),
    },
    running(SERVER_UNIT),
    {
      kind: "files",
      name: "stop in its order",
      files: {
        [STOP_PROGRAM]: { content: fill("stop.py", { stops: STOPS }), mode: "0755" },
        [TOLD]: {
          content: compose(
            jsonText(
              {
                port,
                user: TELLER,
                password: secret("password", TELLER_PASSWORD),
                stageSeconds: told.stageSeconds,
                stages: stages.map(({ name, hosts }) => ({
                  name,
                  hosts: Object.fromEntries(hosts.map((h) => [formatAddress(h.nics[0]!.address), h.id])),
                })),
              },
              2,
            ),
            "\n",
          ),
        },
        [unit]: { content: fill("maquette-power-stop.service", { program: STOP_PROGRAM, told: TOLD }) },
        "/etc/nut/upsmon.conf": {
          content: fill("upsmon-server.conf", {
            ups: told.ups,
            port: String(port),
            user: TELLER,
            password: secret("password", TELLER_PASSWORD),
            unit: STOP_UNIT,
          }),
          ...OWN,
        },
        [dropIn(MONITOR_UNIT)]: { content: fill("base/restart.conf", {}) },
      },
      check: [parsesAsPython(STOP_PROGRAM)],
      verify: [{ argv: ["systemd-analyze", "verify", "--man=no", unit] }],
      reload: restart(MONITOR_UNIT),
      probe: { argv: ["systemctl", "is-active", "--quiet", MONITOR_UNIT] },
    },
    running(MONITOR_UNIT),
    {
      kind: "files",
      name: "what the supervision is told of the UPS",
      files: { [AGENT]: { content: fill("agent-ups.conf", { ups: told.ups, port: String(port) }) } },
      reload: [{ argv: ["systemctl", "try-restart", AGENT_UNIT] }],
    },
  ];
}
