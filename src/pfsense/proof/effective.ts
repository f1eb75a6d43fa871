import type { AddressRange } from "../../core/ip.ts";
import {
  compile,
  deciders,
  makeMeter,
  passing,
  type Box,
  type CompiledRules,
  type Meter,
  type Rule,
} from "../../policy/engine/index.ts";
import { EVERYWHERE, isWithin, unite, without, type Ranges } from "../../policy/ranges.ts";
import { clip, SELF } from "../../policy/space.ts";
import { firstMatchOrder, flatten, rulesOn, type Bound } from "../rules/flatten.ts";
import { isOn } from "../rules/interfaces.ts";
import type { Redirect } from "../rules/nat-types.ts";
import type { PfRule, PfRuleset } from "../rules/types.ts";
import { allTowards, headsOf, leavingRules, letsAllOut, letsOut, natsOn } from "./leaving.ts";
import { TO_ALL, type Ways } from "./ways.ts";

/*
 * What a router really does, as one first-match list for each way in: redirects that pass by themselves, the filter on
 * the way in, routing, outbound NAT, the filter on the way out. Destinations are those after port forwarding, sources
 * those before outbound NAT, as in the flow table.
 */

/** The list of one way in, while one access is the default route. */
export interface Effective {
  readonly rules: readonly Rule[];
  readonly compiled: CompiledRules;
  /** By the id of a rule in the list; rules on the way out appear under the id of {@link leavingId}. */
  readonly sources: ReadonlyMap<string, PfRule>;
}

/** Names what the filter on the way out of an interface takes back. */
export const leavingId = (key: string): string => `leaving:${key}`;

/** What is refused on the way out, for packets that are forwarded; shared by all ways in. */
export interface Denials {
  readonly exit: string | undefined;
  /** What the way out refuses of the packets of a rule that lets them in, given the tag that it puts on them. */
  readonly of: (rule: Rule, tag: string | undefined) => readonly Rule[];
  /** Interfaces whose list on the way out was not enumerated within the budget: nothing may be proven with these lists. */
  readonly tangled: ReadonlySet<string>;
}

/**
 * Tags that no rule gives are on no packet, so a rule that asks for one never matches: without those rules the list is
 * exact where it would else be a matter of bounds.
 */
export function settleTags(ruleset: PfRuleset): PfRuleset {
  const given = new Set([...ruleset.rules, ...ruleset.nat.redirects].flatMap((r) => r.setsTag ?? []));
  const rules = ruleset.rules.flatMap((r): readonly PfRule[] => {
    if (!r.tagged || given.has(r.tagged.tag)) return [r];
    return r.tagged.isNot ? [{ ...r, tagged: undefined }] : [];
  });
  return { ...ruleset, rules };
}

/** The same for a packet whose tag is known. */
function withTag(ruleset: PfRuleset, tag: string | undefined): PfRuleset {
  const views = tagged.get(ruleset) ?? new Map<string | undefined, PfRuleset>();
  tagged.set(ruleset, views);
  const view = views.get(tag) ?? makeView(ruleset, tag);
  views.set(tag, view);
  return view;
}

const tagged = new WeakMap<PfRuleset, Map<string | undefined, PfRuleset>>();

function makeView(ruleset: PfRuleset, tag: string | undefined): PfRuleset {
  const isMet = (r: PfRule): boolean => !r.tagged || (r.tagged.tag === tag) !== r.tagged.isNot;
  return { ...ruleset, rules: ruleset.rules.filter(isMet).map((r) => (r.tagged ? bare(r) : r)) };
}

// A rule that asks for a tag is counted by the reader as one that may match; once the tag is known it does.
const bare = (r: PfRule): PfRule => ({
  ...r,
  tagged: undefined,
  mayBoxes: undefined,
  boxes: r.boxes.length > 0 ? r.boxes : (r.mayBoxes ?? []),
});

/** Why the file does not tell all: what would make the two bounds differ. */
export function doubtsOf(ruleset: PfRuleset): readonly string[] {
  return [
    ...ruleset.rules.filter((r) => r.mayBoxes && !r.tagged).map((r) => `${r.id}: ${r.uncertain.join(", ")}`),
    ...ruleset.nat.redirects.filter((r) => r.mayBoxes).map((r) => `${r.id} may redirect more`),
    ...ruleset.nat.sources.filter((r) => r.mayBoxes || (!r.isNo && !r.target)).map((r) => `${r.id} may translate`),
  ];
}

/** What the proof does not model: nothing may be proven of a file that has it. */
export function limitsOf(ruleset: PfRuleset): readonly string[] {
  const isPlainTag = (r: PfRule): boolean =>
    r.setsTag === undefined || (r.isQuick && r.action !== "match" && r.direction === "in");
  return [
    ...ruleset.nat.binats.map((b) => `1:1 mapping ${b.id}`),
    ...ruleset.nat.redirects.filter((r) => r.setsTag !== undefined).map((r) => `${r.id} tags what it redirects`),
    ...ruleset.rules.filter((r) => !isPlainTag(r)).map((r) => `${r.id} tags packets that other rules decide`),
  ];
}

