import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { fqdnOf, hostsOf, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { CA_FILE, CRL_FILE } from "../base/trust.ts";
import ARRIVED from "./arrived.py";
import { pythonCommand } from "../program.ts";
import { BASE, type ClientContext, type ClientWork, type Probe } from "../role.ts";

export const TLS = "syslog-tls";

/** The host that takes everybody's logs, and the port on which it takes them; null where the plan has none. */
export function logSink(plan: Plan): { readonly host: Host; readonly port: number } | null {
  // Of several hosts with this role one takes the logs.
  const [host] = hostsOf(plan, "backup");
  const port = portOf(plan, TLS, "tcp");
  return host === undefined || port === undefined ? null : { host, port };
}

/** Label of the certificate by which a host's log is known: its own, because a service's may be for other names. */
const logCertificate = (host: Host): string => `log-${host.id}`;

/** The journal of every host but the scenery, to which no row leads, carried to the sink over TLS. */
export function logClients({ plan, host, fill }: ClientContext): ClientWork | null {
  const sink = logSink(plan);
  if (sink === null || host.isOutside) return null;
  const isSink = sink.host === host;
  const forward = isSink
    ? fill("rsyslog-sink.conf", { name: fqdnOf(plan, host) })
    : fill("rsyslog-forward.conf", {
        address: formatAddress(sink.host.nics[0]!.address),
        port: String(sink.port),
        name: fqdnOf(plan, sink.host),
      });
  const [file, label, name] = ["/etc/rsyslog.conf", logCertificate(host), fqdnOf(plan, host)];
  const days = plan.authority.certificateDays;
  return {
    certificates: { [label]: { commonName: name, names: [name], usage: isSink ? "server" : "client", days } },
    steps: [
      {
        kind: "files",
        name: "forwarding of logs",
        files: {
          "/etc/rsyslog.d/tls/host.crt": { content: [secret("vault-certificate", label), "\n"], mode: "0644" },
          "/etc/rsyslog.d/tls/host.key": { content: [secret("vault-key", label), "\n"], mode: "0600" },
          [file]: { content: fill("rsyslog.conf", { authority: CA_FILE, revoked: CRL_FILE, forward }) },
        },
        check: [{ argv: ["openssl", "x509", "-noout", "-in", "new:/etc/rsyslog.d/tls/host.crt"] }],
        verify: [{ argv: ["rsyslogd", "-N1"] }],
        reload: [{ argv: ["systemctl", "restart", "rsyslog"] }],
        probe: { argv: ["systemctl", "is-active", "--quiet", "rsyslog"] },
      },
      { kind: "units", name: "forwarding of logs, running", units: ["rsyslog"], state: "running" },
    ],
    // A listener reads the list when it starts, and what is connected already would stay.
    onRevocation: [{ argv: ["systemctl", "try-restart", "rsyslog"] }],
    needs: isSink
      ? []
      : [{ what: "sends its log to the sink", services: [TLS], to: { kind: "host", host: sink.host.id } }],
  };
}

const TAG = "maquette-accept";
/** A connection that nobody answers any more is given up after 13 s (templates/base/sysctl.conf). */
const AGAIN_SECONDS = 16;
const ARRIVES_SECONDS = 30;

/**
 * A line now, and one later: what was written into a connection that both routers have forgotten is lost with it, and only
 * what comes after says whether the log flows.
 */
const LINES = `logger -t ${TAG} "asked by acceptance"; systemd-run -q --on-active=${AGAIN_SECONDS} --timer-property=AccuracySec=1s logger -t ${TAG} "asked by acceptance, again"`;

/** A line written on every host that forwards its log is read at the sink. */
export function logProbes(plan: Plan): readonly Probe[] {
  const sink = logSink(plan);
  if (sink === null) return [];
  const hosts = [...plan.hosts.values()].filter((h) => !h.isOutside && plan.images.get(h.image)!.os === "debian");
  return [
    {
      id: "base-logs",
      needs: [BASE],
      from: sink.host.id,
      title: {
        en: `A log line of each of ${hosts.length} hosts arrives at ${sink.host.id}`,
        fr: `Une ligne de journal de chacune des ${hosts.length} machines arrive sur ${sink.host.id}`,
      },
      expected: `${hosts.length} lines within ${ARRIVES_SECONDS} s`,
      before: hosts.map((host) => ({ on: host.id, run: { argv: ["sh", "-c", LINES] } })),
      run: pythonCommand(
        ARRIVED,
        JSON.stringify({
          folder: "/var/log/hosts",
          hosts: hosts.map((h) => fqdnOf(plan, h)),
          tag: TAG,
          seconds: ARRIVES_SECONDS,
        }),
      ),
      judge: ({ exitCode, stdout, stderr }) => {
        if (exitCode === 0) return { isGood: true, seen: `${hosts.length} lines` };
        const missing = stdout.trim();
        return { isGood: false, seen: missing === "" ? stderr.trim().split("\n").at(-1)! : `none of ${missing}` };
      },
      deadlineSeconds: ARRIVES_SECONDS + 15,
      isWaiting: true,
      dependsOn: { host: sink.host.id, units: ["rsyslog", "syslog.socket"] },
    },
  ];
}
