import { DEFAULT_FRAGMENTS, makeMeter, type Budgeted } from "./budget.ts";
import { everything, intersect, realBoxes } from "./boxes.ts";
import { groupOf, ranksOf, type CompiledRules } from "./compile.ts";
import { remainder } from "./fragments.ts";
import { readRanks, writeRanks } from "./space.ts";
import { ENDS, isSpent, overlapping, type Filter } from "./tree.ts";
import type { Action, Box } from "./types.ts";

export interface EnumerateOptions extends Budgeted {
  /** Only inside these boxes; everywhere when absent. They must not overlap. */
  readonly within?: readonly Box[];
  readonly actions?: readonly Action[];
  readonly maxFragments?: number;
}

/**
 * What really passes (or gets another of `actions`): disjoint boxes, in the order of the rules.
 * @returns null when the budget of pieces or steps ended first
 */
export function passing(compiled: CompiledRules, options: EnumerateOptions = {}): readonly Box[] | null {
  const meter = options.meter ?? makeMeter();
  const actions = options.actions ?? ["pass"];
  const cap = options.maxFragments ?? DEFAULT_FRAGMENTS;
  const within = options.within ?? everything();
  const out: Box[] = [];
  for (const region of within.flatMap(realBoxes)) {
    const group = groupOf(compiled, region);
    const all: Filter = { from: 0, before: group.count, alive: group.alive };
    const query = new Int32Array(ENDS);
    writeRanks(group.space, region, query, 0);
    const near = overlapping(group.tree, query, all, meter);
    // A rule's own earlier boxes are cut away too, so that what comes out is disjoint.
    const sources = near.filter((k) => actions.includes(compiled.rules[group.rule[k]!]!.action));
    for (const k of sources) {
      const ranks = ranksOf(group, k);
      const earlier = overlapping(group.tree, ranks, { ...all, before: k }, meter).map((j) => ranksOf(group, j));
      const left = isSpent(meter) ? null : remainder(ranks, earlier, cap - out.length, meter);
      if (left === null) return null;
      add(left, region);
    }
    if (actions.includes(compiled.defaultAction)) {
      const left = isSpent(meter)
        ? null
        : remainder(
            query,
            near.map((k) => ranksOf(group, k)),
            cap - out.length,
            meter,
          );
      if (left === null) return null;
      add(left, region);
    }
    function add(pieces: readonly Int32Array[], to: Box): void {
      for (const piece of pieces) {
        const box = intersect(readRanks(group.space, piece, 0), to);
        if (box) out.push(box);
      }
    }
  }
  return out;
}
