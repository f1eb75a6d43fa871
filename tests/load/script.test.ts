import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endOf, KINDS, scriptOf, type Action } from "../../src/load/script.ts";

const days = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  minutes: fc.integer({ min: 1, max: 30 }),
  count: fc.integer({ min: 2, max: 20 }),
});
const peopleOf = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `p${n}`);
const dayOf = (d: { seed: number; minutes: number; count: number }): readonly Action[] =>
  scriptOf(d.seed, d.minutes, peopleOf(d.count));

describe("the script of a day", () => {
  test("of the same seed is the same day, and of another one another", () => {
    fc.assert(
      fc.property(days, (d) => {
        expect(dayOf(d)).toEqual(dayOf(d));
      }),
    );
    expect(dayOf({ seed: 1, minutes: 5, count: 10 })).not.toEqual(dayOf({ seed: 2, minutes: 5, count: 10 }));
  });

  test("has everybody do each kind of thing", () => {
    fc.assert(
      fc.property(days, (d) => {
        const day = dayOf(d);
        for (const who of peopleOf(d.count))
          expect(new Set(day.filter((a) => a.who === who).map((a) => a.kind))).toEqual(new Set(KINDS));
      }),
    );
  });

  test("gives nobody two things to do at once: who calls and who is called are both free", () => {
    fc.assert(
      fc.property(days, (d) => {
        const day = dayOf(d);
        for (const who of peopleOf(d.count)) {
          const own = day.filter((a) => a.who === who || (a.kind === "call" && a.to === who));
          own.slice(1).forEach((a, i) => expect(a.atMs).toBeGreaterThanOrEqual(endOf(own[i]!)));
        }
      }),
    );
  });

  test("sends and calls somebody else, one of those who work", () => {
    fc.assert(
      fc.property(days, (d) => {
        const people = peopleOf(d.count);
        for (const { who, to, kind } of dayOf(d)) {
          if (kind !== "send" && kind !== "call") expect(to).toBeNull();
          else expect(people.filter((p) => p !== who)).toContain(to);
        }
      }),
    );
  });

  test("of ten people is as long as was asked, and some more for what was begun", () => {
    for (const minutes of [1, 5, 20]) {
      const ends = Math.max(...scriptOf(7, minutes, peopleOf(10)).map(endOf));
      expect(ends).toBeGreaterThan(minutes * 60_000 * 0.7);
      expect(ends).toBeLessThan(minutes * 60_000 + 60_000);
    }
  });
});