export function denialsOf(ways: Ways, exit: string | undefined, bound: Bound, meter: Meter = makeMeter()): Denials {
  const heads = headsOf(ways.ruleset);
  const regions = regionsOf(ways, exit).filter((r) => r.key !== undefined);
  const closed = new Map<string | undefined, { ruleset: PfRuleset; regions: typeof regions }>();
  const closedFor = (tag: string | undefined): { ruleset: PfRuleset; regions: typeof regions } => {
    const known = closed.get(tag);
    if (known) return known;
    const ruleset = withTag(ways.ruleset, tag);
    const made = { ruleset, regions: regions.filter((r) => !letsAllOut(ruleset, { key: r.key!, bound, heads })) };
    closed.set(tag, made);
    return made;
  };
  const tangled = new Set<string>();
  const answers = new Map<string, readonly Rule[]>();
  const ask = (rule: Rule, tag: string | undefined): readonly Rule[] => {
    const { ruleset, regions: closedRegions } = closedFor(tag);
    return closedRegions.flatMap(({ key, to }): readonly Rule[] => {
      const within = clip(rule.boxes, EVERYWHERE, to);
      if (letsOut(ruleset, { key: key!, bound, heads }, within)) return [];
      const list = leavingRules(ruleset, { key: key!, bound, from: EVERYWHERE, to, heads, only: within });
      const compiled = compile(list, { defaultAction: "pass" });
      const found = deciders(within, compiled, { meter });
      return (["block", "reject"] as const).flatMap((action): readonly Rule[] => {
        const isOf = (index: number): boolean => list[index]?.action === action;
        if (found ? ![...found].some(isOf) : !list.some((r) => r.action === action)) return [];
        const boxes = passing(compiled, { actions: [action], within, meter });
        if (boxes === null) tangled.add(key!);
        return boxes === null || boxes.length === 0 ? [] : [{ id: leavingId(key!), action, boxes }];
      });
    });
  };
  return {
    exit,
    tangled,
    of: (rule, tag) => {
      // One rule may stand on many interfaces: what the way out makes of its packets is the same.
      const name = `${rule.id} ${tag ?? ""}`;
      const known = answers.get(name);
      if (known) return known;
      const made = ask(rule, tag);
      answers.set(name, made);
      return made;
    },
  };
}

const regionsOf = (ways: Ways, exit: string | undefined): Ways["regions"] => [
  ...ways.regions,
  ...(exit === undefined ? [] : [{ key: exit, to: ways.beyond }]),
];

/**
 * The list of what comes in by an interface. Before each rule that lets packets in stands what the way out refuses of
 * them, given the tag that the rule puts on them.
 */
function effectiveIn(ways: Ways, key: string, denials: Denials, bound: Bound): Effective {
  const ruleset = withTag(ways.ruleset, undefined);
  const here = rulesOn(ruleset, key, "in");
  const sources = new Map(here.map((r) => [r.id, r]));
  const out: Rule[] = [];
  const admit = (rule: Rule, tag: string | undefined, gateway: string | undefined): void => {
    if (rule.action === "pass") {
      out.push(...denials.of(rule, tag));
      if (gateway !== undefined)
        out.push({ id: MISROUTED, action: "block", boxes: clip(rule.boxes, EVERYWHERE, nearOf(ways)) });
    }
    out.push(rule);
  };
  for (const r of redirectsOn(ruleset, key).filter((x) => x.isPass)) {
    admit({ id: r.id, action: "pass", boxes: imageOf(r) }, undefined, undefined);
  }
  for (const r of firstMatchOrder(here)) for (const rule of flatten([r], bound)) admit(rule, r.setsTag, r.gateway);
  return effective(out, sources);
}

/** A rule with a gateway sends what it lets in to that gateway, whatever the destination. */
const MISROUTED = "misrouted";

/** Destinations that no gateway outside leads to: the zones inside, and the router itself. */
export const nearOf = (ways: Ways): Ranges =>
  unite(...ways.regions.filter((r) => r.key === undefined || !ways.wans.includes(r.key)).map((r) => r.to));

function effective(rules: readonly Rule[], sources: Effective["sources"]): Effective {
  let compiled: CompiledRules | undefined;
  return {
    rules,
    // Most lists are asked many times, some never.
    get compiled() {
      return (compiled ??= compile(rules));
    },
    sources,
  };
}

/** A part of what the router itself sends: destinations that leave by one interface, or by several that treat it alike. */
export interface SelfPart {
  readonly key: string;
  readonly to: Ranges;
}

/**
 * Everything that a router sends, in parts: its networks, what lies beyond by each access in turn, and what is for
 * everybody, which goes by no route, on every leg.
 */
