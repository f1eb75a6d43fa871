import { ranksOf } from "./engine/compile.ts";
import { intersect, type Box, type CompiledRules, type Meter } from "./engine/index.ts";
import { remainder } from "./engine/fragments.ts";
import { readRanks } from "./engine/space.ts";
import { isSpent, overlapping, type Filter } from "./engine/tree.ts";

/**
 * What rule `index` of a first-match list decides: its boxes without those of the rules before it, as disjoint boxes.
 * @param within only the part inside this box
 * @returns null when the budget of pieces or steps ended first
 */
export function decidedBy(
  compiled: CompiledRules,
  index: number,
  meter: Meter,
  maxFragments: number,
  within?: Box,
): readonly Box[] | null {
  const out: Box[] = [];
  for (let e = compiled.ruleStart[index]!; e < compiled.ruleStart[index + 1]!; e++) {
    const group = compiled.groups[compiled.entryGroup[e]!]!;
    const k = compiled.entryBox[e]!;
    const ranks = ranksOf(group, k);
    const filter: Filter = { from: 0, before: k, alive: group.alive };
    // The rule's own earlier boxes are cut away too, so that what comes out is disjoint.
    const earlier = overlapping(group.tree, ranks, filter, meter).map((j) => ranksOf(group, j));
    const left = isSpent(meter) ? null : remainder(ranks, earlier, maxFragments - out.length, meter);
    if (left === null) return null;
    for (const piece of left) {
      const box = readRanks(group.space, piece, 0);
      const clipped = within ? intersect(box, within) : box;
      if (clipped) out.push(clipped);
    }
  }
  return out;
}
