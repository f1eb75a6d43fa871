import { compile, realBoxes, SLICES, uncovered } from "../../../policy/engine/index.ts";
import type { Meter } from "../../../policy/engine/index.ts";
import type { Box, Interval } from "../../../policy/engine/types.ts";

/*
 * Whether two unions of boxes are one set of packets. A rule nearly always is, slice by slice, every combination of its
 * sources, destinations and services; two such products are the same set exactly when their sides are. Everything
 * else is asked of the engine. Shares no code with what writes the conditions for nft.
 */

type Side = "src" | "dst" | "a" | "b";
const SIDES: readonly Side[] = ["src", "dst", "a", "b"];

/** A set of packets in a form that can be compared. */
export interface Shape {
  readonly boxes: readonly Box[];
  /** The sides of every product by family and slice; undefined where some slice is no product. */
  readonly text: string | undefined;
}

export function shapeOf(boxes: readonly Box[]): Shape {
  const real = boxes.flatMap(realBoxes).filter((b) => SIDES.every((s) => b[s].lo <= b[s].hi));
  const texts: string[] = [];
  for (const family of [4, 6] as const) {
    for (const slice of SLICES) {
      const own = real.filter((b) => b.family === family && b.slice === slice);
      if (own.length === 0) continue;
      const product = productText(own);
      if (product === undefined) return { boxes: real, text: undefined };
      texts.push(`${family} ${slice} ${product}`);
    }
  }
  return { boxes: real, text: texts.join("; ") };
}

/** The sides, when the boxes are all their combinations. */
function productText(boxes: readonly Box[]): string | undefined {
  const distinct = SIDES.map((s) => new Set(boxes.map((b) => keyOf(b[s]))).size);
  const combinations = new Set(boxes.map((b) => SIDES.map((s) => keyOf(b[s])).join(" ")));
  if (combinations.size !== distinct.reduce((n, d) => n * d, 1)) return undefined;
  return SIDES.map((s) => joined(boxes.map((b) => b[s]))).join(" | ");
}

const keyOf = (i: Interval): string => `${i.lo}-${i.hi}`;

/** The union of intervals, in order, neighbours joined: one text for one set. */
function joined(intervals: readonly Interval[]): string {
  const sorted = [...intervals].sort((x, y) => (x.lo < y.lo ? -1 : x.lo > y.lo ? 1 : 0));
  const out: { lo: bigint; hi: bigint }[] = [];
  for (const { lo, hi } of sorted) {
    const last = out.at(-1);
    if (last && lo <= last.hi + 1n) last.hi = hi > last.hi ? hi : last.hi;
    else out.push({ lo, hi });
  }
  return out.map(keyOf).join();
}

/** A "no" may be wrong where one set is written as products and the other is not; a "yes" never is. */
export function isSameSet(x: Shape, y: Shape, meter: Meter): boolean {
  if (x.text !== undefined || y.text !== undefined) return x.text === y.text;
  return isWithin(x.boxes, y.boxes, meter) && isWithin(y.boxes, x.boxes, meter);
}

function isWithin(inner: readonly Box[], outer: readonly Box[], meter: Meter): boolean {
  const compiled = compile([{ id: "outer", action: "pass", boxes: outer }]);
  return inner.every((box) => uncovered(box, compiled, { meter }).kind === "proven");
}
