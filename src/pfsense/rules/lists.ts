import type { Box } from "../../policy/engine/types.ts";
import { firstMatchOrder, rulesOn } from "./flatten.ts";
import { makeMatcher } from "./lanes.ts";
import type { Flow, Matcher } from "./lanes.ts";
import type { PfRule, PfRuleset } from "./types.ts";

/** What a list of rules says: the deciding rule (none: pf passes), the tag the packet leaves with, and a doubt. */
export interface Outcome {
  readonly rule: PfRule | undefined;
  readonly tag: string | undefined;
  readonly unsure: string | undefined;
}

export type List = (flow: Flow, tag: string | undefined) => Outcome;

/** The list of one interface and direction, prepared. */
export function makeList(ruleset: PfRuleset, key: string, direction: "in" | "out"): List {
  const rules = rulesOn(ruleset, key, direction);
  const untagged = firstMatchOrder(rules).filter((r) => r.action !== "match" && (!r.tagged || r.tagged.isNot));
  const certain = listOf(untagged, (r) => r.boxes);
  const hasDoubts = untagged.some((r) => r.mayBoxes);
  const most = hasDoubts ? listOf(untagged, (r) => bounded(r, r.action === "pass")) : undefined;
  const least = hasDoubts ? listOf(untagged, (r) => bounded(r, r.action !== "pass")) : undefined;
  const setters = rules.filter((r) => r.setsTag !== undefined);
  const setting: Matcher = makeMatcher(setters.map((r) => ({ boxes: r.mayBoxes ?? r.boxes })));
  const hasTagged = rules.some((r) => r.tagged);
  return (flow, tag) => {
    // Tags decide nothing unless the packet has one, or meets a rule here that gives it one.
    const isTagged = (tag !== undefined && hasTagged) || (setters.length > 0 && setting(flow) >= 0);
    if (isTagged) return interpret(rules, flow, tag);
    const rule = certain(flow);
    if (!most || !least) return { rule, tag, unsure: undefined };
    const high = most(flow);
    const low = least(flow);
    const isSure = (high?.action ?? "pass") === (low?.action ?? "pass");
    return { rule, tag, unsure: isSure ? undefined : doubtOf(rule === high ? low : high) };
  };
}

const doubtOf = (r: PfRule | undefined): string => `${r?.id ?? "a rule"} may decide: ${r?.uncertain.join(", ") ?? ""}`;

const bounded = (r: PfRule, isWide: boolean): readonly Box[] => (isWide ? (r.mayBoxes ?? r.boxes) : r.boxes);

function listOf(rules: readonly PfRule[], pick: (r: PfRule) => readonly Box[]): (flow: Flow) => PfRule | undefined {
  const matcher = makeMatcher(rules.map((r) => ({ boxes: pick(r) })));
  return (flow) => rules[matcher(flow)];
}

/**
 * pf's own way through a list (`pf_test_rule`): the last match holds, `quick` ends it, and a tag is on the packet from the
 * moment a rule that gives it matches, whether or not that rule decides.
 */
export function interpret(rules: readonly PfRule[], flow: Flow, tag: string | undefined): Outcome {
  let current = tag;
  let last: PfRule | undefined;
  let unsure: string | undefined;
  for (const r of rules) {
    if (r.tagged && (r.tagged.tag === current) === r.tagged.isNot) continue;
    if (!holds(r.boxes, flow)) {
      if (r.mayBoxes && holds(r.mayBoxes, flow)) unsure ??= doubtOf(r);
      continue;
    }
    current = r.setsTag ?? current;
    if (r.action === "match") continue;
    last = r;
    if (r.isQuick) break;
  }
  return { rule: last, tag: current, unsure };
}

function holds(boxes: readonly Box[], flow: Flow): boolean {
  return boxes.some(
    (b) =>
      b.family === flow.family &&
      b.slice === flow.slice &&
      b.src.lo <= flow.src &&
      flow.src <= b.src.hi &&
      b.dst.lo <= flow.dst &&
      flow.dst <= b.dst.hi &&
      b.a.lo <= flow.a &&
      flow.a <= b.a.hi &&
      b.b.lo <= flow.b &&
      flow.b <= b.b.hi,
  );
}
