import type { Box, Rule } from "../../policy/engine/types.ts";
import { isOn } from "./interfaces.ts";
import type { PfRule, PfRuleset } from "./types.ts";

/**
 * What to make of rules that may match: `certain` takes each for what it surely covers; `most` lets pass whatever may
 * pass; `least` lets pass only what surely does. A proof that something never passes wants `most`, one that it does `least`.
 */
export type Bound = "certain" | "most" | "least";

/** The rules that see packets coming in by an interface, first match first; what none matches is blocked. */
export const ingressRules = (ruleset: PfRuleset, key: string, bound: Bound = "certain"): readonly Rule[] =>
  flatten(rulesOn(ruleset, key, "in"), bound);

/** The rules that see packets leaving by an interface; `lo0` is what the firewall sends to itself. */
export const egressRules = (ruleset: PfRuleset, key: string, bound: Bound = "certain"): readonly Rule[] =>
  flatten(rulesOn(ruleset, key, "out"), bound);

/** The rules of one interface and direction, in pf's order. */
export function rulesOn(ruleset: PfRuleset, key: string, direction: "in" | "out"): readonly PfRule[] {
  const i = ruleset.interfaces.find((x) => x.key === key);
  return ruleset.rules.filter((r) => {
    if (r.direction !== "any" && r.direction !== direction) return false;
    if (r.interfaces === undefined) return true;
    const isHere = i ? isOn(r.interfaces, i, ruleset.interfaces) : r.interfaces.includes(key);
    return isHere !== r.isNotOn;
  });
}

/**
 * pf's last match, undone by `quick`, as a first match: the quick rules in order, then the others from last to first.
 * `match` rules decide nothing. A rule that asks for a tag counts as one that may match.
 */
export function flatten(rules: readonly PfRule[], bound: Bound): readonly Rule[] {
  return firstMatchOrder(rules).flatMap((r) => {
    const boxes = boxesIn(r, bound);
    return boxes.length === 0 || r.action === "match" ? [] : [{ id: r.id, action: r.action, boxes }];
  });
}

export const firstMatchOrder = (rules: readonly PfRule[]): readonly PfRule[] => [
  ...rules.filter((r) => r.isQuick),
  ...rules.filter((r) => !r.isQuick).reverse(),
];

function boxesIn(r: PfRule, bound: Bound): readonly Box[] {
  const isWide = bound === "certain" ? false : (bound === "most") === (r.action === "pass");
  if (isWide) return r.mayBoxes ?? r.boxes;
  return r.tagged ? [] : r.boxes;
}
