import { makeMeter, type Budgeted } from "./budget.ts";
import { isInhabited, realBoxes } from "./boxes.ts";
import { firstBoxOf, groupOf, type CompiledRules, type Group } from "./compile.ts";
import { writeRanks } from "./space.ts";
import { ENDS, isSpent, overlapping, type Filter, type Meter } from "./tree.ts";
import type { Box } from "./types.ts";

/*
 * Who decides? The list is walked from its first rule, as the router does, with the whole box instead of one packet: what
 * a rule takes is cut away, what is left goes on. One walk tells every rule that decides something, where `cover` would
 * ask about each of them; but it holds all that is left at once, so it is for boxes that few rules cut to pieces.
 */

export interface DecidersOptions extends Budgeted {
  /** The list without its first so many rules; all of it when absent. */
  readonly from?: number;
}

/** The position of the default action among those of the rules. */
export const BY_DEFAULT = -1;

/** Pieces that are held at once; a box that is cut to more is better asked about rule by rule. */
const MAX_PIECES = 512;

/**
 * The positions of the rules that decide some packet of the boxes, {@link BY_DEFAULT} where none does. Exact.
 * @returns undefined when the pieces become too many or the meter's limit comes first
 */
export function deciders(
  boxes: readonly Box[],
  compiled: CompiledRules,
  options: DecidersOptions = {},
): ReadonlySet<number> | undefined {
  const meter = options.meter ?? makeMeter();
  const out = new Set<number>();
  const ranks = new Int32Array(ENDS);
  for (const given of boxes) {
    if (!isInhabited(given)) continue;
    const group = groupOf(compiled, given);
    const filter: Filter = { from: firstBoxOf(group, options.from ?? 0), before: group.count, alive: group.alive };
    for (const box of realBoxes(given)) {
      if (isSpent(meter)) return undefined;
      writeRanks(group.space, box, ranks, 0);
      if (!walk(group, ranks, filter, meter, out)) return undefined;
    }
  }
  return out;
}

let pieces = new Int32Array(MAX_PIECES * ENDS);
let left = new Int32Array(MAX_PIECES * ENDS);

// False when there is no room for what is left.
function walk(group: Group, box: Int32Array, filter: Filter, meter: Meter, out: Set<number>): boolean {
  const { coords, rule } = group;
  pieces.set(box);
  let count = 1;
  for (const k of overlapping(group.tree, box, filter, meter)) {
    const at = k * ENDS;
    let kept = 0;
    let isMet = false;
    for (let p = 0; p < count * ENDS; p += ENDS) {
      if (isApart(pieces, p, coords, at)) {
        if (kept === MAX_PIECES) return false;
        for (let e = 0; e < ENDS; e++) left[kept * ENDS + e] = pieces[p + e]!;
        kept++;
        continue;
      }
      isMet = true;
      if (kept + ENDS > MAX_PIECES) return false;
      kept = cut(p, coords, at, kept);
    }
    meter.steps += count;
    if (!isMet) continue;
    out.add(rule[k]!);
    [pieces, left] = [left, pieces];
    count = kept;
    if (count === 0) return true;
  }
  out.add(BY_DEFAULT);
  return true;
}

function isApart(x: Int32Array, p: number, y: Int32Array, q: number): boolean {
  for (let d = 0; d < ENDS; d += 2) if (x[p + d]! > y[q + d + 1]! || x[p + d + 1]! < y[q + d]!) return true;
  return false;
}

// Writes what is left of piece `p` without box `at` after the `kept` pieces that are left already; returns their number.
function cut(p: number, coords: Int32Array, at: number, kept: number): number {
  let n = kept;
  for (let d = 0; d < ENDS; d += 2) {
    const lo = coords[at + d]!;
    const hi = coords[at + d + 1]!;
    if (lo > pieces[p + d]!) {
      for (let e = 0; e < ENDS; e++) left[n * ENDS + e] = pieces[p + e]!;
      left[n * ENDS + d + 1] = lo - 1;
      pieces[p + d] = lo;
      n++;
    }
    if (hi < pieces[p + d + 1]!) {
      for (let e = 0; e < ENDS; e++) left[n * ENDS + e] = pieces[p + e]!;
      left[n * ENDS + d] = hi + 1;
      pieces[p + d + 1] = hi;
      n++;
    }
  }
  return n;
}
