import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { fqdnOf, hostsOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { CA_FILE, CRL_FILE } from "../base/trust.ts";
import type { ClientContext, ClientWork } from "../role.ts";
import { dropIn, restart, running } from "../service.ts";
import { need, OWNER } from "./steps.ts";
import { AGENT_UNIT, PHP_UNIT, SERVER_UNIT } from "./units.ts";

/* What tells the supervision of a host: an agent on each, with a certificate of its own. */

const FILE = "/etc/zabbix/zabbix_agent2.conf";
const [CERTIFICATE, KEY] = ["/etc/zabbix/maquette/agent.crt", "/etc/zabbix/maquette/agent.key"] as const;

/** The one that watches; of several hosts with the role the first. */
export const serverOf = (plan: Plan): Host | undefined => hostsOf(plan, "supervision")[0];

/** Those with an agent: all that run Debian behind the routers. No row leads to the scenery. */
export const watchedOf = (plan: Plan): readonly Host[] =>
  [...plan.hosts.values()].filter((host) => !host.isOutside && plan.images.get(host.image)!.os === "debian");

/** By which the server knows whose the words are. */
export const subjectOf = (plan: Plan, host: Host): string => `CN=${fqdnOf(plan, host)}`;

export function agent({ plan, host, fill }: ClientContext): ClientWork | null {
  const server = serverOf(plan);
  if (server === undefined || !watchedOf(plan).includes(host)) return null;
  const [label, name] = [`agent-${host.id}`, fqdnOf(plan, host)];
  const own = server === host ? [SERVER_UNIT, PHP_UNIT] : [];
  return {
    certificates: {
      [label]: { commonName: name, names: [name], usage: "client", days: plan.authority.certificateDays },
    },
    steps: [
      {
        kind: "files",
        name: "agent of the supervision",
        files: {
          [CERTIFICATE]: { content: [secret("vault-certificate", label), "\n"], mode: "0644" },
          [KEY]: { content: [secret("vault-key", label), "\n"], owner: `root:${OWNER}`, mode: "0640" },
          [FILE]: {
            content: fill("agent.conf", {
              host: host.id,
              address: formatAddress(server.nics[0]!.address),
              port: String(need(plan, "zabbix-trapper")),
              authority: CA_FILE,
              revoked: CRL_FILE,
              certificate: CERTIFICATE,
              key: KEY,
              server: fqdnOf(plan, server),
            }),
          },
          [dropIn(AGENT_UNIT)]: { content: fill("base/restart.conf", {}) },
        },
        check: [
          { argv: ["openssl", "x509", "-noout", "-in", `new:${CERTIFICATE}`] },
          { argv: ["zabbix_agent2", "-T", "-c", `new:${FILE}`] },
        ],
        reload: restart(AGENT_UNIT),
        probe: { argv: ["systemctl", "is-active", "--quiet", AGENT_UNIT] },
      },
      running(AGENT_UNIT),
    ],
    // Who reads the revocation list when it starts.
    onRevocation: [{ argv: ["systemctl", "try-restart", AGENT_UNIT, ...own] }],
    needs:
      server === host
        ? []
        : [
            {
              what: "reports to the supervision",
              services: ["zabbix-trapper"],
              to: { kind: "host", host: server.id },
            },
          ],
  };
}
