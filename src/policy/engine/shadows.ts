import { DEFAULT_STEPS_PER_RULE, DEFAULT_STEPS_PER_REPORT, makeMeter, type Budgeted, type Meter } from "./budget.ts";
import { formatPacket, readablePacket } from "./boxes.ts";
import { firstBoxOf, ranksOf, type CompiledRules, type Group } from "./compile.ts";
import { cover, uncoveredPoint, type Cover } from "./cover.ts";
import { EngineDefect } from "./defect.ts";
import { clipRanks } from "./fragments.ts";
import { makeJudge } from "./interpret.ts";
import { readRanks } from "./space.ts";
import { buildTree, ENDS, isSpent, visitOverlaps, type Filter } from "./tree.ts";
import type { Action, Packet } from "./types.ts";
import { cellOf } from "./uncovered.ts";

/** A rule that no packet reaches, because the rules before it, taken together, match all that it matches. */
export interface Shadow {
  readonly rule: string;
  /** Position in the list, from 0. */
  readonly index: number;
  /** What its packets get instead: the rule's own action, another, or some one and some the other. */
  readonly kind: "same" | "other" | "mixed";
  /** Rules that cover it together, in order; without any one of them something would reach it. */
  readonly cover: readonly string[];
  /** A rule of another action that takes packets from it, and one such packet; null when the kind is "same". */
  readonly blocker: { readonly rule: string; readonly example: Packet } | null;
}

export interface ShadowReport {
  readonly shadows: readonly Shadow[];
  /** Rules that match no packet at all, whatever stands before them. */
  readonly empty: readonly string[];
  /** Rules for which the budget ended first. */
  readonly undecided: readonly string[];
  readonly steps: number;
}

export interface ReportOptions extends Budgeted {
  /** Steps that one rule may take; those of the meter (for the whole list) come on top. */
  readonly stepsPerRule?: number;
}

/** Which boxes still count, per group; a shadowed rule covers nothing that the rules before it do not. */
export interface Alive {
  readonly all: readonly Uint8Array[];
  /** The same, without the rules of one action. */
  readonly not: Record<Action, readonly Uint8Array[]>;
}

/** Every box of every rule. */
export function everyone(compiled: CompiledRules): Alive {
  const number = compiled.rules.map(({ action }) => ACTIONS.indexOf(action));
  const mask = (group: Group, without: number): Uint8Array => {
    const out = new Uint8Array(group.count);
    for (let k = 0; k < group.count; k++) out[k] = number[group.rule[k]!] === without ? 0 : 1;
    return out;
  };
  const masks = (without: number): readonly Uint8Array[] => compiled.groups.map((g) => mask(g, without));
  const [pass, block, reject] = ACTIONS.map((_, n) => masks(n)) as [Masks, Masks, Masks];
  return { all: masks(-1), not: { pass, block, reject } };
}

type Masks = readonly Uint8Array[];

/** The core of both reports: the rules that some earlier rules cover, as positions, and the masks without them. */
export function shadowedRules(
  compiled: CompiledRules,
  meter: Meter,
  stepsPerRule: number,
): { shadowed: number[]; empty: number[]; undecided: number[]; alive: Alive } {
  const alive = everyone(compiled);
  const shadowed: number[] = [];
  const empty: number[] = [];
  const undecided: number[] = [];
  for (let i = 0; i < compiled.rules.length; i++) {
    const own = ownMeter(meter, stepsPerRule);
    const answer = coverRule(compiled, i, alive, own);
    meter.steps += own.steps;
    if (compiled.ruleStart[i] === compiled.ruleStart[i + 1]) empty.push(i);
    else if (answer === "spent") undecided.push(i);
    else if (answer === "covered") {
      shadowed.push(i);
      silence(compiled, i, alive);
    }
  }
  return { shadowed, empty, undecided, alive };
}

/** A meter for one rule: its own allowance, or what is left of the whole when that is less. */
export const ownMeter = (meter: Meter, stepsPerRule: number): Meter =>
  makeMeter(Math.min(stepsPerRule, meter.limit - meter.steps));

