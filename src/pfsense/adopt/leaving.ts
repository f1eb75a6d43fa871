import { rangeOf } from "../../core/ip.ts";
import { unite } from "../../policy/ranges.ts";
import { firstMatchOrder } from "../rules/flatten.ts";
import type { PfRule, PfRuleset } from "../rules/types.ts";
import { isSettled } from "./settled.ts";
import { EVERYTHING, makeRanges, meetOf, without, type Ranges } from "./sets.ts";

/*
 * What leaves. pfSense lets everything out by itself; only floating rules of the user say otherwise. For what the router
 * itself sends they become rows of section 2; for forwarded packets the flow table has no place, unless the first of
 * them lets out whatever was let in.
 */

/** Destinations by the interface that leads to them: longest prefix first, the default route last. */
function regionsOf(ruleset: PfRuleset): ReadonlyMap<string, Ranges> {
  const out = new Map<string, Ranges>();
  let left = EVERYTHING;
  for (const route of ruleset.routes) {
    if (route.network.family === 6) continue;
    const to = meetOf([rangeOf(route.network)], left);
    left = without(left, to);
    if (route.interface !== undefined) out.set(route.interface, unite(out.get(route.interface) ?? [], to));
  }
  return out;
}

/** The destinations that a rule on the way out is about. */
export function reachOf(ruleset: PfRuleset, r: PfRule): Ranges {
  const keys = ruleset.interfaces.filter((i) => i.kind === "interface" && i.ip4).map((i) => i.key);
  if (r.interfaces === undefined || keys.every((k) => r.interfaces!.includes(k))) return EVERYTHING;
  const regions = regionsOf(ruleset);
  return makeRanges(r.interfaces.flatMap((k) => [...(regions.get(k) ?? [])]));
}

/** The user's rules on the way out, first match first. */
const leavingRules = (ruleset: PfRuleset): readonly PfRule[] =>
  firstMatchOrder(ruleset.rules).filter((r) => r.by === "user" && r.direction !== "in" && r.action !== "match");

/** Those of them that what the router itself sends may meet: it carries no tag. */
export const ownLeavingRules = (ruleset: PfRuleset): readonly PfRule[] =>
  leavingRules(ruleset).filter((r) => !r.tagged || r.tagged.isNot);

/** Not even a packet of another machine comes in, so that nothing can be forwarded. */
export const letsNothingIn = ({ rules, nat }: PfRuleset): boolean =>
  rules.every((r) => r.direction === "out" || r.action !== "pass" || isSettled(r) || isLoopback(r)) &&
  nat.redirects.every((r) => !r.isPass);

const isLoopback = (r: PfRule): boolean => r.by === "pfsense" && r.id.startsWith("pass-loopback");

/**
 * The rules that may refuse forwarded packets on the way out. None where the first rule lets out whatever carries a tag
 * that every rule of the user puts on what it lets in.
 */
export function refusingForwarded(ruleset: PfRuleset): readonly PfRule[] {
  const rules = leavingRules(ruleset);
  const [first] = rules;
  const isTagged = (tag: string): boolean =>
    ruleset.rules.every((r) => r.by !== "user" || r.direction !== "in" || r.action !== "pass" || r.setsTag === tag) &&
    ruleset.nat.redirects.every((r) => !r.isPass);
  const letsAllOut =
    first?.action === "pass" &&
    first.isQuick &&
    first.tagged?.isNot === false &&
    reachOf(ruleset, first) === EVERYTHING &&
    isTagged(first.tagged.tag);
  return letsAllOut ? [] : rules.filter((r) => r.action !== "pass");
}
