import { Fault } from "../../core/fault.ts";
import { fqdnOf } from "../../plan/query.ts";
import type { Plan, Service } from "../../plan/types.ts";
import type { Asked, ClientContext, ClientWork, RoleContext, RoleWork, Step } from "../role.ts";
import { watchedAt } from "../service.ts";
import { defineRole, type Settled } from "../settings.ts";
import { keeping, reached } from "./keeper.ts";
import { keptClients } from "./kept.ts";
import { logClients, logProbes, logSink, TLS } from "./log.ts";
import { keeperOf, STATE } from "./places.ts";
import { backupProbes } from "./probes.ts";
import { settings } from "./settings.ts";

const UDP = "syslog";
/** Each minute it is looked whether all is as young as it should be; longer than one set takes, something is wrong. */
const LATE_SECONDS = 900;

/** Whoever takes the others' logs, and their data. */
export const backup = defineRole({
  id: "backup",
  settings,
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: ["python3", "restic"],
  clientPackages: ["rsyslog", "rsyslog-openssl"],
  templates: [
    ...["receive.conf", "rsyslog-forward.conf", "rsyslog-sink.conf", "rsyslog.conf", "tmpfiles.conf"],
    ...["backup.py", "backup_sysusers.conf", "backup_tmpfiles.conf", "ssh_config"],
    ...["maquette-backup.service", "maquette-backup.timer", "maquette-backup.path"],
    ...["kept.py", "kept_sshd.conf", "kept_sudoers", "kept_sysusers.conf"],
  ],
  neighbours: [TLS],
  work,
  clients,
  asks,
  probes: (plan, told, asked) => [...logProbes(plan), ...backupProbes(plan, told, asked)],
  manual: "docs/roles/backup.md",
});

type Context = RoleContext & Settled<typeof settings>;

/** Of several hosts with this role one takes both. */
function work(context: Context): RoleWork {
  const { plan, host, asked } = context;
  const isKeeper = keeperOf(plan) === host && asked.kept.length > 0;
  return {
    needs: isKeeper ? reached(asked) : [],
    steps: [
      { kind: "packages", name: "packages", packages: backup.packages },
      ...(logSink(plan)?.host === host ? sink(context) : []),
      ...(isKeeper ? keeping(context) : []),
    ],
  };
}

function clients(context: ClientContext): ClientWork | null {
  const [logs, kept] = [logClients(context), keptClients(context)];
  if (logs === null || kept === null) return logs ?? kept;
  return { ...logs, ...kept, steps: [...logs.steps, ...kept.steps] };
}

function asks(plan: Plan): Partial<Asked> {
  const host = keeperOf(plan);
  const work = { name: "Sauvegarde", done: `${STATE}/done`, seconds: LATE_SECONDS, failed: `${STATE}/failed` };
  return {
    watched: watchedAt(plan, "backup", [TLS]),
    recurring: host === undefined ? [] : [{ host: host.id, ...work }],
  };
}

function sink({ plan, host, fill, settings: { logDays } }: Context): readonly Step[] {
  const peers = [...plan.hosts.values()].filter(
    (h) => h !== host && !h.isOutside && plan.images.get(h.image)!.os === "debian",
  );
  const [receive, tmpfiles] = ["/etc/rsyslog.d/50-receive.conf", "/etc/tmpfiles.d/maquette-hosts.conf"];
  const text = fill("receive.conf", {
    peers: peers.map((h) => JSON.stringify(fqdnOf(plan, h))).join(", "),
    tls: portOf(plan, TLS),
    udp: portOf(plan, UDP),
  });
  return [
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
  ];
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
