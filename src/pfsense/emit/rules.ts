import { descriptionOf } from "./labels.ts";
import { intersect, isSame, type Intervals } from "../../core/intervals.ts";
import type { Endpoint, Flow } from "../../plan/index.ts";
import { ANY, partOf, SELF, type AliasBook, type End, type Part } from "./alias-book.ts";
import { matchesOf, type Match } from "./matches.ts";
import { complement, EVERYTHING, isEmpty, ofNetwork, union } from "./ranges.ts";
import { arrivals, poolsBehind, type Leg, type Site } from "./site.ts";

/** A rule of `filter` before its aliases have names and its key a tracker. */
export interface RuleDraft {
  /** Row, side, place and part: unique, and the same wherever the row stands. */
  readonly key: string;
  readonly flow: string | null;
  readonly description: string;
  readonly type: "pass" | "block" | "reject" | "match";
  readonly interfaces: readonly string[];
  /** Floating rules are evaluated before those of interfaces; these are `quick` unless of type match. */
  readonly floating: "in" | "out" | null;
  readonly source: End;
  readonly destination: End;
  readonly match: Match;
  /** Key of the port alias, or a literal `443` or `10000-20000`; null is every port. */
  readonly port: { readonly alias: string } | { readonly literal: string } | null;
  readonly isLogged: boolean;
  readonly gateway: string | null;
  readonly tag: string | null;
  readonly tagged: string | null;
  readonly queue: string | null;
}

/**
 * What a forwarded packet carries from the rule that let it in to the rules on its way out. After outbound NAT its source is
 * a WAN's VIP, which is one of the firewall's own addresses: without the tag, rules about what the firewall sends would
 * meet it too.
 */
const FORWARDED = "FORWARDED";
/** Gateway group of the WANs. */
export const WAN_GROUP = "WANS";

const ANY_MATCH: Match = {
  part: "any",
  protocol: null,
  ports: null,
  icmpTypes: null,
  services: [],
  hasOptions: false,
};

/** A rule of no row, with what most of them have. */
export const plainRule = (rule: Pick<RuleDraft, "key" | "description" | "type"> & Partial<RuleDraft>): RuleDraft => ({
  flow: null,
  interfaces: [],
  floating: null,
  source: ANY,
  destination: ANY,
  match: ANY_MATCH,
  port: null,
  isLogged: false,
  gateway: null,
  tag: null,
  tagged: null,
  queue: null,
  ...rule,
});

/**
 * The flow table as pf rules, in the order in which pf meets them: floating, then interface by interface.
 *
 * A row has two sides. What arrives by an interface is judged on the way in, each interface knowing only the sources that
 * can be behind it; sections 1 to 3 in floating rules, 4 to 6 in the interface's. What the firewall itself sends
 * has no way in and is judged on the way out.
 */
export function rulesOf(site: Site, book: AliasBook): readonly RuleDraft[] {
  const all = site.legs.map((l) => l.key);
  const { flows } = site.plan;
  const isFloating = (f: Flow): boolean => f.section <= 3;
  const ins = flows.filter(isFloating).flatMap((f) => floatingIn(site, book, f));
  const outs = flows.flatMap((f) => selfOut(site, book, f));
  const forwarded = plainRule({
    key: "forwarded/out",
    description: "Forwarded traffic, judged on its way in",
    type: "pass",
    interfaces: all,
    floating: "out",
    tagged: FORWARDED,
  });
  const nothingElse = { description: "What no row allows", type: "block", isLogged: true } as const;
  const end = plainRule({ ...nothingElse, key: "end/out", interfaces: all, floating: "out", source: SELF });
  const own = site.legs.flatMap((leg) => [
    ...flows.filter((f) => !isFloating(f)).flatMap((f) => arriving(site, book, f, leg)),
    ...(flows.some(closes) ? [] : [plainRule({ ...nothingElse, key: `end/in/${leg.zone.id}`, interfaces: [leg.key] })]),
  ]);
  return [forwarded, ...ins, ...outs, ...(flows.some(closes) ? [] : [end]), ...own];
}

/** A row that refuses whatever is left, wherever it claims to come from. */
const closes = (f: Flow): boolean =>
  f.action === "deny" &&
  f.from.some((e) => e.kind === "any") &&
  f.to.some((e) => e.kind === "any") &&
  f.services.includes("any");

/** A row of sections 1 to 3 as floating rules: one for all interfaces where it is the same on all, else one each. */
function floatingIn(site: Site, book: AliasBook, flow: Flow): readonly RuleDraft[] {
  if (flow.action === "deny" && flow.from.some((e) => e.kind === "any")) {
    const interfaces = site.legs.map((l) => l.key);
    return rulesFor(site, book, flow, { side: "in", floating: "in", interfaces, source: ANY, leg: null });
  }
  return site.legs.flatMap((leg) => arriving(site, book, flow, leg));
}

/** A row on one interface; nothing where none of its sources can be behind it. */
function arriving(site: Site, book: AliasBook, flow: Flow, leg: Leg): readonly RuleDraft[] {
  const source = sourceOn(site, book, flow, leg);
  if (source === null) return [];
  const floating = flow.section <= 3 ? "in" : null;
  return rulesFor(site, book, flow, { side: `in/${leg.zone.id}`, floating, interfaces: [leg.key], source, leg });
}

