import { Fault } from "../../core/fault.ts";
import { fqdnOf } from "../../plan/query.ts";
import type { Plan, Service } from "../../plan/types.ts";
import type { RoleContext, RoleWork } from "../role.ts";
import { watchedAt } from "../service.ts";
import { defineRole, type Settled } from "../settings.ts";
import { logClients, logProbes, logSink, TLS } from "./log.ts";
import { settings } from "./settings.ts";

const UDP = "syslog";

/** The log sink; backups are not written yet. */
export const backup = defineRole({
  id: "backup",
  settings,
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: [],
  clientPackages: ["rsyslog", "rsyslog-openssl"],
  templates: ["receive.conf", "rsyslog-forward.conf", "rsyslog-sink.conf", "rsyslog.conf", "tmpfiles.conf"],
  neighbours: [TLS],
  work,
  clients: logClients,
  asks: (plan) => ({ watched: watchedAt(plan, "backup", [TLS]) }),
  probes: logProbes,
  manual: "docs/roles/backup.md",
});

function work({ plan, host, fill, settings: { logDays } }: RoleContext & Settled<typeof settings>): RoleWork {
  // Of several hosts with this role one takes the logs.
  if (logSink(plan)?.host !== host) return { steps: [] };
  const peers = [...plan.hosts.values()].filter(
    (h) => h !== host && !h.isOutside && plan.images.get(h.image)!.os === "debian",
  );
  const [receive, tmpfiles] = ["/etc/rsyslog.d/50-receive.conf", "/etc/tmpfiles.d/maquette-hosts.conf"];
  const text = fill("receive.conf", {
    peers: peers.map((h) => JSON.stringify(fqdnOf(plan, h))).join(", "),
    tls: portOf(plan, TLS),
    udp: portOf(plan, UDP),
  });
  return {
    steps: [
      {
        kind: "files",
        name: "place for logs",
        files: { [tmpfiles]: { content: fill("tmpfiles.conf", { days: String(logDays) }) } },
        reload: [{ argv: ["systemd-tmpfiles", "--create", tmpfiles] }],
      },
      {
        kind: "files",
        name: "log sink",
        files: { [receive]: { content: text } },
        verify: [{ argv: ["rsyslogd", "-N1"] }],
        reload: [{ argv: ["systemctl", "restart", "rsyslog"] }],
        probe: { argv: ["sh", "-c", `ss -Hltn sport = :${portOf(plan, TLS)} | grep -q .`] },
      },
    ],
  };
}

/** @throws Fault ROLE_NO_SERVICE where the plan does not say the port */
function portOf(plan: Plan, service: Service["id"]): string {
  const term = plan.services.get(service)?.terms.find((t) => t.protocol === "tcp" || t.protocol === "udp");
  if (term === undefined || !("ports" in term))
    throw new Fault(
      "ROLE_NO_SERVICE",
      `The log sink needs the port of the service ${service}, which the plan does not name.`,
      "Add it to services.yaml, as the lab's has it.",
    );
  return String(term.ports[0]!.lo);
}
