import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  complement,
  holds,
  holdsAll,
  holdsValue,
  intersect,
  isSame,
  keyOf,
  meet,
  normalise,
  overlap,
  segmentOf,
  segmentOfNumber,
  shared,
  startsOf,
  subtract,
  type Interval,
  type Intervals,
} from "../../src/core/intervals.ts";

/* A universe small enough to look at every number: what the arithmetic says is compared with sets of numbers. */

const SIZE = 24;
const UNIVERSE = Array.from({ length: SIZE }, (_, n) => BigInt(n));
const WHOLE: Interval = { lo: 0n, hi: BigInt(SIZE - 1) };

const member = fc.bigInt(0n, WHOLE.hi);
/** One in two is upside down, and holds nothing. */
const anyInterval = fc.record({ lo: member, hi: member });
const interval = fc.tuple(member, member).map(([x, y]): Interval => (x < y ? { lo: x, hi: y } : { lo: y, hi: x }));
const pile = fc.array(anyInterval, { maxLength: 8 });
const set = pile.map((intervals) => normalise(intervals));

const numbersOf = (intervals: readonly Interval[]): readonly bigint[] =>
  UNIVERSE.filter((n) => intervals.some((i) => i.lo <= n && n <= i.hi));

/** The one form of a set, taken from its numbers one by one. */
function formOf(numbers: readonly bigint[]): Intervals {
  const out: { lo: bigint; hi: bigint }[] = [];
  for (const n of numbers) {
    const last = out.at(-1);
    if (last?.hi === n - 1n) last.hi = n;
    else out.push({ lo: n, hi: n });
  }
  return out;
}

/** Judged over many values; what the judgement returns says nothing. */
function check<T extends unknown[]>(
  values: { [K in keyof T]: fc.Arbitrary<T[K]> },
  judge: (...values: T) => void,
): void {
  const property = fc.property(fc.tuple(...values), (tuple) => {
    judge(...(tuple as T));
  });
  fc.assert(property, { numRuns: 500 });
}

describe("two intervals", () => {
  test("hold, overlap and share the numbers that they do one by one", () => {
    check([interval, interval, member], (x, y, n) => {
      const both = numbersOf([x]).filter((v) => numbersOf([y]).includes(v));
      expect(holds(x, n)).toBe(numbersOf([x]).includes(n));
      expect(holdsAll(x, y)).toBe(both.length === numbersOf([y]).length);
      expect(overlap(x, y)).toBe(both.length > 0);
      if (both.length > 0) expect(numbersOf([shared(x, y)])).toEqual(both);
    });
  });

  test("what they share is one of them, where that lies in the other", () => {
    const [wide, narrow] = [
      { lo: 1n, hi: 9n },
      { lo: 2n, hi: 3n },
    ];
    expect(shared(wide, narrow)).toBe(narrow);
    expect(shared(narrow, wide)).toBe(narrow);
  });
});

describe("sets", () => {
  test("have one form, whatever they were made of", () => {
    check([pile], (intervals) => expect(normalise(intervals)).toEqual(formOf(numbersOf(intervals))));
  });

  test("are left as they are when they are in that form", () => {
    check([set], (s) => expect(normalise(s)).toBe(s));
  });

  test("meet, differ and are complemented as sets of numbers are", () => {
    check([set, set], (x, y) => {
      const [inX, inY] = [numbersOf(x), numbersOf(y)];
      expect(intersect(x, y)).toEqual(formOf(inX.filter((n) => inY.includes(n))));
      expect(meet(x, y)).toBe(inX.some((n) => inY.includes(n)));
      expect(subtract(x, y)).toEqual(formOf(inX.filter((n) => !inY.includes(n))));
      expect(complement(x, WHOLE)).toEqual(formOf(UNIVERSE.filter((n) => !inX.includes(n))));
    });
  });

  test("hold what they hold, and are the same when their numbers are", () => {
    check([set, set, member], (x, y, n) => {
      const areSame = numbersOf(x).join() === numbersOf(y).join();
      expect(holdsValue(x, n)).toBe(numbersOf(x).includes(n));
      expect(isSame(x, y)).toBe(areSame);
      expect(keyOf(x) === keyOf(y)).toBe(areSame);
    });
  });

  test("keep what an interval carries in the pieces made of it", () => {
    const labelled = [{ lo: 1n, hi: 9n, label: "a" }];
    expect(subtract(labelled, [{ lo: 4n, hi: 5n }])).toEqual([
      { lo: 1n, hi: 3n, label: "a" },
      { lo: 6n, hi: 9n, label: "a" },
    ]);
    expect(intersect(labelled, [{ lo: 0n, hi: 2n }])).toEqual([{ lo: 1n, hi: 2n, label: "a" }]);
  });

  test("a complement stays inside what it is a complement in", () => {
    expect(complement([{ lo: 0n, hi: 4n }], { lo: 2n, hi: 8n })).toEqual([{ lo: 5n, hi: 8n }]);
    expect(complement([{ lo: 0n, hi: 9n }], { lo: 2n, hi: 8n })).toEqual([]);
  });
});

describe("segments", () => {
  test("no interval begins or ends inside one", () => {
    check([fc.array(interval, { maxLength: 8 }), member, member], (intervals, x, y) => {
      const starts = startsOf(intervals);
      if (segmentOf(starts, x) !== segmentOf(starts, y)) return;
      for (const i of intervals) expect(holds(i, x)).toBe(holds(i, y));
    });
  });

  test("a value lies in the last that starts at or before it, as bigint and as number", () => {
    check([fc.array(interval, { maxLength: 8 }), member], (intervals, value) => {
      const starts = startsOf(intervals);
      const last = starts.findLastIndex((start) => start <= value);
      expect(segmentOf(starts, value)).toBe(last);
      expect(segmentOfNumber(Float64Array.from(starts, Number), Number(value))).toBe(last);
    });
  });
});
