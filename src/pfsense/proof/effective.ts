import { compile, EngineDefect, makeMeter, passing, type Box, type Meter, type Rule } from "../../policy/engine/index.ts";
import { EVERYWHERE } from "../../policy/ranges.ts";
import { SELF } from "../../policy/space.ts";
import { egressRules, ingressRules, rulesOn, type Bound } from "../rules/flatten.ts";
import { isOn } from "../rules/interfaces.ts";
import type { Redirect } from "../rules/nat-types.ts";
import type { PfRule, PfRuleset } from "../rules/types.ts";
import { allTowards, leavingRules } from "./leaving.ts";
import type { Ways } from "./ways.ts";

/*
 * What a router really does, as one first-match list for each way in: redirects that pass by themselves, the filter on
 * the way in, routing, outbound NAT, the filter on the way out. Destinations are those after port forwarding, sources
 * those before outbound NAT, as in the flow table.
 */

/** The list of one way in, while one access is the default route. */
export interface Effective {
  readonly rules: readonly Rule[];
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
  const regions = [...ways.regions, ...(exit === undefined ? [] : [{ key: exit, to: ways.beyond }])];
  const rules = regions.flatMap(({ key, to }): readonly Rule[] => {
    if (key === undefined) return [];
    const list = leavingRules(ways.ruleset, key, bound, EVERYWHERE, to);
    return (["block", "reject"] as const).flatMap((action): readonly Rule[] => {
      if (action === "reject" && !list.some((r) => r.action === "reject")) return [];
      const compiled = compile(list, { defaultAction: "pass" });
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
  return { rules: [...denials.rules, ...direct, ...ingressRules(ruleset, key, bound)], sources };
}

/** The list of what the router itself sends. */
export function effectiveSelf(ways: Ways, exit: string | undefined, bound: Bound): Effective {
  const { ruleset, own } = ways;
  const rules: Rule[] = [];
  const sources = new Map<string, PfRule>();
  const add = (key: string, to: Ways["beyond"]): void => {
    for (const r of rulesOn(ruleset, key, "out")) sources.set(r.id, r);
    rules.push(...leavingRules(ruleset, key, bound, own, to));
  };
  for (const region of ways.regions) add(region.key ?? "lo0", region.to);
  if (exit !== undefined) add(exit, ways.beyond);
  return { rules, sources };
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

/** The rules of a way out, for the lists of what a router sends. */
export const outgoing = (ruleset: PfRuleset, key: string, bound: Bound): readonly Rule[] =>
  egressRules(ruleset, key, bound);
