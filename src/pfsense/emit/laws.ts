import { formatAddress, formatNetwork } from "../../core/ip.ts";
import type { Endpoint, Plan } from "../../plan/index.ts";
import { refuse } from "./fault.ts";

/** The routers speak IPv4 only: `ipv6allow` is not written, and pfSense then blocks IPv6 before any rule. */
export function checkFamily(plan: Plan): void {
  const say = (what: string): never =>
    refuse(
      "PFSENSE_EMIT_IPV6",
      `${what} is IPv6, which the routers block.`,
      "Leave it out, or give it an IPv4 address.",
    );
  for (const z of plan.zones.values()) if (z.subnet.family === 6) say(`${formatNetwork(z.subnet)} of zone ${z.id}`);
  for (const p of plan.pools.values()) if (p.network.family === 6) say(`${formatNetwork(p.network)} of pool ${p.id}`);
  for (const h of plan.hosts.values())
    for (const n of h.nics)
      for (const a of [n.address, ...n.aliases]) if (a.family === 6) say(`${formatAddress(a)} of host ${h.id}`);
  for (const f of plan.flows) {
    const isOther = (e: Endpoint): boolean => e.kind === "network" && e.network.family === 6;
    if ([...f.from, ...f.to].some(isOther)) say(`An end of row ${f.id}`);
  }
}

/**
 * pfSense evaluates floating rules, which hold sections 1 to 3, before those of interfaces, which hold 4 to 6: a table
 * that mixes them would be another one once loaded.
 */
export function checkOrder(plan: Plan): void {
  for (const [i, f] of plan.flows.entries()) {
    const before = plan.flows[i - 1];
    if (!before || before.section <= f.section) continue;
    const message = `Row ${f.id} of section ${f.section} stands after ${before.id} of section ${before.section}.`;
    refuse("PFSENSE_EMIT_ORDER", message, "Put the rows in the order of their sections (DAT-NT-006).");
  }
}
