import { segmentOf, segmentOfNumber, startsOf } from "../../core/intervals.ts";
import type { Family } from "../../core/ip.ts";
import { DIMENSIONS, fullInterval, makeBox, type Dimension } from "./boxes.ts";
import type { Box, Interval, Packet, Slice } from "./types.ts";

/*
 * Rank compression. Whatever the rules say, they only distinguish the values at which some interval starts or ends.
 * Between two neighbouring cuts every packet is treated alike, so a value is replaced by the number of its segment:
 * a small integer for ports and for 128-bit addresses alike.
 */

/** The segments of one dimension: segment k runs from `starts[k]` to `starts[k + 1] - 1`, the last to `max`. */
export interface Axis {
  readonly starts: Float64Array | readonly bigint[];
  readonly length: number;
  readonly max: bigint;
}

/** The four axes of one family and slice. */
export interface Space {
  readonly family: Family;
  readonly slice: Slice;
  readonly axes: readonly [Axis, Axis, Axis, Axis];
}

// Above this a number is not exact as a double; IPv4 and everything smaller is.
const EXACT = 1n << 53n;

function makeAxis(boxes: readonly Box[], d: Dimension, full: Interval): Axis {
  if (full.hi < EXACT) {
    const values = new Float64Array(2 * boxes.length + 1);
    const max = Number(full.hi);
    let n = 1;
    for (const box of boxes) {
      const hi = Number(box[d].hi);
      values[n++] = Number(box[d].lo);
      values[n++] = hi < max ? hi + 1 : 0;
    }
    values.sort();
    let kept = 1;
    for (let k = 1; k < n; k++) if (values[k] !== values[kept - 1]) values[kept++] = values[k]!;
    return { starts: values.slice(0, kept), length: kept, max: full.hi };
  }
  const starts = startsOf(boxes.map((box) => box[d])).filter((start) => start <= full.hi);
  return { starts, length: starts.length, max: full.hi };
}

/** Cuts the space of one family and slice at the ends of the given boxes, which are all of that family and slice. */
export function makeSpace(family: Family, slice: Slice, boxes: readonly Box[]): Space {
  const axis = (d: Dimension): Axis => makeAxis(boxes, d, fullInterval(family, slice, d));
  return { family, slice, axes: [axis("src"), axis("dst"), axis("a"), axis("b")] };
}

/** The segment in which a value lies. */
function rankOf({ starts }: Axis, value: bigint): number {
  return starts instanceof Float64Array ? segmentOfNumber(starts, Number(value)) : segmentOf(starts, value);
}

const startOf = (axis: Axis, rank: number): bigint => BigInt(axis.starts[rank]!);
const endOf = (axis: Axis, rank: number): bigint =>
  rank + 1 < axis.length ? BigInt(axis.starts[rank + 1]!) - 1n : axis.max;

/**
 * Writes a box as ranks, `[lo, hi]` for each of the four dimensions, into `out` from `at`.
 * A box whose ends are no cuts is widened to whole segments; what the rules do there does not change by that.
 */
export function writeRanks(space: Space, box: Box, out: Int32Array, at: number): void {
  for (let d = 0; d < 4; d++) {
    const axis = space.axes[d]!;
    const i = box[DIMENSIONS[d]!];
    out[at + 2 * d] = rankOf(axis, i.lo);
    out[at + 2 * d + 1] = rankOf(axis, i.hi);
  }
}

/** The box of exact numbers that ranks stand for, clipped to `within` when the ranks came from that box. */
export function readRanks(space: Space, ranks: Int32Array, at: number, within?: Box): Box {
  const part = (d: number): Interval => {
    const axis = space.axes[d]!;
    const lo = startOf(axis, ranks[at + 2 * d]!);
    const hi = endOf(axis, ranks[at + 2 * d + 1]!);
    if (!within) return { lo, hi };
    const clip = within[DIMENSIONS[d]!];
    return { lo: lo > clip.lo ? lo : clip.lo, hi: hi < clip.hi ? hi : clip.hi };
  };
  return makeBox(space.family, space.slice, { src: part(0), dst: part(1), a: part(2), b: part(3) });
}

/** The cell of a packet, as a point of four ranks. */
export function writePoint(space: Space, packet: Packet, out: Int32Array): void {
  for (let d = 0; d < 4; d++) out[d] = rankOf(space.axes[d]!, packet[DIMENSIONS[d]!]);
}