/** Takes a rule's boxes out of the masks. */
export function silence(compiled: CompiledRules, index: number, alive: Alive): void {
  for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]!; e++) {
    const g = compiled.entryGroup[e]!;
    for (const masks of [alive.all, alive.not.pass, alive.not.block, alive.not.reject]) {
      masks[g]![compiled.entryBox[e]!] = 0;
    }
  }
}

/** Puts them back. */
export function revive(compiled: CompiledRules, index: number, alive: Alive): void {
  const { action } = compiled.rules[index]!;
  for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]!; e++) {
    const g = compiled.entryGroup[e]!;
    const k = compiled.entryBox[e]!;
    alive.all[g]![k] = 1;
    for (const other of ACTIONS) if (other !== action) alive.not[other][g]![k] = 1;
  }
}

const ACTIONS: readonly Action[] = ["pass", "block", "reject"];

function coverRule(compiled: CompiledRules, index: number, alive: Alive, meter: Meter): Cover {
  for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]!; e++) {
    const g = compiled.entryGroup[e]!;
    const group = compiled.groups[g]!;
    const filter: Filter = { from: 0, before: firstBoxOf(group, index), alive: alive.all[g]! };
    if (isSpent(meter)) return "spent";
    const answer = cover(group.tree, ranksOf(group, compiled.entryBox[e]!), filter, meter);
    if (answer !== "covered") return answer;
  }
  return "covered";
}

/**
 * Every rule that is shadowed by one earlier rule or by a union of them, with a minimal cover and a blocker.
 * Rules that are shadowed themselves are not named in covers.
 * @throws EngineDefect when the linear interpreter does not confirm a blocker
 */
export function findShadows(compiled: CompiledRules, options: ReportOptions = {}): ShadowReport {
  const meter = options.meter ?? makeMeter(DEFAULT_STEPS_PER_REPORT);
  const stepsPerRule = options.stepsPerRule ?? DEFAULT_STEPS_PER_RULE;
  const { shadowed, empty, undecided, alive } = shadowedRules(compiled, meter, stepsPerRule);
  const judge = makeJudge(compiled.rules);
  const shadows = shadowed.map((index) => explain(compiled, index, alive, stepsPerRule, meter, judge));
  const names = (indexes: readonly number[]): readonly string[] => indexes.map((i) => compiled.rules[i]!.id);
  return { shadows, empty: names(empty), undecided: names(undecided), steps: meter.steps };
}

function explain(
  compiled: CompiledRules,
  index: number,
  alive: Alive,
  stepsPerRule: number,
  meter: Meter,
  judge: Judge,
): Shadow {
  const rule = compiled.rules[index]!;
  const covering = minimalCover(compiled, index, alive);
  const own = ownMeter(meter, stepsPerRule);
  const { same, blocker } = effects(compiled, index, covering, alive, own, judge);
  meter.steps += own.steps;
  return {
    rule: rule.id,
    index,
    kind: blocker === null ? "same" : same ? "mixed" : "other",
    cover: covering.map((i) => compiled.rules[i]!.id),
    blocker: blocker && { rule: compiled.rules[blocker.index]!.id, example: blocker.example },
  };
}

// Greedy: the covering rules of one proof, less each one that turns out not to be needed.
function minimalCover(compiled: CompiledRules, index: number, alive: Alive): readonly number[] {
  const queries = new Map<number, Int32Array[]>();
  const needed = new Set<number>();
  for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]!; e++) {
    const g = compiled.entryGroup[e]!;
    const group = compiled.groups[g]!;
    const used: number[] = [];
    const query = ranksOf(group, compiled.entryBox[e]!);
    const filter: Filter = { from: 0, before: firstBoxOf(group, index), alive: alive.all[g]! };
    cover(group.tree, query, filter, makeMeter(Infinity), used);
    queries.set(g, [...(queries.get(g) ?? []), query]);
    for (const k of used) needed.add(group.rule[k]!);
  }
  if (needed.size === 1) return [...needed];
  const checks = [...queries].map(([g, list]) => smallCover(compiled, g, list, [...needed]));
  // The last rules first: what stays is then what stands highest, where a reader looks first.
  for (const candidate of [...needed].sort((x, y) => y - x)) {
    needed.delete(candidate);
    if (!checks.every((isCovered) => isCovered(needed))) needed.add(candidate);
  }
  return [...needed].sort((x, y) => x - y);
}

