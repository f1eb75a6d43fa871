import { formatAddress, type Address } from "../../core/ip.ts";
import type { Diagnostic } from "../../core/diagnostics.ts";
import type { Endpoint, Host, Plan, ServiceTerm } from "../../plan/index.ts";
import { partOf } from "./alias-book.ts";
import { KEA_PORT } from "./dhcp.ts";
import { contains, ofAddress } from "./ranges.ts";
import { forwardersOf } from "./resolver.ts";
import { hostsOf } from "../../plan/query.ts";
import { addressOn, legOf, siteOf, type Site } from "./site.ts";

/** A packet that something in config.xml sends or waits for. */
interface Need {
  readonly what: string;
  /** Null is the firewall itself. */
  readonly from: Address | null;
  readonly to: Address;
  readonly protocol: "tcp" | "udp" | "icmp" | number;
  /** Port, or ICMP type; unused for other protocols. */
  readonly port: number;
}

const ALL_IGMP_ROUTERS: Address = { family: 4, value: 0xe0000016n };

/**
 * What the routers' own services need and no row of the flow table allows: the file is written all the same, and the
 * service would fail quietly. A warning each, `PFSENSE_EMIT_NEED`.
 * @throws Fault as `emitConfig`
 */
export function unmetNeeds(plan: Plan): readonly Diagnostic[] {
  const site = siteOf(plan);
  return needsOf(site)
    .filter((n) => !isAllowed(site, n))
    .map((n): Diagnostic => {
      const from = n.from === null ? "firewall" : formatAddress(n.from);
      const service = typeof n.protocol === "number" ? `IP protocol ${n.protocol}` : `${n.protocol} ${n.port}`;
      const fact = `${n.what} needs ${service} from ${from} to ${formatAddress(n.to)}, which no row allows`;
      const hint = "Add a row to the flow table, or the service will fail quietly.";
      return { code: "PFSENSE_EMIT_NEED", severity: "warning", path: "flows", fact, hint };
    });
}

function needsOf(site: Site): readonly Need[] {
  const { plan, pair } = site;
  const between = (what: string, protocol: Need["protocol"], port: number): readonly Need[] => {
    if (pair === null) return [];
    const [from, to] = [addressOn(pair.primary, pair.sync), addressOn(pair.secondary, pair.sync)];
    return [
      { what, from: null, to, protocol, port },
      { what, from, to, protocol, port },
    ];
  };
  const toEach = (what: string, hosts: readonly Host[], protocol: "tcp" | "udp", port: number): readonly Need[] =>
    hosts.map((h) => ({ what, from: null, to: h.nics[0]!.address, protocol, port }));
  const hasDhcp = site.legs.some((l) => l.zone.dhcp !== null);
  const supervision = hostsOf(site.plan, "supervision").slice(0, 1);
  const dcs = hostsOf(site.plan, "dc");
  const hasVips = site.legs.some((l) => l.zone.vip !== null);
  const servers = plan.domain.dns.filter((a) => !contains(site.firewall, ofAddress(a)));
  return [
    ...between("pfsync", 240, 0),
    ...between("XMLRPC synchronisation", "tcp", 443),
    ...(hasDhcp ? between("DHCP's hot standby (Kea)", "tcp", KEA_PORT) : []),
    ...(hasVips
      ? [{ what: "CARP on a switch that snoops (IGMP)", from: null, to: ALL_IGMP_ROUTERS, protocol: 2, port: 0 }]
      : []),
    ...site.wans.flatMap(({ zone }): readonly Need[] => {
      const to = zone.wan?.monitor ?? zone.gateway;
      return to === null ? [] : [{ what: `monitoring of ${zone.id}`, from: null, to, protocol: "icmp", port: 8 }];
    }),
    ...servers.map((to) => ({
      what: "names of the domain",
      from: null,
      to,
      protocol: "udp" as const,
      port: 53,
    })),
    ...forwardersOf(site).map((to) => ({ what: "names", from: null, to, protocol: "udp" as const, port: 53 })),
    ...toEach("AD authentication", dcs, "tcp", 636),
    ...toEach("the remote log", hostsOf(site.plan, "backup").slice(0, 1), "udp", 514),
    ...supervision.flatMap((h): readonly Need[] => {
      const leg = legOf(site, h);
      const { address } = h.nics[0]!;
      if (!leg) return [];
      return site.routers.map((r) => ({
        what: "SNMP",
        from: address,
        to: addressOn(r, leg),
        protocol: "udp",
        port: 161,
      }));
    }),
  ];
}

/** The first row that matches, as the emitted rules will have it. */
function isAllowed(site: Site, need: Need): boolean {
  const isAt = (e: Endpoint, a: Address): boolean => {
    if (e.kind === "any") return true;
    if (e.kind === "internet") return !contains(site.inside, ofAddress(a));
    return contains(partOf(site, e)?.ranges ?? [], ofAddress(a));
  };
  const { from } = need;
  const row = site.plan.flows.find((f) => {
    const isFrom = f.from.some((e) =>
      from === null ? e.kind === "firewall" || e.kind === "any" : e.kind !== "firewall" && isAt(e, from),
    );
    const terms = f.services.flatMap((id) => site.plan.services.get(id)!.terms);
    return isFrom && f.to.some((e) => isAt(e, need.to)) && terms.some((t) => speaks(t, need));
  });
  return row?.action === "allow";
}

function speaks(t: ServiceTerm, need: Need): boolean {
  switch (t.protocol) {
    case "any":
      return true;
    case "tcp":
    case "udp":
      return need.protocol === t.protocol && t.ports.some((p) => p.lo <= need.port && need.port <= p.hi);
    case "icmp":
      return need.protocol === "icmp" && (t.types === null || t.types.includes(need.port));
    case "ip":
      return need.protocol === t.number;
  }
}
