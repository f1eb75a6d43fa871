import type { Plan, Service } from "../../plan/types.ts";
import type { RoleContext } from "../role.ts";
import { portFor } from "../service.ts";
import type { Settled } from "../settings.ts";
import type { settings } from "./settings.ts";

/* What the steps of mail have in common. */

export type Context = RoleContext & Settled<typeof settings>;

/** One for all that people come to by TLS. */
export const [CERTIFICATE, KEY] = ["/etc/maquette/mail/mail.crt", "/etc/maquette/mail/mail.key"] as const;

/** @throws Fault ROLE_NO_SERVICE where the plan does not say the port */
export const need = (plan: Plan, service: Service["id"]): number => portFor("The mail server", plan, service);
