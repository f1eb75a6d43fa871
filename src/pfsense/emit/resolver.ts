import { formatAddress, type Address, type Network } from "../../core/ip.ts";
import type { Plan } from "../../plan/index.ts";
import { asksRouters } from "./asks.ts";
import { vipOf } from "./network.ts";
import { contains, ofAddress, ofNetwork } from "./ranges.ts";
import { hostsOf } from "../../plan/query.ts";
import { type Leg, type Site } from "./site.ts";
import { branch, flag, flagIf, leaf, type Xml } from "./xml.ts";

/**
 * `unbound`: the routers' own resolver. Names of the domain and of inside addresses go to the domain controllers, the rest
 * to the forwarders; no DNSSEC, since neither `.test` nor a simulated Internet is signed. It listens on loopback, and on
 * the VIP of each zone that the flow table lets ask a router for DNS.
 */
export function unboundSection(site: Site): Xml {
  const { domain } = site.plan;
  const isShared = (l: Leg): boolean => l.zone.vip !== null;
  const asked = site.legs.filter(
    (l) => l.zone.kind === "inside" && (isShared(l) || site.pair === null) && asksRouters(site, l, DNS_PORT),
  );
  // A router that is the domain's own server has nobody to ask.
  const controllers = domain.dns.filter((a) => !contains(site.firewall, ofAddress(a))).map(formatAddress);
  const overridden = [domain.name, ...reverseZones(site.plan)];
  const known = [...hostsOf(site.plan, "dc"), ...site.routers];
  return branch(
    "unbound",
    flag("enable"),
    leaf("port", ""),
    leaf("active_interface", ["lo0", ...asked.map((l) => (isShared(l) ? vipOf(l) : l.key))].join(",")),
    leaf("outgoing_interface", "all"),
    flagIf(forwardersOf(site).length > 0, "forwarding"),
    leaf("system_domain_local_zone_type", "transparent"),
    leaf("custom_options", ""),
    flag("hideidentity"),
    flag("hideversion"),
    // The DCs' names answer though both are down, so that a login fails for the right reason.
    ...known.map((h) => {
      const inside = h.nics.find((n) => site.plan.zones.get(n.zone)?.kind === "inside") ?? h.nics[0]!;
      return branch(
        "hosts",
        leaf("host", h.id),
        leaf("domain", domain.name),
        leaf("ip", formatAddress(inside.address)),
        leaf("descr", h.description),
        leaf("aliases", ""),
      );
    }),
    ...overridden.flatMap((zone) =>
      controllers.map((ip) => branch("domainoverrides", leaf("domain", zone), leaf("ip", ip), leaf("descr", ""))),
    ),
  );
}

/** Resolvers outside; an import says by loopback that there are none, and unbound then resolves by itself. */
export const forwardersOf = (site: Site): readonly Address[] =>
  site.plan.domain.forwarders.filter((a) => !contains([ofNetwork(LOOPBACK)], ofAddress(a)));

const LOOPBACK: Network = { family: 4, base: 0x7f000000n, prefix: 8 };

const DNS_PORT = 53;

/**
 * The zones of in-addr.arpa (RFC 1035 §3.5) that cover the inside networks, at whole octets: a /24 is one, a /20 sixteen, a
 * /26 the /24 around it.
 */
function reverseZones(plan: Plan): readonly string[] {
  const inside = [...plan.zones.values()].filter((z) => z.kind === "inside").map((z) => z.subnet);
  const networks = [...inside, ...[...plan.pools.values()].map((p) => p.network)];
  return [...new Set(networks.flatMap(reverseOf))];
}

function reverseOf(n: Network): readonly string[] {
  const octets = Math.min(3, Math.max(1, Math.ceil(n.prefix / 8)));
  const shift = BigInt(32 - octets * 8);
  const count = n.prefix >= octets * 8 ? 1 : 1 << (octets * 8 - n.prefix);
  return Array.from({ length: count }, (_, i) => {
    const value = (n.base >> shift) + BigInt(i);
    const labels = Array.from({ length: octets }, (_, k) => ((value >> BigInt(8 * k)) & 255n).toString());
    return `${labels.join(".")}.in-addr.arpa`;
  });
}