// All boxes of the rules of one proof in a tree of their own: the big one would be walked for nothing.
function smallCover(compiled: CompiledRules, g: number, queries: readonly Int32Array[], rules: readonly number[]) {
  const group = compiled.groups[g]!;
  const boxes: number[] = [];
  for (const rule of rules) {
    for (let e = compiled.ruleStart[rule]!; e < compiled.ruleStart[rule + 1]!; e++) {
      if (compiled.entryGroup[e] === g) boxes.push(compiled.entryBox[e]!);
    }
  }
  const coords = new Int32Array(boxes.length * ENDS);
  boxes.forEach((k, place) => coords.set(ranksOf(group, k), place * ENDS));
  const tree = buildTree(coords, boxes.length);
  return (kept: ReadonlySet<number>): boolean => {
    const alive = Uint8Array.from(boxes, (k) => (kept.has(group.rule[k]!) ? 1 : 0));
    const filter: Filter = { from: 0, before: boxes.length, alive };
    return queries.every((query) => cover(tree, query, filter, makeMeter(Infinity)) === "covered");
  };
}

type Judge = ReturnType<typeof makeJudge>;

interface Effects {
  same: boolean;
  blocker: { index: number; example: Packet } | null;
}

// Which actions the packets of a shadowed rule really get: the covering rules are asked first, then all the others.
// A budget that ends here leaves the kind as far as it is known.
function effects(
  compiled: CompiledRules,
  index: number,
  covering: readonly number[],
  alive: Alive,
  meter: Meter,
  judge: Judge,
): Effects {
  const action = compiled.rules[index]!.action;
  const isLikely = new Set(covering);
  const seen: Effects = { same: false, blocker: null };
  for (const phase of ["covering", "others"]) {
    for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]! && !(seen.same && seen.blocker); e++) {
      const g = compiled.entryGroup[e]!;
      const group = compiled.groups[g]!;
      const box = ranksOf(group, compiled.entryBox[e]!);
      // What its own action does is found at once or not at all; then only the others are left to look at.
      const mask: Uint8Array = seen.same ? alive.not[action][g]! : alive.all[g]!;
      const filter: Filter = { from: 0, before: firstBoxOf(group, index), alive: mask };
      visitOverlaps(group.tree, box, filter, meter, (k) => {
        const other = group.rule[k]!;
        const isSame = compiled.rules[other]!.action === action;
        if (isLikely.has(other) !== (phase === "covering") || (isSame ? seen.same : seen.blocker))
          return isSpent(meter);
        const clip = clipRanks(box, ranksOf(group, k));
        const before: Filter = { from: 0, before: firstBoxOf(group, other), alive: alive.all[g]! };
        if (cover(group.tree, clip, before, meter) === "uncovered") {
          if (isSame) seen.same = true;
          else seen.blocker = { index: other, example: exampleAt(compiled, group, clip, other, judge) };
        }
        return (seen.same && seen.blocker !== null) || isSpent(meter);
      });
    }
  }
  return seen;
}

function exampleAt(compiled: CompiledRules, group: Group, clip: Int32Array, decider: number, judge: Judge): Packet {
  const example = readablePacket(cellOf(group, readRanks(group.space, clip, 0), uncoveredPoint));
  const found = judge(example);
  if (found !== decider) {
    throw new EngineDefect(`${formatPacket(example)} is decided by rule ${compiled.rules[found]?.id ?? "(none)"}`);
  }
  return example;
}
