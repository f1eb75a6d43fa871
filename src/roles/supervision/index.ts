import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { compose, jsonText } from "../../core/text.ts";
import type { Plan } from "../../plan/types.ts";
import { CA_FILE, CRL_FILE } from "../base/trust.ts";
import { asksDirectory, controllersOf } from "../dc/directory.ts";
import type { Asked, Command, Need, RoleContext, RoleDefinition, RoleWork, Step } from "../role.ts";
import { dropIn, keptAt, listens, parsesAsPython, restart, running, watchedAt, serverCertificate } from "../service.ts";
import { agent, serverOf } from "./agents.ts";
import { postOf } from "./alerts.ts";
import { heardOf } from "./carp.ts";
import { triersOf } from "./people.ts";
import { probes } from "./probes.ts";
import { AGAIN_SECONDS, ECHO, routersBeside, SNMP } from "./routers.ts";
import { ACCOUNT, CERTIFICATE, DATABASE, KEY, need, OWNER } from "./steps.ts";
import { DATABASE_UNIT, PHP_UNIT, POSTGRESQL, SERVER_UNIT } from "./units.ts";
import { wantedOf } from "./wanted.ts";
import { web, WEB_PACKAGES, WEB_TEMPLATES } from "./web.ts";

const CLUSTER = `/etc/postgresql/${POSTGRESQL}/main`;
const DATABASE_PROGRAM = "/usr/local/lib/maquette/supervision_database.sh";
const PROGRAM = "/usr/local/lib/maquette/supervision.py";
const WANTED = "/etc/maquette/supervision/wanted.json";
/** One each of the server's processes that ask, and of the web's workers, with some to spare. */
const CONNECTIONS = 48;
const BUFFERS_MIB = 48;
/** To GnuTLS, which Debian's server has; agents have OpenSSL. */
const CIPHERS = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

/** Zabbix on PostgreSQL: what it watches, who comes in and as what follows from the plan. */
export const supervision: RoleDefinition = {
  id: "supervision",
  machine: { memoryMiB: 2048, diskGiB: 20 },
  packages: ["postgresql", "zabbix-server-pgsql", "fping", "locales", "python3", ...WEB_PACKAGES],
  templates: [
    ...[
      "postgresql.conf",
      "pg_hba.conf",
      "pg_ident.conf",
      "database.sh",
      "zabbix_server.conf",
      "server.conf",
      "supervision.py",
      "agent.conf",
      "measure_sudoers",
    ],
    ...WEB_TEMPLATES,
  ],
  // Of the servers beside it: what their agents tell.
  neighbours: ["zabbix-trapper"],
  work,
  clients: agent,
  clientPackages: ["zabbix-agent2"],
  asks,
  probes,
  manual: "docs/roles/supervision.md",
};

/** Its account in the directory; acceptance's people where it tries who may come in. */
function asks(plan: Plan): Partial<Asked> {
  const triers = probes(plan).length > 0 ? triersOf(plan) : undefined;
  return {
    accounts: [ACCOUNT],
    watched: watchedAt(plan, "supervision", ["https"], ["https"]),
    measured: heardOf(plan),
    // Of several hosts with this role one watches.
    kept: keptAt(plan, "supervision", {
      paths: [],
      dump: [[DATABASE_PROGRAM, "dump"]],
      units: [SERVER_UNIT, PHP_UNIT],
      load: [[DATABASE_PROGRAM, "load"]],
    }).slice(0, 1),
    people:
      triers === undefined ? [] : [triers.administrator, triers.other, triers.closed].flatMap((p) => p?.login ?? []),
  };
}

