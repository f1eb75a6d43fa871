import { overlap, shared } from "../core/intervals.ts";
import { parseNetwork, rangeOf, type Address, type AddressRange } from "../core/ip.ts";
import { addressesOf, routersOf } from "../plan/query.ts";
import type { Endpoint, Host, Plan, Service, ServiceTerm, Zone } from "../plan/types.ts";
import { FAMILIES, interval, makeBox, SLICES, type Box, type Interval, type Slice } from "./engine/index.ts";
import { EVERYWHERE, isWithin, makeRanges, meetOf, unite, without, type Ranges } from "./ranges.ts";

/*
 * What the names of the plan mean as sets of packets. An address is judged by what stands in the packet when the filter
 * sees it: the destination after port forwarding, the source before outbound NAT.
 */

/** The place where packets of the routers themselves begin; a zone's name everywhere else. */
export const SELF = "firewall";

/** One way into a router: a zone that it has a leg in, or itself. */
export interface Ingress {
  /** A zone's id, or {@link SELF}. */
  readonly id: string;
  readonly kind: Zone["kind"] | "self";
  /** Sources that the table grants a place here: the zone's subnet and the pools behind it; the internet on a WAN. */
  readonly enters: Ranges;
}

export interface PlanSpace {
  readonly plan: Plan;
  readonly firewall: Ranges;
  readonly internet: Ranges;
  /** The routers' legs in the order of their NICs, then the routers themselves. */
  readonly ingresses: readonly Ingress[];
}

const one = (a: Address): AddressRange => ({ family: a.family, lo: a.value, hi: a.value });

const allOf = (host: Host): Ranges => makeRanges(addressesOf(host).map(one));

const vipsOf = (plan: Plan): readonly AddressRange[] =>
  [...plan.zones.values()].flatMap((z) => (z.vip ? [one(z.vip.address)] : []));

/** The addresses that one router answers to: its own, and the VIPs (it may be the master of any). */
export const ownAddresses = (plan: Plan, router: Host): Ranges => unite(allOf(router), makeRanges(vipsOf(plan)));

/** Zones that the routers have a leg in. */
const legsOf = (plan: Plan): readonly Zone[] => {
  const ids = new Set(routersOf(plan).flatMap((r) => r.nics.map((nic) => nic.zone)));
  return [...ids].flatMap((id) => plan.zones.get(id) ?? []);
};

export function spaceOf(plan: Plan): PlanSpace {
  const routers = routersOf(plan);
  const firewall = makeRanges([...routers.flatMap((r) => [...allOf(r)]), ...vipsOf(plan)]);
  const zones = [...plan.zones.values()];
  const behind = zones.filter((z) => z.kind === "inside" || z.kind === "sync").map((z) => rangeOf(z.subnet));
  const pools = [...plan.pools.values()];
  const internet = without(EVERYWHERE, makeRanges([...behind, ...pools.map((p) => rangeOf(p.network))]));
  const ingresses = legsOf(plan).map((zone): Ingress => {
    const via = pools.filter((p) => plan.hosts.get(p.via)?.nics.some((nic) => nic.zone === zone.id));
    const inside = makeRanges([rangeOf(zone.subnet), ...via.map((p) => rangeOf(p.network))]);
    return { id: zone.id, kind: zone.kind, enters: zone.kind === "wan" ? internet : inside };
  });
  return { plan, firewall, internet, ingresses: [...ingresses, { id: SELF, kind: "self", enters: firewall }] };
}

/** The addresses of ends; names that the plan does not have mean nothing. */
export const rangesOf = (space: PlanSpace, ends: readonly Endpoint[]): Ranges =>
  unite(...ends.map((end) => rangesOfEnd(space, end)));

/** Whether an end is the routers' own addresses and nothing else, however it is named: `firewall`, `rtr-a`, a VIP. */
export function isFirewall(space: PlanSpace, end: Endpoint): boolean {
  const ranges = rangesOfEnd(space, end);
  return end.kind === "firewall" || (ranges.length > 0 && isWithin(ranges, space.firewall));
}

function rangesOfEnd(space: PlanSpace, end: Endpoint): Ranges {
  const { plan } = space;
  switch (end.kind) {
    case "any":
      return EVERYWHERE;
    case "internet":
      return space.internet;
    case "firewall":
      return space.firewall;
    case "zone": {
      const zone = plan.zones.get(end.zone);
      return zone ? [rangeOf(zone.subnet)] : [];
    }
    case "host": {
      const host = plan.hosts.get(end.host);
      return host ? allOf(host) : [];
    }
    case "pool": {
      const pool = plan.pools.get(end.pool);
      return pool ? [rangeOf(pool.network)] : [];
    }
    case "network":
      return [rangeOf(end.network)];
  }
}

/** One slice of packets with its last two dimensions. */
export interface Tail {
  readonly family: 4 | 6;
  readonly slice: Slice;
  readonly a: Interval;
  readonly b: Interval;
}

