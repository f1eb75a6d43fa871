import type { Host, Plan } from "../../plan/types.ts";

export const fqdnOf = (plan: Plan, host: Host): string => `${host.id}.${plan.domain.name}`;

/** The host that takes everybody's logs, and the port on which it takes them; null where the plan has none. */
export function logSink(plan: Plan): { readonly host: Host; readonly port: number } | null {
  const host = [...plan.hosts.values()].find((h) => h.role === "backup");
  const term = plan.services.get("syslog-tls")?.terms[0];
  return host === undefined || term?.protocol !== "tcp" ? null : { host, port: term.ports[0]!.lo };
}

/** Label of the certificate by which a host's log is known: its own, because a service's may be for other names. */
export const logCertificate = (host: Host): string => `log-${host.id}`;
