import { contains, formatAddress, parseAddress, type Address, type Network } from "../../../src/core/ip.ts";
import type { Endpoint, Flow, Plan, ServiceTerm, Zone } from "../../../src/plan/index.ts";

/** A first packet after port forwarding; ICMP has its type in `port`, other protocols than TCP, UDP and ICMP 0. */
export interface Wanted {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly port: number;
}

/**
 * The flow table, read as a person reads it, sharing nothing with the emitter: the first row that matches decides, and
 * nothing passes that no row allows.
 */
export class Table {
  readonly #plan: Plan;
  readonly #firewall: ReadonlySet<bigint>;
  readonly #internet = new Map<bigint, boolean>();

  constructor(plan: Plan) {
    this.#plan = plan;
    const routers = [...plan.hosts.values()].filter((h) => h.role === "router");
    const own = routers.flatMap((r) => r.nics.flatMap((n) => [n.address, ...n.aliases]));
    const vips = [...plan.zones.values()].flatMap((z) => (z.vip ? [z.vip.address] : []));
    this.#firewall = new Set([...own, ...vips].map((a) => a.value));
  }

  isFirewall(a: Address): boolean {
    return this.#firewall.has(a.value);
  }

  /** @param from a zone's id, or `self` for what a router sends */
  decide(from: string, p: Wanted): { readonly action: "pass" | "block" | "reject"; readonly flow: string } {
    if (from !== "self" && !this.#mayArrive(this.#plan.zones.get(from)!, p.src))
      return { action: "block", flow: "spoofed" };
    for (const f of this.#plan.flows) {
      if (!this.#isFrom(f, from, p.src) || !f.to.some((e) => this.isAt(e, p.dst))) continue;
      if (!f.services.some((s) => this.#plan.services.get(s)!.terms.some((t) => speaks(t, p)))) continue;
      return { action: f.action === "allow" ? "pass" : f.action === "deny" ? "block" : "reject", flow: f.id };
    }
    return { action: "block", flow: "none" };
  }

  /** Who may come in by a zone's interface: who lives there, who is routed behind it, and on a WAN all the Internet. */
  #mayArrive(zone: Zone, src: Address): boolean {
    if (zone.kind === "wan") return this.#isInternet(src);
    const pools = [...this.#plan.pools.values()].filter((p) => this.#plan.hosts.get(p.via)!.nics[0]!.zone === zone.id);
    return contains(zone.subnet, src) || pools.some((p) => contains(p.network, src));
  }

  /** What a router sends is said by rows from `firewall` or `any`; what arrives, by all the others. */
  #isFrom(f: Flow, from: string, src: Address): boolean {
    if (from === "self") {
      const isRouter = (id: string): boolean => this.#plan.hosts.get(id)!.role === "router";
      const isNamed = (e: Endpoint): boolean => e.kind === "host" && isRouter(e.host) && this.isAt(e, src);
      return f.from.some((e) => e.kind === "firewall" || e.kind === "any" || isNamed(e));
    }
    return f.from.some((e) => e.kind !== "firewall" && this.isAt(e, src));
  }

  #isInternet(a: Address): boolean {
    const known = this.#internet.get(a.value);
    if (known !== undefined) return known;
    const inside = [...this.#plan.zones.values()].filter((z) => z.kind === "inside" || z.kind === "sync");
    const networks = [...inside.map((z) => z.subnet), ...[...this.#plan.pools.values()].map((p) => p.network)];
    const isOutside = !networks.some((n) => contains(n, a));
    this.#internet.set(a.value, isOutside);
    return isOutside;
  }

  isAt(e: Endpoint, a: Address): boolean {
    switch (e.kind) {
      case "any":
        return true;
      case "internet":
        return this.#isInternet(a);
      case "firewall":
        return this.isFirewall(a);
      case "zone":
        return contains(this.#plan.zones.get(e.zone)!.subnet, a);
      case "pool":
        return contains(this.#plan.pools.get(e.pool)!.network, a);
      case "network":
        return contains(e.network, a);
      case "host":
        return this.#plan.hosts
          .get(e.host)!
          .nics.some((n) => [n.address, ...n.aliases].some((x) => x.value === a.value));
    }
  }
}

function speaks(t: ServiceTerm, p: Wanted): boolean {
  switch (t.protocol) {
    case "any":
      return true;
    case "tcp":
    case "udp":
      return p.protocol === (t.protocol === "tcp" ? 6 : 17) && t.ports.some((r) => r.lo <= p.port && p.port <= r.hi);
    case "icmp":
      return p.protocol === 1 && (t.types === null || t.types.includes(p.port));
    case "ip":
      return p.protocol === t.number;
  }
}

/**
 * An address for each kind that the plan tells apart: the edges of networks and ranges, their neighbours, every host, then
 * one of those that no row, zone or router distinguishes. Not a network's own address and broadcast, which a router keeps
 * to itself whatever its rules say.
 */
export function edges(plan: Plan): readonly Address[] {
  const zones = [...plan.zones.values()];
  const networks = [...zones.map((z) => z.subnet), ...[...plan.pools.values()].map((p) => p.network)];
  const last = (n: Network): bigint => n.base | ((1n << BigInt(32 - n.prefix)) - 1n);
  const own = [...plan.hosts.values()].flatMap((h) => h.nics.flatMap((n) => [n.address, ...n.aliases]));
  const vips = zones.flatMap((z) => (z.vip ? [z.vip.address] : []));
  const values = new Set<bigint>([...own, ...vips].map((a) => a.value));
  for (const n of networks) for (const v of [n.base - 1n, n.base + 1n, last(n) - 1n, last(n) + 1n]) values.add(v);
  for (const z of zones) if (z.dhcp) for (const v of [z.dhcp.range.lo, z.dhcp.range.hi]) values.add(v);
  values.add(parseAddress("8.8.8.8")!.value);
  for (const n of networks) for (const v of [n.base, last(n)]) values.delete(v);
  const table = new Table(plan);
  const ends = plan.flows.flatMap((f) => [...f.from, ...f.to]);
  const kinds = new Map<string, Address>();
  for (const value of values) {
    const a: Address = { family: 4, value };
    const own = table.isFirewall(a) ? formatAddress(a) : "";
    const kind = [own, ...networks.map((n) => contains(n, a)), ...ends.map((e) => table.isAt(e, a))].join();
    if (!kinds.has(kind)) kinds.set(kind, a);
  }
  return [...kinds.values()];
}

/** A protocol and port for each kind that the services tell apart. */
export function services(plan: Plan): readonly Pick<Wanted, "protocol" | "port">[] {
  const ports = new Set<number>([1, 65535]);
  const terms = [...plan.services.values()].flatMap((s) => s.terms);
  for (const t of terms)
    if (t.protocol === "tcp" || t.protocol === "udp")
      for (const r of t.ports) for (const p of [r.lo - 1, r.lo, r.hi, r.hi + 1]) if (p >= 1 && p <= 65535) ports.add(p);
  const all = [...ports].flatMap((port) => [6, 17].map((protocol) => ({ protocol, port })));
  all.push(...[0, 3, 8, 13].map((port) => ({ protocol: 1, port })));
  all.push(...[2, 47, 50, 89, 240, 253].map((protocol) => ({ protocol, port: 0 })));
  const nowhere: Address = { family: 4, value: 0n };
  const kindOf = (s: Pick<Wanted, "protocol" | "port">): string =>
    [s.protocol, ...terms.map((t) => speaks(t, { src: nowhere, dst: nowhere, ...s }))].join();
  return [...new Map(all.map((s) => [kindOf(s), s])).values()];
}
