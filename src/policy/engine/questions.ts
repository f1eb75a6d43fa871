import { makeMeter, type Budgeted, type Meter } from "./budget.ts";
import { everything, formatPacket, intersect, isInhabited, realBoxes } from "./boxes.ts";
import { compile, firstBoxOf, groupOf, ranksOf, type CompiledRules } from "./compile.ts";
import { EngineDefect } from "./defect.ts";
import { clipRanks } from "./fragments.ts";
import { decide, matches } from "./interpret.ts";
import { readRanks, writeRanks } from "./space.ts";
import { ENDS, visitOverlaps, type Filter } from "./tree.ts";
import type { Action, Box, Packet, Rule, Verdict } from "./types.ts";
import { uncoveredRanks } from "./uncovered.ts";

/**
 * Does the list give one of `actions` to every packet of `boxes`?
 * Exact: it does not when some rule of another action meets the boxes where no earlier rule decides, or the default
 * (when it is another action) is left anything.
 * @throws EngineDefect when the linear interpreter does not confirm the witness
 */
export function always(
  boxes: readonly Box[],
  compiled: CompiledRules,
  actions: readonly Action[],
  options: Budgeted = {},
): Verdict {
  const meter = options.meter ?? makeMeter();
  for (const box of boxes.flatMap(realBoxes)) {
    if (!isInhabited(box)) continue;
    const found = otherwise(box, compiled, (action) => actions.includes(action), meter);
    if (found === "spent") return { kind: "undecided", steps: meter.steps };
    if (found === null) continue;
    const decision = decide(compiled.rules, found, compiled.defaultAction);
    if (actions.includes(decision.action)) {
      throw new EngineDefect(`${formatPacket(found)} is decided by ${decision.rule ?? "the default"} as wanted`);
    }
    return { kind: "refuted", witness: found };
  }
  return { kind: "proven" };
}

// A packet of the box that gets an action which is not wanted.
function otherwise(
  box: Box,
  compiled: CompiledRules,
  isWanted: (action: Action) => boolean,
  meter: Meter,
): Packet | null | "spent" {
  const group = groupOf(compiled, box);
  const all: Filter = { from: 0, before: group.count, alive: group.alive };
  const ranks = new Int32Array(ENDS);
  writeRanks(group.space, box, ranks, 0);
  if (!isWanted(compiled.defaultAction)) {
    const found = uncoveredRanks(group, ranks, () => box, all, meter);
    if (found !== null) return found;
  }
  let found: Packet | null | "spent" = null;
  visitOverlaps(group.tree, ranks, all, meter, (k) => {
    const index = group.rule[k]!;
    if (isWanted(compiled.rules[index]!.action)) return false;
    const clip = clipRanks(ranks, ranksOf(group, k));
    const exact = (): Box => intersect(readRanks(group.space, clip, 0), box)!;
    found = uncoveredRanks(group, clip, exact, { ...all, before: firstBoxOf(group, index) }, meter);
    return found !== null;
  });
  return found;
}

/** Does a row of the flow table hold: does everything in its boxes pass? */
export const holds = (boxes: readonly Box[], compiled: CompiledRules, options: Budgeted = {}): Verdict =>
  always(boxes, compiled, ["pass"], options);

const ALL_ACTIONS: readonly Action[] = ["pass", "block", "reject"];

/** An invariant: no packet of `boxes` gets one of `actions` (that it passes, unless said otherwise). */
export const never = (
  boxes: readonly Box[],
  compiled: CompiledRules,
  actions: readonly Action[] = ["pass"],
  options: Budgeted = {},
): Verdict =>
  always(
    boxes,
    compiled,
    ALL_ACTIONS.filter((a) => !actions.includes(a)),
    options,
  );

/**
 * Does anything pass that no row allows? Refuted with a packet that passes outside `allowed`.
 * The allowed boxes are put before the rules: what a permit still matches then is the excess.
 */
export function excess(
  rules: readonly Rule[],
  allowed: readonly Box[],
  options: Budgeted & { readonly defaultAction?: Action } = {},
): Verdict {
  const meter = options.meter ?? makeMeter();
  const defaultAction = options.defaultAction ?? "block";
  const allow: Rule = { id: "allowed", action: "block", boxes: allowed };
  const verdict = never(everything(), compile([allow, ...rules], { defaultAction }), ["pass"], { meter });
  if (verdict.kind !== "refuted") return verdict;
  const { witness } = verdict;
  if (matches(allow, witness) || decide(rules, witness, defaultAction).action !== "pass") {
    throw new EngineDefect(`${formatPacket(witness)} is no excess`);
  }
  return verdict;
}
