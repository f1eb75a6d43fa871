import type { Plan, Service } from "../../plan/types.ts";
import { portFor } from "../service.ts";

/* What the steps of supervision have in common. */

/** By which the directory is asked. */
export const ACCOUNT = "supervision";

/** Whose the database is: the server's user, as Debian names it. */
export const OWNER = "zabbix";
export const DATABASE = "zabbix";

/** One for the web and for the agents. */
export const [CERTIFICATE, KEY] = [
  "/etc/maquette/supervision/supervision.crt",
  "/etc/maquette/supervision/supervision.key",
] as const;

/** @throws Fault ROLE_NO_SERVICE where the plan does not say the port */
export const need = (plan: Plan, service: Service["id"]): number => portFor("The supervision", plan, service);