export function selfParts(ways: Ways): readonly SelfPart[] {
  const alike = new Map<string, SelfPart>();
  const add = (key: string, to: Ranges): void => {
    const rules = rulesOn(ways.ruleset, key, "out").map((r) => r.id);
    const hasNats = natsOn(ways.ruleset, key).some((n) => n.by !== "pfsense" && clip(n.boxes, ways.own).length > 0);
    const signature = hasNats ? key : rules.join(" ");
    const known = alike.get(signature);
    alike.set(signature, known ? { ...known, to: unite(known.to, to) } : { key, to });
  };
  for (const { key, to } of ways.regions) if (key !== undefined) add(key, without(to, TO_ALL));
  for (const key of ways.wans) add(key, without(ways.beyond, TO_ALL));
  for (const key of new Set(ways.keyOf.values())) add(key, TO_ALL);
  return [...alike.values()];
}

/** The list of one part. */
export function effectiveOut(ways: Ways, { key, to }: SelfPart, bound: Bound): Effective {
  const ruleset = withTag(ways.ruleset, undefined);
  const sources = new Map(rulesOn(ruleset, key, "out").map((r) => [r.id, r]));
  return effective(leavingRules(ruleset, { key, bound, from: ways.own, to }), sources);
}

/**
 * The list of what the router itself sends to others; what it sends to itself never leaves it. Interfaces whose rules are
 * the same are asked as one.
 */
function effectiveSelf(ways: Ways, exit: string | undefined, bound: Bound): Effective {
  const { own } = ways;
  const ruleset = withTag(ways.ruleset, undefined);
  const sources = new Map<string, PfRule>();
  const alike = new Map<string, { key: string; to: Ranges }>();
  for (const { key, to } of regionsOf(ways, exit)) {
    if (key === undefined) continue;
    const rules = rulesOn(ruleset, key, "out");
    for (const r of rules) sources.set(r.id, r);
    const nats = natsOn(ruleset, key).filter((n) => clip(n.boxes, own).length > 0 && n.by !== "pfsense");
    const signature = nats.length > 0 ? key : rules.map((r) => r.id).join(" ");
    const known = alike.get(signature);
    // Nobody asks about the router's own addresses, so they may fill the gaps that they make in its networks.
    alike.set(signature, { key: known?.key ?? key, to: joinedOver(unite(known?.to ?? [], to), own) });
  }
  // Each list decides all of its destinations (pfSense's default deny matches everything), so the last one, which has the
  // most pieces, need not be cut to what is left.
  const lists = [...alike.values()].sort((x, y) => x.to.length - y.to.length);
  const rules = lists.flatMap(({ key, to }, i) => {
    const isLast = i === lists.length - 1;
    const list = leavingRules(ruleset, { key, bound, from: own, to: isLast ? EVERYWHERE : to, isCut: !isLast });
    return isLast ? list : [...list, { id: "pf-default", action: "pass" as const, boxes: allTowards(to) }];
  });
  return effective(rules, sources);
}

function joinedOver(ranges: Ranges, gaps: Ranges): Ranges {
  const out: AddressRange[] = [];
  for (const r of ranges) {
    const last = out.at(-1);
    const gap = last && last.family === r.family ? { family: r.family, lo: last.hi + 1n, hi: r.lo - 1n } : undefined;
    if (last && gap && isWithin([gap], gaps)) out[out.length - 1] = { ...last, hi: r.hi };
    else out.push(r);
  }
  return out;
}

export const effectiveAt = (ways: Ways, ingress: string, denials: Denials, bound: Bound): Effective | undefined => {
  if (ingress === SELF) return effectiveSelf(ways, denials.exit, bound);
  const key = ways.keyOf.get(ingress);
  return key === undefined ? undefined : effectiveIn(ways, key, denials, bound);
};

export const redirectsOn = (ruleset: PfRuleset, key: string): readonly Redirect[] => {
  const i = ruleset.interfaces.find((x) => x.key === key);
  return ruleset.nat.redirects.filter((r) => i && isOn(r.interfaces, i, ruleset.interfaces));
};

/** What a redirect makes of the packets that it takes. */
function imageOf(r: Redirect): readonly Box[] {
  const { target, port } = r;
  if (r.isNo || target.kind === "unknown") return [];
  return r.boxes.map((box): Box => {
    const shift = (v: bigint): bigint =>
      target.kind === "network" ? v - target.from.base + target.to.base : target.address.value;
    const dst = { lo: shift(box.dst.lo), hi: shift(box.dst.hi) };
    const isPorts = box.slice === "tcp" || box.slice === "udp";
    if (!port || !isPorts) return { ...box, dst };
    const lo = BigInt(port.to);
    const hi = lo + BigInt(port.count - 1);
    return { ...box, dst, b: { lo, hi } };
  });
}
