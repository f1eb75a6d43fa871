import { intersect } from "../../core/intervals.ts";
import type { PortMatch } from "../../plan/index.ts";
import { partOf } from "./alias-book.ts";
import { isEmpty, ofNetwork } from "./ranges.ts";
import type { Leg, Site } from "./site.ts";

const holds = (ports: readonly PortMatch[], port: number): boolean => ports.some((p) => p.lo <= port && port <= p.hi);

/**
 * Whether a row lets somebody in a leg's zone ask the routers for a service of UDP. What is allowed altogether counts for a
 * router that stands alone: an imported table says no more of its services.
 */
export function asksRouters(site: Site, leg: Leg, port: number): boolean {
  return site.plan.flows.some((f) => {
    const isThere = f.from.some((e) => {
      const part = partOf(site, e);
      return e.kind === "any" || (part !== null && !isEmpty(intersect(part.ranges, [ofNetwork(leg.zone.subnet)])));
    });
    const isAsked = f.services.some((id) =>
      site.plan.services
        .get(id)!
        .terms.some((t) => (t.protocol === "udp" ? holds(t.ports, port) : t.protocol === "any" && site.pair === null)),
    );
    return f.action === "allow" && isThere && isAsked && f.to.some((e) => e.kind === "firewall" || e.kind === "any");
  });
}
