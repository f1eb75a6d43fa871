import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import type { ClientContext, ClientWork } from "../role.ts";
import type { Settled } from "../settings.ts";
import { dropIn, portFor, restart, running } from "../service.ts";
import { listenersOf, serverOf, stageName } from "./order.ts";
import { MONITOR_UNIT, OFF_UNIT } from "./places.ts";
import { passwordLabel, SERVICE } from "./server.ts";
import type { settings } from "./settings.ts";

/*
 * Who listens to the UPS: upsmon, which holds its connection until everything else of the host has ended. By that the
 * server knows when the next hosts may stop.
 */

const NOTIFY = "/usr/local/lib/maquette/power_notify.sh";
const unit = (name: string): string => `/etc/systemd/system/${name}`;
const [PATH, SERVICE_UNIT] = [`${OFF_UNIT}.path`, `${OFF_UNIT}.service`] as const;
/** There when the host is to stop; gone with power. */
const ASKED = "/run/nut/maquette-stop";

export function listens({
  plan,
  host,
  fill,
  settings: { ups },
}: ClientContext & Settled<typeof settings>): ClientWork | null {
  const server = serverOf(plan);
  if (server === undefined || !listenersOf(plan).includes(host)) return null;
  const values = {
    ups,
    stage: stageName(host.startOrder),
    address: formatAddress(server.nics[0]!.address),
    port: String(portFor("Who listens to the UPS", plan, SERVICE)),
    user: host.id,
    password: secret("password", passwordLabel(host)),
    notify: NOTIFY,
  };
  return {
    steps: [
      {
        kind: "files",
        name: "stop on a low battery",
        files: {
          "/etc/nut/nut.conf": { content: fill("nut.conf", { mode: "netclient" }), owner: "root:nut", mode: "0640" },
          "/etc/nut/upsmon.conf": { content: fill("upsmon-client.conf", values), owner: "root:nut", mode: "0640" },
          [NOTIFY]: { content: fill("notify.sh", { asked: ASKED }), mode: "0755" },
          [unit(PATH)]: { content: fill(PATH, { asked: ASKED, unit: SERVICE_UNIT }) },
          [unit(SERVICE_UNIT)]: { content: fill(SERVICE_UNIT, {}) },
          [dropIn(MONITOR_UNIT)]: { content: fill("nut-monitor.conf", {}) },
        },
        check: [{ argv: ["sh", "-n", `new:${NOTIFY}`] }],
        verify: [{ argv: ["systemd-analyze", "verify", "--man=no", unit(PATH), unit(SERVICE_UNIT)] }],
        reload: restart(MONITOR_UNIT),
        probe: { argv: ["systemctl", "is-active", "--quiet", MONITOR_UNIT] },
      },
      running(MONITOR_UNIT),
      { kind: "units", name: "stop on a low battery, waiting", units: [PATH], state: "running" },
    ],
    needs: [{ what: "listens to the UPS", services: [SERVICE], to: { kind: "host", host: server.id } }],
  };
}