function work(context: RoleContext): RoleWork {
  const { plan, host, fill, asked } = context;
  const post = postOf(plan);
  // Of several hosts with this role one watches.
  if (serverOf(plan) !== host) return { steps: [] };
  const program = (verb: string): Command => ({ argv: ["python3", "-I", PROGRAM, verb, WANTED] });
  return {
    certificates: {
      [label(host.id)]: serverCertificate(plan, host),
    },
    after: controllersOf(plan).map((dc) => dc.id),
    needs: [
      ...asksDirectory(plan, "asks the directory who may come in"),
      ...routersBeside(plan, host).flatMap(({ router }) => {
        const to = { kind: "host", host: router.id } as const;
        const bySnmp: Need = { what: "asks routers how they are", services: [SNMP], to };
        const byPing: Need = { what: "asks whether routers are there", services: [ECHO], to };
        return plan.services.has(SNMP) ? [byPing, bySnmp] : [byPing];
      }),
      ...(post === undefined
        ? []
        : [{ what: "tells problems by mail", services: ["smtp"], to: { kind: "host", host: post.id } } as const]),
    ],
    steps: [
      { kind: "packages", name: "packages", packages: supervision.packages },
      ...database(context),
      {
        kind: "files",
        name: "certificate",
        files: {
          [CERTIFICATE]: { content: [secret("vault-certificate", label(host.id)), "\n"], mode: "0644" },
          [KEY]: { content: [secret("vault-key", label(host.id)), "\n"], owner: `root:${OWNER}`, mode: "0640" },
        },
        check: [{ argv: ["openssl", "x509", "-noout", "-in", `new:${CERTIFICATE}`] }],
        // Who has it is started below, or has it already and takes the new one.
        reload: [{ argv: ["systemctl", "try-restart", SERVER_UNIT, "nginx"] }],
      },
      server(context),
      running(SERVER_UNIT),
      ...web(context),
      {
        kind: "files",
        name: "what is watched",
        files: {
          [PROGRAM]: { content: fill("supervision.py", {}), mode: "0755" },
          [WANTED]: { content: compose(jsonText(wantedOf(plan, host, asked), 2), "\n") },
        },
        check: [parsesAsPython(PROGRAM)],
      },
      {
        kind: "command",
        name: "Zabbix has what the plan says",
        unless: program("check"),
        run: program("apply"),
        deadlineSeconds: 120,
      },
    ],
  };
}

const label = (host: string): string => `supervision-${host}`;

/** PostgreSQL, for this host alone, and Zabbix' tables in it. */
function database({ fill }: RoleContext): readonly Step[] {
  const names = { database: DATABASE, owner: OWNER };
  const postgres = { owner: "postgres:postgres", mode: "0640" } as const;
  return [
    {
      kind: "files",
      name: "database",
      files: {
        [`${CLUSTER}/conf.d/maquette.conf`]: {
          content: fill("postgresql.conf", { connections: String(CONNECTIONS), buffersMiB: String(BUFFERS_MIB) }),
        },
        [`${CLUSTER}/pg_hba.conf`]: { content: fill("pg_hba.conf", names), ...postgres },
        [`${CLUSTER}/pg_ident.conf`]: { content: fill("pg_ident.conf", { owner: OWNER }), ...postgres },
        [dropIn(DATABASE_UNIT)]: { content: fill("base/restart.conf", {}) },
        [DATABASE_PROGRAM]: { content: fill("database.sh", names), mode: "0755" },
      },
      check: [{ argv: ["sh", "-n", `new:${DATABASE_PROGRAM}`] }],
      reload: restart(DATABASE_UNIT),
      probe: { argv: ["runuser", "-u", "postgres", "--", "pg_isready", "-q"] },
    },
    running(DATABASE_UNIT),
    {
      kind: "command",
      name: "Zabbix' tables",
      unless: { argv: [DATABASE_PROGRAM, "check"] },
      run: { argv: [DATABASE_PROGRAM, "make"] },
      deadlineSeconds: 300,
    },
  ];
}

/** What asks and is told, judges, and tells. */
function server({ plan, host, fill }: RoleContext): Step {
  const [port, file] = [need(plan, "zabbix-trapper"), "/etc/zabbix/zabbix_server.conf"];
  return {
    kind: "files",
    name: "server",
    files: {
      [file]: {
        content: fill("zabbix_server.conf", {
          againSeconds: String(AGAIN_SECONDS),
          database: DATABASE,
          owner: OWNER,
          port: String(port),
          addresses: `127.0.0.1,${formatAddress(host.nics[0]!.address)}`,
          authority: CA_FILE,
          revoked: CRL_FILE,
          certificate: CERTIFICATE,
          key: KEY,
          ciphers: CIPHERS,
        }),
        owner: `root:${OWNER}`,
        mode: "0640",
      },
      [dropIn(SERVER_UNIT)]: { content: fill("server.conf", {}) },
    },
    check: [{ argv: ["zabbix_server", "-T", "-c", `new:${file}`] }],
    reload: restart(SERVER_UNIT),
    probe: listens(port),
  };
}
