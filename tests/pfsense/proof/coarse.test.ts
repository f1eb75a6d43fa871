import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interval, isInBox, makeBox, type Box } from "../../../src/policy/engine/index.ts";
import { coarseFor, makeLens } from "../../../src/pfsense/proof/coarse.ts";
import { makeRanges, type Ranges } from "../../../src/policy/ranges.ts";

// Addresses 0 to 7 and the last of the family, so that both ends of the space are met.
const VALUES = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, (1n << 32n) - 1n];
const anInterval = fc
  .tuple(fc.constantFrom(...VALUES), fc.constantFrom(...VALUES))
  .map(([x, y]) => interval(x < y ? x : y, x < y ? y : x));
const someRanges: fc.Arbitrary<Ranges> = fc
  .array(anInterval, { maxLength: 4 })
  .map((list) => makeRanges(list.map((i) => ({ family: 4 as const, ...i }))));
const aBox: fc.Arbitrary<Box> = fc
  .record({ src: anInterval, dst: anInterval, b: fc.constantFrom(interval(80), interval(80, 81)) })
  .map((parts) => makeBox(4, "tcp", parts));

const holds = (set: Ranges, value: bigint): boolean => set.some((r) => r.lo <= value && value <= r.hi);

describe("coarse boxes", () => {
  it("hold what the boxes hold, of all that is asked about, and are no more than those", () => {
    fc.assert(
      fc.property(fc.array(aBox, { maxLength: 6 }), someRanges, someRanges, (boxes, from, to) => {
        const coarse = coarseFor(from, to)(boxes);
        expect(coarse.length).toBeLessThanOrEqual(boxes.length);
        for (const src of VALUES.filter((v) => holds(from, v))) {
          for (const dst of VALUES.filter((v) => holds(to, v))) {
            for (const b of [80n, 81n, 82n]) {
              const packet = { family: 4 as const, slice: "tcp" as const, src, dst, a: 1n, b };
              expect(coarse.some((box) => isInBox(box, packet))).toBe(boxes.some((box) => isInBox(box, packet)));
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are one where only a gap that nobody asks about lies between them", () => {
    const of = (src: bigint, dst: bigint): Box => makeBox(4, "tcp", { src: interval(src), dst: interval(dst) });
    const asked = (...values: bigint[]): Ranges => values.map((v) => ({ family: 4, lo: v, hi: v }));
    const boxes = [of(1n, 1n), of(1n, 5n), of(5n, 1n), of(5n, 5n)];
    expect(coarseFor(asked(1n, 5n), asked(1n, 5n))(boxes)).toHaveLength(1);
    expect(coarseFor(asked(1n, 5n), asked(1n, 3n, 5n))(boxes)).toHaveLength(2);
  });
});

describe("a lens", () => {
  const countOf = (set: Ranges): bigint => set.reduce((n, r) => n + r.hi - r.lo + 1n, 0n);
  /** The first numbers of a world, and its last. */
  const numbersOf = (set: Ranges): readonly bigint[] => {
    const count = countOf(set);
    return [...VALUES.slice(0, 8).filter((v) => v < count), ...(count > 8n ? [count - 1n] : [])];
  };

  it("shows of the boxes what is asked about, and tells the packet behind each of its own", () => {
    fc.assert(
      fc.property(fc.array(aBox, { maxLength: 6 }), someRanges, someRanges, (boxes, from, to) => {
        const lens = makeLens(from, to);
        const seen = lens.boxes(boxes);
        for (const src of numbersOf(from)) {
          for (const dst of numbersOf(to)) {
            for (const b of [80n, 81n, 82n]) {
              const packet = { family: 4 as const, slice: "tcp" as const, src, dst, a: 1n, b };
              const real = lens.real(packet);
              expect(holds(from, real.src) && holds(to, real.dst)).toBe(true);
              expect(seen.some((box) => isInBox(box, packet))).toBe(boxes.some((box) => isInBox(box, real)));
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("has no packet beyond its last", () => {
    const one: Ranges = [{ family: 4, lo: 7n, hi: 7n }];
    const packet = { family: 4 as const, slice: "tcp" as const, src: 1n, dst: 0n, a: 1n, b: 80n };
    expect(() => makeLens(one, one).real(packet)).toThrow(RangeError);
  });
});
