import { DEFAULT_STEPS_PER_REPORT, DEFAULT_STEPS_PER_RULE, makeMeter, type Meter } from "./budget.ts";
import { firstBoxOf, ranksOf, type CompiledRules } from "./compile.ts";
import { cover, uncoveredPoint, type Cover } from "./cover.ts";
import { clipRanks } from "./fragments.ts";
import {
  everyone,
  ownMeter,
  revive,
  shadowedRules,
  silence,
  type Alive,
  type ReportOptions,
  type ShadowReport,
} from "./shadows.ts";
import { firstAt, isSpent, visitOverlaps, type Filter } from "./tree.ts";
import type { Action } from "./types.ts";

/** A rule that may go without any packet faring differently. */
export interface Redundant {
  readonly rule: string;
  readonly index: number;
  /** "shadowed": nothing reaches it. "repeated": later rules or the default do the same to what reaches it. */
  readonly reason: "shadowed" | "repeated";
}

export interface RedundantOptions extends ReportOptions {
  /** What {@link findShadows} said of the same list; spares asking that again. */
  readonly shadows?: ShadowReport;
}

export interface RedundantReport {
  /** All of these may go together. */
  readonly redundant: readonly Redundant[];
  readonly undecided: readonly string[];
  readonly steps: number;
}

/**
 * A set of rules that may all be deleted at once. Shadowed rules go first, then from the end of the list each rule
 * whose packets get the same action without it, given what has gone already; so of two equal rules one stays.
 * A rule is needed exactly when, without it, some rule of another action (or the default) would decide one of its
 * packets: one question to the primitive for each such rule that meets it.
 */
export function findRedundant(compiled: CompiledRules, options: RedundantOptions = {}): RedundantReport {
  const meter = options.meter ?? makeMeter(DEFAULT_STEPS_PER_REPORT);
  const stepsPerRule = options.stepsPerRule ?? DEFAULT_STEPS_PER_RULE;
  const { shadowed, empty, undecided, alive } = options.shadows
    ? withoutShadowed(compiled, options.shadows)
    : shadowedRules(compiled, meter, stepsPerRule);
  const found: Redundant[] = [];
  const report = (index: number, reason: Redundant["reason"]): number =>
    found.push({ rule: compiled.rules[index]!.id, index, reason });
  const settled = new Set([...shadowed, ...empty, ...undecided]);
  for (const index of [...shadowed, ...empty]) report(index, "shadowed");
  const open = new Set(undecided);
  for (let i = compiled.rules.length - 1; i >= 0; i--) {
    if (settled.has(i)) continue;
    const own = ownMeter(meter, stepsPerRule);
    const need = isNeeded(compiled, i, alive, own);
    meter.steps += own.steps;
    if (need === "spent") open.add(i);
    if (need !== "covered") continue;
    report(i, "repeated");
    silence(compiled, i, alive);
  }
  return {
    redundant: found.sort((x, y) => x.index - y.index),
    undecided: [...open].sort((x, y) => x - y).map((i) => compiled.rules[i]!.id),
    steps: meter.steps,
  };
}

function withoutShadowed(compiled: CompiledRules, report: ShadowReport): ReturnType<typeof shadowedRules> {
  const alive = everyone(compiled);
  const shadowed = report.shadows.map((s) => s.index);
  for (const index of shadowed) silence(compiled, index, alive);
  const empty = compiled.rules.flatMap((_, i) => (compiled.ruleStart[i] === compiled.ruleStart[i + 1] ? [i] : []));
  const isUndecided = new Set(report.undecided);
  const undecided = compiled.rules.flatMap((rule, i) => (isUndecided.has(rule.id) ? [i] : []));
  return { shadowed, empty, undecided, alive };
}

// "uncovered" when some packet of the rule would get another action without it.
function isNeeded(compiled: CompiledRules, index: number, alive: Alive, meter: Meter): Cover {
  const { action } = compiled.rules[index]!;
  if (isSpent(meter)) return "spent";
  silence(compiled, index, alive);
  let answer: Cover = "covered";
  for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]! && answer === "covered"; e++) {
    answer = isBoxNeeded(compiled, index, action, e, alive, meter);
  }
  revive(compiled, index, alive);
  return answer;
}

function isBoxNeeded(
  compiled: CompiledRules,
  index: number,
  action: Action,
  entry: number,
  alive: Alive,
  meter: Meter,
): Cover {
  const g = compiled.entryGroup[entry]!;
  const group = compiled.groups[g]!;
  const box = ranksOf(group, compiled.entryBox[entry]!);
  const mask = alive.all[g]!;
  if (compiled.defaultAction !== action) {
    const answer = cover(group.tree, box, { from: 0, before: group.count, alive: mask }, meter);
    if (answer !== "covered") return answer;
  }
  const first = firstBoxOf(group, index);
  // A packet that surely reaches the rule shows most of the needed ones at once.
  const reached = cover(group.tree, box, { from: 0, before: first, alive: mask }, meter);
  if (reached === "spent") return "spent";
  if (reached === "uncovered") {
    const next = firstAt(group.tree, uncoveredPoint, { from: first, before: group.count, alive: mask }, meter);
    const fate = next < 0 ? compiled.defaultAction : compiled.rules[group.rule[next]!]!.action;
    if (fate !== action) return "uncovered";
  } else {
    return "covered";
  }
  const later: Filter = { from: first, before: group.count, alive: alive.not[action][g]! };
  let worst: Cover = "covered";
  visitOverlaps(group.tree, box, later, meter, (k) => {
    const clip = clipRanks(box, ranksOf(group, k));
    const before = firstBoxOf(group, group.rule[k]!);
    worst = isSpent(meter) ? "spent" : cover(group.tree, clip, { from: 0, before, alive: mask }, meter);
    return worst !== "covered";
  });
  return worst;
}
