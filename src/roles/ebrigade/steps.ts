import type { Plan, Service } from "../../plan/types.ts";
import type { RoleContext } from "../role.ts";
import { portFor } from "../service.ts";
import type { Settled } from "../settings.ts";
import type { settings } from "./settings.ts";

/* What the steps of eBrigade have in common. */

export type Context = RoleContext & Settled<typeof settings>;

/** By which the directory is asked. */
export const ACCOUNT = "ebrigade";

export const WEB_UNIT = "apache2";

/** @throws Fault ROLE_NO_SERVICE where the plan does not say the port */
export const need = (plan: Plan, service: Service["id"]): number => portFor("eBrigade", plan, service);
