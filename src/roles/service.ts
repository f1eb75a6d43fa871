import { Fault } from "../core/fault.ts";
import { fqdnOf, hostsOf, portOf } from "../plan/query.ts";
import type { Host, Plan, Service } from "../plan/types.ts";
import type { Command, KeptSet, Measured, Step, WatchedService } from "./role.ts";
import type { CertificateRequest } from "./seed.ts";

/* What the steps of roles have in common that run services. */

export const dropIn = (unit: string): string => `/etc/systemd/system/${unit}.service.d/maquette.conf`;

export const reload = (unit: string): readonly Command[] => [
  { argv: ["systemctl", "daemon-reload"] },
  { argv: ["systemctl", "reload-or-restart", unit] },
];

export const restart = (unit: string): readonly Command[] => [
  { argv: ["systemctl", "daemon-reload"] },
  { argv: ["systemctl", "restart", unit] },
];

export const listens = (port: number): Command => ({ argv: ["sh", "-c", `ss -Hltn sport = :${port} | grep -q .`] });

export const running = (id: string): Step => ({ kind: "units", name: `${id}, running`, units: [id], state: "running" });

/** Of Python, whether what is about to take its place can be read. */
export const parsesAsPython = (file: string): Command => ({ argv: ["python3", "-I", "-c", PARSES, `new:${file}`] });

const PARSES = "import ast, sys; ast.parse(open(sys.argv[1]).read())";

/**
 * The TCP port of a service.
 * @param who begins the sentence: `The mail server`
 * @throws Fault ROLE_NO_SERVICE where the plan does not say the port
 */
export function portFor(who: string, plan: Plan, service: Service["id"]): number {
  const port = portOf(plan, service, "tcp");
  if (port === undefined)
    throw new Fault(
      "ROLE_NO_SERVICE",
      `${who} needs the port of the service ${service}, which the plan does not name.`,
      "Add it to services.yaml, as the lab's has it.",
    );
  return port;
}

/** Of a host's own service, under its own name unless others are given. */
export const serverCertificate = (
  plan: Plan,
  host: Host,
  names: readonly string[] = [fqdnOf(plan, host)],
): CertificateRequest => ({
  commonName: fqdnOf(plan, host),
  names,
  usage: "server",
  days: plan.authority.certificateDays,
});

/**
 * What each host of a role gives by TCP, as far as the plan names it.
 * @param shown of these the ones that begin with TLS; of one certificate one is enough
 */
export const watchedAt = (
  plan: Plan,
  role: string,
  services: readonly Service["id"][],
  shown: readonly Service["id"][] = [],
): readonly WatchedService[] =>
  hostsOf(plan, role).flatMap((host) =>
    services
      .filter((id) => portOf(plan, id, "tcp") !== undefined)
      .map((service) => ({ host: host.id, service, isTls: shown.includes(service) })),
  );

/** The same figure of each host of a role. */
export const measuredAt = (plan: Plan, role: string, what: Omit<Measured, "host">): readonly Measured[] =>
  hostsOf(plan, role).map((host) => ({ host: host.id, ...what }));

/** What each host of a role holds that no `up` makes again. */
export const keptAt = (plan: Plan, role: string, what: Omit<KeptSet, "host" | "role">): readonly KeptSet[] =>
  hostsOf(plan, role).map((host) => ({ host: host.id, role, ...what }));
