import { coveringAt, ENDS, isSpent, type Filter, type Meter, type Tree } from "./tree.ts";

/*
 * The primitive, in ranks: is a box covered by a union of boxes? Look at the lowest corner of what is left; when no
 * box holds it, it is the answer. Otherwise take the box that holds it and covers most, cut that away (at most four
 * pieces remain, because both start at the same corner) and go on with the pieces. Exponential in the four
 * dimensions only, and stopped by the meter. The stack holds at most four pieces a level, never a list of candidates.
 */

export type Cover = "covered" | "uncovered" | "spent";

/** The point that `cover` found last; valid only right after it answered "uncovered". */
export const uncoveredPoint = new Int32Array(4);

let stack = new Int32Array(ENDS * 1024);
const piece = new Int32Array(ENDS);
const corner = new Int32Array(4);

/**
 * @param box ranks `[lo, hi] × 4`, not changed
 * @param used when given, receives the numbers of the boxes that were cut away: together they cover `box`
 *   when the answer is "covered"
 * @returns "spent" when the meter's limit was reached first
 */
export function cover(tree: Tree, box: Int32Array, filter: Filter, meter: Meter, used?: number[]): Cover {
  if (!used && isOpenAtSomeCorner(tree, box, filter, meter)) return "uncovered";
  stack.set(box, 0);
  let top = ENDS;
  while (top > 0) {
    if (isSpent(meter)) return "spent";
    top -= ENDS;
    for (let d = 0; d < ENDS; d++) piece[d] = stack[top + d]!;
    for (let d = 0; d < 4; d++) corner[d] = piece[2 * d]!;
    const found = coveringAt(tree, corner, piece, filter, meter);
    if (found < 0) {
      uncoveredPoint.set(corner);
      return "uncovered";
    }
    used?.push(found);
    top = pushRemainder(tree, found, top);
  }
  return "covered";
}

// Where in tree order a box stands; filled on the first use of a tree.
const places = new WeakMap<Tree, Int32Array>();

function placeOf(tree: Tree, item: number): number {
  let place = places.get(tree);
  if (!place) {
    place = new Int32Array(tree.count);
    for (let k = 0; k < tree.count; k++) place[tree.order[k]!] = k;
    places.set(tree, place);
  }
  return place[item]!;
}

// Pushes what is left of `piece` without box `item`, which holds its lowest corner.
function pushRemainder(tree: Tree, item: number, from: number): number {
  const at = placeOf(tree, item) * ENDS;
  let top = from;
  if (top + 4 * ENDS > stack.length) {
    const wider = new Int32Array(stack.length * 2);
    wider.set(stack);
    stack = wider;
  }
  for (let d = 1; d < ENDS; d += 2) {
    const hi = tree.boxes[at + d]!;
    if (hi >= piece[d]!) continue;
    for (let e = 0; e < ENDS; e++) stack[top + e] = piece[e]!;
    stack[top + d - 1] = hi + 1;
    top += ENDS;
    piece[d] = hi;
  }
  return top;
}

const probe = new Int32Array(4);

// Most boxes that are not covered show it at one of their sixteen corners; a few look-ups save the cutting.
function isOpenAtSomeCorner(tree: Tree, box: Int32Array, filter: Filter, meter: Meter): boolean {
  for (let mask = 0; mask < 16; mask++) {
    let isRepeat = false;
    for (let d = 0; d < 4; d++) {
      const isHigh = ((mask >> d) & 1) === 1;
      if (isHigh && box[2 * d] === box[2 * d + 1]) isRepeat = true;
      probe[d] = box[2 * d + (isHigh ? 1 : 0)]!;
    }
    if (isRepeat) continue;
    const found = coveringAt(tree, probe, box, filter, meter);
    if (found < 0) {
      uncoveredPoint.set(probe);
      return true;
    }
    if (containsAll(tree, found, box)) return false;
  }
  return false;
}

/** True when box number `item` of the tree contains the whole of `box`. */
function containsAll(tree: Tree, item: number, box: Int32Array): boolean {
  const at = placeOf(tree, item) * ENDS;
  for (let d = 0; d < ENDS; d += 2) {
    if (tree.boxes[at + d]! > box[d]! || tree.boxes[at + d + 1]! < box[d + 1]!) return false;
  }
  return true;
}
