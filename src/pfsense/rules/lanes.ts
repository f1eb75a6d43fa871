import { segmentOf, segmentOfNumber, startsOf, type Interval } from "../../core/intervals.ts";
import type { Family } from "../../core/ip.ts";
import type { Box, Slice } from "../../policy/engine/types.ts";

/** A packet ready to be looked up: IPv4 addresses and all small fields are numbers, IPv6 addresses bigints. */
export interface Flow {
  readonly family: Family;
  readonly slice: Slice;
  readonly src: number | bigint;
  readonly dst: number | bigint;
  readonly a: number;
  readonly b: number;
}

/** The index of the first entry that holds the flow, or -1. */
export type Matcher = (flow: Flow) => number;

const SLICES: readonly Slice[] = ["tcp", "udp", "icmp", "other"];

/**
 * Prepares a list for many flows. For each dimension a bit vector per segment says which entries hold it; the first bit
 * that all four have in common is the answer (Lakshman and Stiliadis, SIGCOMM 1998). One bit stands for a whole product
 * of sets, not for one box, so that an alias of ten thousand networks costs segments and not rules: memory is
 * segments × entries / 8 bytes.
 */
export function makeMatcher(entries: readonly { readonly boxes: readonly Box[] }[]): Matcher {
  const lanes = new Map<Slice, readonly [Lane, Lane]>();
  for (const slice of SLICES) lanes.set(slice, [makeLane(entries, 4, slice), makeLane(entries, 6, slice)]);
  const tcp = lanes.get("tcp")!;
  const udp = lanes.get("udp")!;
  const icmp = lanes.get("icmp")!;
  const other = lanes.get("other")!;
  return (flow) => {
    const both = flow.slice === "tcp" ? tcp : flow.slice === "udp" ? udp : flow.slice === "icmp" ? icmp : other;
    return lookUp(flow.family === 4 ? both[0] : both[1], flow);
  };
}

interface Lane {
  readonly src: Axis;
  readonly dst: Axis;
  readonly a: Axis;
  readonly b: Axis;
  readonly words: number;
  /** Words of words: 32 masks are summed up in each. */
  readonly groups: number;
  /** The entry that each bit stands for. */
  readonly entry: readonly number[];
}

interface Axis {
  /** Sorted starts of the segments; one of the two is used. */
  readonly numbers: Float64Array;
  readonly bigs: readonly bigint[];
  /** `words` words for each segment. */
  readonly masks: Uint32Array;
  /** `groups` words for each segment: which of its words are not zero. */
  readonly groups: Uint32Array;
}

interface Product {
  readonly entry: number;
  readonly src: readonly Interval[];
  readonly dst: readonly Interval[];
  readonly a: readonly Interval[];
  readonly b: readonly Interval[];
}

function lookUp(lane: Lane, flow: Flow): number {
  const { words, groups } = lane;
  if (words === 0) return -1;
  const s = segmentOn(lane.src, flow.src);
  const d = segmentOn(lane.dst, flow.dst);
  const x = segmentOn(lane.a, flow.a);
  const y = segmentOn(lane.b, flow.b);
  const [ms, md, mx, my] = [lane.src.masks, lane.dst.masks, lane.a.masks, lane.b.masks];
  for (let g = 0; g < groups; g++) {
    // One bit for each word that is not zero on all sides: a list of thousands is mostly skipped.
    let some =
      lane.src.groups[s * groups + g]! &
      lane.dst.groups[d * groups + g]! &
      lane.a.groups[x * groups + g]! &
      lane.b.groups[y * groups + g]!;
    while (some !== 0) {
      const w = g * 32 + 31 - Math.clz32(some & -some);
      const bits = ms[s * words + w]! & md[d * words + w]! & mx[x * words + w]! & my[y * words + w]!;
      if (bits !== 0) return lane.entry[w * 32 + 31 - Math.clz32(bits & -bits)]!;
      some &= some - 1;
    }
  }
  return -1;
}

function segmentOn(axis: Axis, value: number | bigint): number {
  return typeof value === "number" ? segmentOfNumber(axis.numbers, value) : segmentOf(axis.bigs, value);
}

function makeLane(entries: readonly { readonly boxes: readonly Box[] }[], family: Family, slice: Slice): Lane {
  const products = entries.flatMap((e, i) =>
    productsOf(
      e.boxes.filter((b) => b.family === family && b.slice === slice),
      i,
    ),
  );
  const words = Math.ceil(products.length / 32);
  const groups = Math.ceil(words / 32);
  const axis = (name: "src" | "dst" | "a" | "b"): Axis => {
    const bigs = startsOf(products.flatMap((p) => p[name]));
    const masks = new Uint32Array(bigs.length * words);
    products.forEach((p, k) => {
      for (const i of p[name]) {
        const to = segmentOf(bigs, i.hi);
        for (let s = segmentOf(bigs, i.lo); s <= to; s++) masks[s * words + (k >> 5)]! |= 1 << (k & 31);
      }
    });
    const sums = new Uint32Array(bigs.length * groups);
    masks.forEach((mask, at) => {
      const [segment, word] = [Math.floor(at / words), at % words];
      if (mask !== 0) sums[segment * groups + (word >> 5)]! |= 1 << (word & 31);
    });
    const isBig = family === 6 && (name === "src" || name === "dst");
    return {
      numbers: isBig ? new Float64Array() : Float64Array.from(bigs, Number),
      bigs: isBig ? bigs : [],
      masks,
      groups: sums,
    };
  };
  const entry = products.map((p) => p.entry);
  return { src: axis("src"), dst: axis("dst"), a: axis("a"), b: axis("b"), words, groups, entry };
}

/** One product when the boxes are all combinations of their sides, as rules make them; else one for each box. */
function productsOf(boxes: readonly Box[], entry: number): readonly Product[] {
  const filled = boxes.filter((b) => [b.src, b.dst, b.a, b.b].every((i) => i.lo <= i.hi));
  if (filled.length === 0) return [];
  const sides = {
    src: distinct(filled, "src"),
    dst: distinct(filled, "dst"),
    a: distinct(filled, "a"),
    b: distinct(filled, "b"),
  };
  // Distinct combinations that are as many as there could be are all of them.
  const count = sides.src.length * sides.dst.length * sides.a.length * sides.b.length;
  const combinations = new Set(filled.map((b) => `${key(b.src)} ${key(b.dst)} ${key(b.a)} ${key(b.b)}`));
  if (combinations.size === count) return [{ entry, ...sides }];
  return filled.map((b) => ({ entry, src: [b.src], dst: [b.dst], a: [b.a], b: [b.b] }));
}

const key = (i: Interval): string => `${i.lo}-${i.hi}`;

const distinct = (boxes: readonly Box[], side: "src" | "dst" | "a" | "b"): readonly Interval[] => [
  ...new Map(boxes.map((b) => [key(b[side]), b[side]])).values(),
];
