import { Fault } from "../../core/fault.ts";

/** Why a plan has no config.xml: what a flow table or an addressing may say and pfSense, as it is written here, cannot. */
export const EMIT_CODES = {
  PFSENSE_EMIT_ROUTERS: "There are not exactly two routers, nor the one of a site.",
  PFSENSE_EMIT_NOT_ROUTER: "The host is not a router of the plan.",
  PFSENSE_EMIT_NO_WAN: "The routers have no leg on a WAN.",
  PFSENSE_EMIT_SYNC: "The routers have no leg, or several, in zones of kind sync.",
  PFSENSE_EMIT_GATEWAY: "A WAN with a shared address has no gateway.",
  PFSENSE_EMIT_IPV6: "An address of the plan is IPv6; the routers block it altogether.",
  PFSENSE_EMIT_ORDER: "A row of the flow table stands after one of a later section.",
  PFSENSE_EMIT_NAMES: "Two zones would give interfaces one name.",
  PFSENSE_EMIT_DEVICES: "The material names fewer devices than the router has NICs, or one twice.",
} as const;

export type EmitCode = keyof typeof EMIT_CODES;

/** @throws always: a Fault of this room */
export function refuse(code: EmitCode, message: string, hint: string): never {
  throw new Fault(code, message, hint);
}
