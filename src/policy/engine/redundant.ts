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

export interface IdleOptions extends ReportOptions {
  /** The rules that may go; the others stay, and are not reported. */
  readonly isAsked: (index: number) => boolean;
  /** All that a rule does to a packet, as a text: only who does the same takes its place. */
  readonly effectOf: (index: number) => string;
  /** What is done to a packet that no rule matches. */
  readonly defaultEffect: string;
}

/**
 * Those of the rules asked about that do nothing: without it alone, and without all that are found, every packet gets
 * the same effect. That no packet reaches a rule is not enough where the rule that takes them goes too.
 */
export function findIdle(compiled: CompiledRules, options: IdleOptions): readonly Redundant[] {
  const { isAsked, effectOf, defaultEffect } = options;
  const meter = options.meter ?? makeMeter(DEFAULT_STEPS_PER_REPORT);
  const stepsPerRule = options.stepsPerRule ?? DEFAULT_STEPS_PER_RULE;
  const effects: Effects = { of: compiled.rules.map((_, i) => effectOf(i)), default: defaultEffect };
  const whole = everyone(compiled);
  const left = everyone(compiled);
  const found: Redundant[] = [];
  const report = (index: number, reason: Redundant["reason"]): void => {
    found.push({ rule: compiled.rules[index]!.id, index, reason });
    silence(compiled, index, left);
  };
  const { shadowed } = shadowedRules(compiled, meter, stepsPerRule);
  const isShadowed = new Set(shadowed);
  for (const index of shadowed) if (isAsked(index)) report(index, "shadowed");
  for (let i = compiled.rules.length - 1; i >= 0; i--) {
    if (!isAsked(i) || isShadowed.has(i) || compiled.ruleStart[i] === compiled.ruleStart[i + 1]) continue;
    const own = ownMeter(meter, stepsPerRule);
    const isIdle =
      isNeeded(compiled, i, whole, own, effects) === "covered" &&
      isNeeded(compiled, i, left, own, effects) === "covered";
    meter.steps += own.steps;
    if (isIdle) report(i, "repeated");
  }
  return found.sort((x, y) => x.index - y.index);
}

/** By rule; without it the actions are all that is looked at. */
interface Effects {
  readonly of: readonly string[];
  readonly default: string;
}

// "uncovered" when some packet of the rule would get another action, or effect, without it.
function isNeeded(compiled: CompiledRules, index: number, alive: Alive, meter: Meter, effects?: Effects): Cover {
  if (isSpent(meter)) return "spent";
  silence(compiled, index, alive);
  let answer: Cover = "covered";
  for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]! && answer === "covered"; e++) {
    answer = isBoxNeeded(compiled, index, e, alive, meter, effects);
  }
  revive(compiled, index, alive);
  return answer;
}

function isBoxNeeded(
  compiled: CompiledRules,
  index: number,
  entry: number,
  alive: Alive,
  meter: Meter,
  effects: Effects | undefined,
): Cover {
  const { action } = compiled.rules[index]!;
  const effectOf = (rule: number): string => effects?.of[rule] ?? compiled.rules[rule]!.action;
  const effect = effectOf(index);
  const defaultEffect = effects?.default ?? compiled.defaultAction;
  const g = compiled.entryGroup[entry]!;
  const group = compiled.groups[g]!;
  const box = ranksOf(group, compiled.entryBox[entry]!);
  const mask = alive.all[g]!;
  if (defaultEffect !== effect) {
    const answer = cover(group.tree, box, { from: 0, before: group.count, alive: mask }, meter);
    if (answer !== "covered") return answer;
  }
  const first = firstBoxOf(group, index);
  // A packet that surely reaches the rule shows most of the needed ones at once.
  const reached = cover(group.tree, box, { from: 0, before: first, alive: mask }, meter);
  if (reached === "spent") return "spent";
  if (reached === "uncovered") {
    const next = firstAt(group.tree, uncoveredPoint, { from: first, before: group.count, alive: mask }, meter);
    const fate = next < 0 ? defaultEffect : effectOf(group.rule[next]!);
    if (fate !== effect) return "uncovered";
  } else {
    return "covered";
  }
  // Rules of the same action are passed over at once, unless they may have another effect.
  const others = effects === undefined ? alive.not[action][g]! : mask;
  const later: Filter = { from: first, before: group.count, alive: others };
  let worst = "covered" as Cover;
  visitOverlaps(group.tree, box, later, meter, (k) => {
    if (effectOf(group.rule[k]!) === effect) return false;
    const clip = clipRanks(box, ranksOf(group, k));
    const before = firstBoxOf(group, group.rule[k]!);
    worst = isSpent(meter) ? "spent" : cover(group.tree, clip, { from: 0, before, alive: mask }, meter);
    return worst !== "covered";
  });
  // A search that the budget ended has not seen everything.
  return worst === "covered" && isSpent(meter) ? "spent" : worst;
}
