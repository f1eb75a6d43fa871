import { Fault } from "../../core/fault.ts";
import { portOf } from "../../plan/query.ts";
import type { Plan, Service } from "../../plan/types.ts";
import type { Command, RoleContext, Step } from "../role.ts";
import type { Settled } from "../settings.ts";
import type { settings } from "./settings.ts";

/* What the steps of mail have in common. */

export type Context = RoleContext & Settled<typeof settings>;

/** One for all that people come to by TLS. */
export const [CERTIFICATE, KEY] = ["/etc/maquette/mail/mail.crt", "/etc/maquette/mail/mail.key"] as const;

export const dropIn = (unit: string): string => `/etc/systemd/system/${unit}.service.d/maquette.conf`;

export const reload = (unit: string): readonly Command[] => [
  { argv: ["systemctl", "daemon-reload"] },
  { argv: ["systemctl", "reload-or-restart", unit] },
];

export const listens = (port: number): Command => ({ argv: ["sh", "-c", `ss -Hltn sport = :${port} | grep -q .`] });

export const running = (id: string): Step => ({ kind: "units", name: `${id}, running`, units: [id], state: "running" });

/** @throws Fault ROLE_NO_SERVICE where the plan does not say the port */
export function need(plan: Plan, service: Service["id"]): number {
  const port = portOf(plan, service, "tcp");
  if (port === undefined)
    throw new Fault(
      "ROLE_NO_SERVICE",
      `The mail server needs the port of the service ${service}, which the plan does not name.`,
      "Add it to services.yaml, as the lab's has it.",
    );
  return port;
}