/** A term in both families; `icmp` is the family's own, and types are numbers of ICMP for IPv4 (RFC 792). */
export function tailsOfTerm(term: ServiceTerm): readonly Tail[] {
  return FAMILIES.flatMap((family): readonly Tail[] => {
    const tail = (slice: Slice, a?: Interval, b?: Interval): Tail => {
      const box = makeBox(family, slice, { ...(a ? { a } : {}), ...(b ? { b } : {}) });
      return { family, slice, a: box.a, b: box.b };
    };
    switch (term.protocol) {
      case "any":
        return SLICES.map((slice) => tail(slice));
      case "ip":
        return [tailOfProtocol(term.number, tail, family)];
      case "icmp":
        return term.types ? term.types.map((t) => tail("icmp", interval(icmpType(t, family)))) : [tail("icmp")];
      default:
        return term.ports.map((p) => tail(term.protocol, undefined, interval(p.lo, p.hi)));
    }
  });
}

function tailOfProtocol(number: number, tail: (slice: Slice, a?: Interval) => Tail, family: 4 | 6): Tail {
  if (number === 6) return tail("tcp");
  if (number === 17) return tail("udp");
  return number === (family === 4 ? 1 : 58) ? tail("icmp") : tail("other", interval(number));
}

// Echo is the one type that both families have and that tables name (RFC 792, RFC 4443).
const icmpType = (type: number, family: 4 | 6): number =>
  family === 4 ? type : type === 8 ? 128 : type === 0 ? 129 : type;

export const tailsOf = (space: PlanSpace, services: readonly string[]): readonly Tail[] =>
  services.flatMap((id) => tailsOfService(space.plan.services.get(id)));

export const tailsOfService = (service: Service | undefined): readonly Tail[] =>
  service?.terms.flatMap(tailsOfTerm) ?? [];

/** All packets from one set to another with one of the tails. */
export const boxesBetween = (from: Ranges, to: Ranges, tails: readonly Tail[]): readonly Box[] =>
  tails.flatMap(({ family, slice, a, b }) =>
    from
      .filter((r) => r.family === family)
      .flatMap((s) =>
        to
          .filter((r) => r.family === family)
          .map((d): Box => ({ family, slice, src: interval(s.lo, s.hi), dst: interval(d.lo, d.hi), a, b })),
      ),
  );

/** The part of boxes that comes from one set of addresses and goes to another. */
export function clip(boxes: readonly Box[], from: Ranges, to: Ranges = EVERYWHERE): readonly Box[] {
  const out: Box[] = [];
  for (const box of boxes) {
    const sources = sidesOf(box.family, box.src, from);
    if (sources.length === 0) continue;
    const targets = sidesOf(box.family, box.dst, to);
    for (const src of sources) {
      for (const dst of targets) out.push(src === box.src && dst === box.dst ? box : { ...box, src, dst });
    }
  }
  return out;
}

// What an interval and a set share; the interval itself where the set holds all of it.
function sidesOf(family: 4 | 6, i: Interval, set: Ranges): readonly Interval[] {
  const out: Interval[] = [];
  for (const r of set) if (r.family === family && overlap(i, r)) out.push(shared(i, r));
  return out;
}

const special = (...texts: readonly string[]): Ranges =>
  makeRanges(texts.map((text) => rangeOf(parseNetwork(text)!.network)));

/**
 * Addresses that no router forwards: RFC 6890 ("Forwardable: false"), multicast, and what is not assigned to hosts.
 * pfSense drops them by itself; a row that opens a zone to "any" does not mean them.
 */
const NEVER_FORWARDED: Ranges = special(
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/3",
  "::/8",
  "fe80::/10",
  "ff00::/8",
);

const MULTICAST = special("224.0.0.0/4", "ff00::/8");

/** Addresses that hosts may have. */
export const HOSTS_ANYWHERE = without(EVERYWHERE, NEVER_FORWARDED);

/**
 * The part of boxes that routers must let through at an ingress, because such packets do come. Left out: spoofed
 * sources, the routers' own addresses as sources (they go by their own leg), what stays inside one zone, port 0
 * (RFC 6335 §6: reserved), addresses that nobody forwards.
 */
export function sanePart(space: PlanSpace, ingress: Ingress, boxes: readonly Box[]): readonly Box[] {
  const ownLegs = ingress.kind === "sync" || ingress.kind === "self" ? [] : space.firewall;
  const from = without(meetOf(ingress.enters, HOSTS_ANYWHERE), ownLegs);
  const zone = space.plan.zones.get(ingress.id);
  const near = zone ? without([rangeOf(zone.subnet)], space.firewall) : [];
  // What the routers send themselves may be multicast: CARP's groups, say.
  const anywhere = ingress.kind === "self" ? unite(HOSTS_ANYWHERE, MULTICAST) : HOSTS_ANYWHERE;
  const to = without(anywhere, [...(ingress.kind === "sync" ? [] : near), ...broadcastsOf(space.plan)]);
  return clip(boxes, from, to).map(withoutPortZero);
}

// A network's own address and its directed broadcast are not forwarded (RFC 2644).
const broadcastsOf = (plan: Plan): Ranges =>
  makeRanges(
    [...plan.zones.values()].flatMap(({ subnet }) => {
      const { family, lo, hi } = rangeOf(subnet);
      return family === 4 && subnet.prefix <= 30 ? [lo, hi].map((v) => ({ family, lo: v, hi: v })) : [];
    }),
  );

function withoutPortZero(box: Box): Box {
  if (box.slice !== "tcp" && box.slice !== "udp") return box;
  const some = (i: Interval): Interval => (i.lo === 0n && i.hi > 0n ? { lo: 1n, hi: i.hi } : i);
  return { ...box, a: some(box.a), b: some(box.b) };
}
