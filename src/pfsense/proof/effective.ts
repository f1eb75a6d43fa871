import {
  compile,
  EngineDefect,
  makeMeter,
  passing,
  type Box,
  type CompiledRules,
  type Meter,
  type Rule,
} from "../../policy/engine/index.ts";
import { EVERYWHERE, unite, type Ranges } from "../../policy/ranges.ts";
import { clip, SELF } from "../../policy/space.ts";
import { ingressRules, rulesOn, type Bound } from "../rules/flatten.ts";
import { isOn } from "../rules/interfaces.ts";
import type { Redirect } from "../rules/nat-types.ts";
import type { PfRule, PfRuleset } from "../rules/types.ts";
import { allTowards, headsOf, leavingRules, letsAllOut, natsOn } from "./leaving.ts";
import type { Ways } from "./ways.ts";

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
  readonly rules: readonly Rule[];
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

/** Why the file does not tell all: what would make the two bounds differ. */
export function doubtsOf(ruleset: PfRuleset): readonly string[] {
  return [
    ...ruleset.rules.filter((r) => r.mayBoxes).map((r) => `${r.id}: ${r.uncertain.join(", ")}`),
    ...ruleset.rules.filter((r) => r.tagged).map((r) => `${r.id} asks for a tag`),
    ...ruleset.nat.redirects.filter((r) => r.mayBoxes).map((r) => `${r.id} may redirect more`),
    ...ruleset.nat.sources.filter((r) => r.mayBoxes || (!r.isNo && !r.target)).map((r) => `${r.id} may translate`),
    ...ruleset.nat.binats.map((b) => `1:1 mapping ${b.id} is not part of the proof`),
  ];
}

/** @throws EngineDefect when the lists on the way out are too tangled to be enumerated */
export function denialsOf(ways: Ways, exit: string | undefined, bound: Bound, meter: Meter = makeMeter()): Denials {
  const heads = headsOf(ways.ruleset);
  const regions = [...ways.regions, ...(exit === undefined ? [] : [{ key: exit, to: ways.beyond }])];
  const rules = regions.flatMap(({ key, to }): readonly Rule[] => {
    if (key === undefined || letsAllOut(ways.ruleset, { key, bound, heads })) return [];
    const list = leavingRules(ways.ruleset, { key, bound, from: EVERYWHERE, to, heads });
    const compiled = compile(list, { defaultAction: "pass" });
    return (["block", "reject"] as const).flatMap((action): readonly Rule[] => {
      if (!list.some((r) => r.action === action)) return [];
      const boxes = passing(compiled, { actions: [action], within: allTowards(to), meter });
      if (boxes === null) throw new EngineDefect(`what ${key} refuses on the way out is too tangled`);
      return boxes.length === 0 ? [] : [{ id: leavingId(key), action, boxes }];
    });
  });
  return { exit, rules };
}

/** The list of what comes in by an interface. */
export function effectiveIn(ways: Ways, key: string, denials: Denials, bound: Bound): Effective {
  const { ruleset } = ways;
  const sources = new Map(rulesOn(ruleset, key, "in").map((r) => [r.id, r]));
  const passed = redirectsOn(ruleset, key).filter((r) => r.isPass);
  const direct = passed.map((r): Rule => ({ id: r.id, action: "pass", boxes: imageOf(r) }));
  return effective([...denials.rules, ...direct, ...ingressRules(ruleset, key, bound)], sources);
}

const effective = (rules: readonly Rule[], sources: Effective["sources"]): Effective => ({
  rules,
  compiled: compile(rules),
  sources,
});

/** The list of what the router itself sends: interfaces whose rules are the same are asked as one. */
export function effectiveSelf(ways: Ways, exit: string | undefined, bound: Bound): Effective {
  const { ruleset, own } = ways;
  const sources = new Map<string, PfRule>();
  const regions = [...ways.regions, ...(exit === undefined ? [] : [{ key: exit, to: ways.beyond }])];
  const alike = new Map<string, { key: string; to: Ranges }>();
  for (const region of regions) {
    const key = region.key ?? "lo0";
    const rules = rulesOn(ruleset, key, "out");
    for (const r of rules) sources.set(r.id, r);
    const nats = natsOn(ruleset, key).filter((n) => clip(n.boxes, own).length > 0 && n.by !== "pfsense");
    const signature = nats.length > 0 ? key : rules.map((r) => r.id).join(" ");
    const known = alike.get(signature);
    alike.set(signature, { key: known?.key ?? key, to: unite(known?.to ?? [], region.to) });
  }
  // Each list decides all of its destinations (pfSense's default deny matches everything), so the last one, which has the
  // most pieces, need not be cut to what is left.
  const lists = [...alike.values()].sort((x, y) => x.to.length - y.to.length);
  const rules = lists.flatMap(({ key, to }, i) => {
    const isLast = i === lists.length - 1;
    const list = leavingRules(ruleset, { key, bound, from: own, to: isLast ? EVERYWHERE : to });
    return isLast ? list : [...list, { id: "pf-default", action: "pass" as const, boxes: allTowards(to) }];
  });
  return effective(rules, sources);
}

export const effectiveAt = (
  ways: Ways,
  ingress: string,
  denials: Denials,
  bound: Bound,
): Effective | undefined => {
  if (ingress === SELF) return effectiveSelf(ways, denials.exit, bound);
  const key = ways.keyOf.get(ingress);
  return key === undefined ? undefined : effectiveIn(ways, key, denials, bound);
};

export const redirectsOn = (ruleset: PfRuleset, key: string): readonly Redirect[] => {
  const i = ruleset.interfaces.find((x) => x.key === key);
  return ruleset.nat.redirects.filter((r) => i && isOn(r.interfaces, i, ruleset.interfaces));
};

/** What a redirect makes of the packets that it takes. */
export function imageOf(r: Redirect): readonly Box[] {
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
