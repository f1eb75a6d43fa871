import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { compose } from "../../core/text.ts";
import { fqdnOf, hostsOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { CA_FILE, CRL_FILE } from "../base/trust.ts";
import type { ClientContext, ClientWork, Command, FileContent, Measured } from "../role.ts";
import { dropIn, parsesAsPython, restart, running } from "../service.ts";
import { need, OWNER } from "./steps.ts";
import { AGENT_UNIT, PHP_UNIT, SERVER_UNIT } from "./units.ts";

/* What tells the supervision of a host: an agent on each, with a certificate of its own. */

const FILE = "/etc/zabbix/zabbix_agent2.conf";
/** What measures: programs, what each is told, and that the agent may run them. */
const [PROGRAMS, TOLD, SUDOERS] = [
  "/usr/local/lib/maquette/measure",
  "/etc/maquette/measure",
  "/etc/sudoers.d/maquette-measure",
] as const;
const [CERTIFICATE, KEY] = ["/etc/zabbix/maquette/agent.crt", "/etc/zabbix/maquette/agent.key"] as const;

/** The one that watches; of several hosts with the role the first. */
export const serverOf = (plan: Plan): Host | undefined => hostsOf(plan, "supervision")[0];

/** Those with an agent: all that run Debian behind the routers. No row leads to the scenery. */
export const watchedOf = (plan: Plan): readonly Host[] =>
  [...plan.hosts.values()].filter((host) => !host.isOutside && plan.images.get(host.image)!.os === "debian");

/** By which the server knows whose the words are. */
export const subjectOf = (plan: Plan, host: Host): string => `CN=${fqdnOf(plan, host)}`;

/** By which the agent knows what a program of ours measures. */
export const measureKey = (word: Measured["word"]): string => `maquette.${word}`;

const programOf = (word: Measured["word"]): string => `${PROGRAMS}/${word}.py`;
const toldTo = (word: Measured["word"]): string => `${TOLD}/${word}.json`;
/** As sudo compares it: nothing can be added. */
const measuring = (word: Measured["word"]): string => `/usr/bin/python3 -I ${programOf(word)} ${toldTo(word)}`;

const measureFiles = (measured: readonly Measured[], fill: ClientContext["fill"]): Record<string, FileContent> =>
  measured.length === 0
    ? {}
    : {
        ...Object.fromEntries(
          measured.flatMap(({ word, program, input }) => [
            [programOf(word), { content: program, mode: "0755" }],
            [toldTo(word), { content: compose(input, "\n"), mode: "0600" }],
          ]),
        ),
        [SUDOERS]: {
          content: fill("measure_sudoers", {
            user: OWNER,
            commands: measured.map(({ word }) => measuring(word)).join(", \\\n    "),
          }),
          mode: "0440",
        },
      };

const measureChecks = (measured: readonly Measured[]): readonly Command[] =>
  measured.length === 0
    ? []
    : [...measured.map(({ word }) => parsesAsPython(programOf(word))), { argv: ["visudo", "-cqf", `new:${SUDOERS}`] }];

export function agent({ plan, host, fill, asked }: ClientContext): ClientWork | null {
  const server = serverOf(plan);
  if (server === undefined || !watchedOf(plan).includes(host)) return null;
  const [label, name] = [`agent-${host.id}`, fqdnOf(plan, host)];
  const measured = asked.measured.filter((one) => one.host === host.id);
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
              // The agent takes what is said of a failure for a part of the figure, which would then be none.
              measures: measured
                .map(({ word }) => `UserParameter=${measureKey(word)},sudo -n ${measuring(word)} 2>/dev/null\n`)
                .join(""),
            }),
          },
          [dropIn(AGENT_UNIT)]: { content: fill("base/restart.conf", {}) },
          ...measureFiles(measured, fill),
        },
        check: [
          ...measureChecks(measured),
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