function sourceOn(site: Site, book: AliasBook, flow: Flow, leg: Leg): End | null {
  const here = arrivals(site, leg);
  const isAny = flow.from.some((e) => e.kind === "any");
  // A silent refusal may as well take what claims to come from elsewhere; an answer to it would go to a stranger.
  if (isAny && flow.action === "deny") return ANY;
  const parts: Part[] = [];
  if (isAny) parts.push(...everythingBehind(site, leg));
  for (const e of flow.from) {
    // What the firewall sends does not arrive; `any` and `internet` are no parts.
    const part = e.kind === "firewall" ? null : partOf(site, e);
    if (part && !isEmpty(intersect(part.ranges, here))) parts.push(part);
  }
  const isOutside = leg.zone.kind === "wan" && flow.from.some((e) => e.kind === "any" || e.kind === "internet");
  const set = union(intersect(union(...parts.map((p) => p.ranges)), here), isOutside ? complement(site.inside) : []);
  return isEmpty(set) ? null : book.addresses(set, distinct(parts));
}

const distinct = (parts: readonly Part[]): readonly Part[] => [...new Map(parts.map((p) => [p.word, p])).values()];

function everythingBehind(site: Site, leg: Leg): readonly Part[] {
  if (leg.zone.kind === "wan") return [];
  const zone: Endpoint = { kind: "zone", zone: leg.zone.id };
  const pools = poolsBehind(site, leg).map((p): Endpoint => ({ kind: "pool", pool: p.id }));
  return [zone, ...pools].flatMap((e) => partOf(site, e) ?? []);
}

/**
 * What a row says about the firewall's own packets: rows whose source is `firewall`, `any`, a router or addresses that are
 * all a router's. A zone or a wider network as a source means who lives there; that a router has a leg in it gives the
 * router none of their rights.
 */
function selfOut(site: Site, book: AliasBook, flow: Flow): readonly RuleDraft[] {
  const isRouters = (e: Endpoint): boolean => {
    if (e.kind === "host") return site.routers.some((r) => r.id === e.host);
    return e.kind === "network" && isEmpty(intersect([ofNetwork(e.network)], complement(site.firewall)));
  };
  const isSelf = flow.from.some((e) => e.kind === "firewall" || e.kind === "any");
  const routers = flow.from.filter(isRouters);
  if (!isSelf && routers.length === 0) return [];
  const parts = routers.flatMap((e) => partOf(site, e) ?? []);
  const source = isSelf ? SELF : book.addresses(union(...parts.map((p) => p.ranges)), parts);
  const interfaces = site.legs.map((l) => l.key);
  return rulesFor(site, book, flow, { side: "out", floating: "out", interfaces, source, leg: null });
}

interface Situation {
  readonly side: string;
  readonly floating: "in" | "out" | null;
  readonly interfaces: readonly string[];
  readonly source: End;
  /** The interface by which it arrives; null where the rule is for all, or for what the firewall sends. */
  readonly leg: Leg | null;
}

function rulesFor(site: Site, book: AliasBook, flow: Flow, s: Situation): readonly RuleDraft[] {
  const type = flow.action === "allow" ? "pass" : flow.action === "deny" ? "block" : "reject";
  const isForwarding = type === "pass" && s.floating !== "out";
  // Alone, a router may be what a row to anywhere means, on a WAN's address too: a gateway would send it past itself.
  const isRouted = site.pair !== null && isForwarding && s.leg !== null && s.leg.zone.kind !== "wan";
  const destinations = destinationsOf(site, book, flow, isRouted);
  return destinations.flatMap((d) =>
    matchesOf(site.plan, flow.services).map((match) => ({
      key: [flow.id, s.side, d.part, match.part].filter((x) => x !== "").join("/"),
      flow: flow.id,
      description: descriptionOf(flow),
      type,
      interfaces: s.interfaces,
      floating: s.floating,
      source: s.source,
      destination: d.end,
      match,
      port: portOf(book, match),
      isLogged: flow.isLogged,
      gateway: d.gateway,
      tag: isForwarding ? FORWARDED : null,
      tagged: null,
      queue: null,
    })),
  );
}

interface Destination {
  /** Stable part of the key; empty where there is one destination. */
  readonly part: string;
  readonly end: End;
  readonly gateway: string | null;
}

/**
 * A row's destinations as one end; as two where a part of them is the Internet and the packet comes from inside: only
 * that part is sent to the group of WANs, or what goes from zone to zone would be routed out.
 */
function destinationsOf(site: Site, book: AliasBook, flow: Flow, isRouted: boolean): readonly Destination[] {
  const outside = complement(site.inside);
  const parts = flow.to.flatMap((e) => partOf(site, e) ?? []);
  const isAny = flow.to.some((e) => e.kind === "any");
  const isInternet = flow.to.some((e) => e.kind === "internet");
  const named = union(...parts.map((p) => p.ranges));
  if (!isRouted || !(isAny || isInternet)) {
    const set = isAny ? EVERYTHING : isInternet ? union(named, outside) : named;
    return [{ part: "", end: book.addresses(set, parts), gateway: null }];
  }
  const near: Intervals = isAny ? site.inside : intersect(named, site.inside);
  const far: Destination = { part: "internet", end: book.addresses(outside, []), gateway: WAN_GROUP };
  if (isEmpty(near)) return [{ ...far, part: "" }];
  const end = isAny || isSame(near, site.inside) ? book.inside() : book.addresses(near, parts);
  return [{ part: "inside", end, gateway: null }, far];
}

function portOf(book: AliasBook, match: Match): RuleDraft["port"] {
  if (match.ports === null) return null;
  const [only, another] = match.ports;
  if (!only) return null;
  if (another) return { alias: book.ports(match.ports, match.services) };
  return { literal: only.lo === only.hi ? `${only.lo}` : `${only.lo}-${only.hi}` };
}
