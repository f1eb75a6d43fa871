import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeRules, type Family } from "../../../bench/policy/classbench.ts";
import { plant } from "../../../bench/policy/planted.ts";
import {
  compile,
  countPackets,
  decide,
  equivalent,
  findRedundant,
  findShadows,
  makeDecider,
  passing,
  semanticDiff,
  type Packet,
  type Rule,
} from "../../../src/policy/engine/index.ts";
import { buildDiagram, countDiagram, DiagramForest, sameDiagrams } from "../../../src/policy/engine/idd.ts";

/*
 * The same questions to two engines that share only their types, on lists with the shape of real ones.
 */

const FAMILIES: readonly Family[] = ["acl1", "fw1", "fw4", "ipc1"];

const lists = fc
  .record({ family: fc.constantFrom(...FAMILIES), seed: fc.nat(10_000), count: fc.integer({ min: 2, max: 30 }) })
  .map(({ family, seed, count }) => makeRules(family, count, seed));

// The list with one rule gone, one turned and two swapped.
function edit(rules: readonly Rule[], at: number): readonly Rule[] {
  const out = rules.toSpliced(at % rules.length, 1);
  const [first, last] = [out[0], out.at(-1)];
  if (!first || !last || first === last) return out;
  const turned: Rule = { ...last, action: last.action === "pass" ? "reject" : "pass" };
  return at % 2 === 0 ? [turned, ...out.slice(1, -1), first] : [...out.slice(1), first];
}

describe("the engine of boxes and the decision diagram", () => {
  it("agree on whether two lists differ", () => {
    fc.assert(
      fc.property(lists, fc.nat(100), (rules, at) => {
        const other = edit(rules, at);
        expect(equivalent(rules, other).kind).toBe(sameDiagrams(rules, other) ? "proven" : "refuted");
      }),
      { numRuns: 60 },
    );
  });

  it("count the same packets that pass, and that start or stop to pass", () => {
    fc.assert(
      fc.property(lists, fc.nat(100), (rules, at) => {
        const other = edit(rules, at);
        const count = (list: readonly Rule[]): bigint =>
          countDiagram(buildDiagram(new DiagramForest(), list, 4, "tcp"), ["pass"]);
        const sum = (boxes: readonly { slice: string }[]): bigint =>
          (boxes as Parameters<typeof countPackets>[0][])
            .filter((b) => b.slice === "tcp")
            .reduce((n, b) => n + countPackets(b), 0n);
        expect(sum(passing(compile(rules))!)).toBe(count(rules));
        const diff = semanticDiff(rules, other);
        const starts = sum(diff.starts.flatMap((r) => r.boxes));
        const stops = sum(diff.stops.flatMap((r) => r.boxes));
        expect(count(rules) + starts - stops).toBe(count(other));
      }),
      { numRuns: 25 },
    );
  });

  it("agree that a list without its redundant rules is the same list", () => {
    fc.assert(
      fc.property(lists, (rules) => {
        const gone = new Set(findRedundant(compile(rules)).redundant.map((r) => r.index));
        expect(
          sameDiagrams(
            rules,
            rules.filter((_, i) => !gone.has(i)),
          ),
        ).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe("on larger lists of the same shape", () => {
  it("every planted shadow is found, contained or united, and none is undecided", () => {
    for (const family of FAMILIES) {
      const { rules, contained, united } = plant(makeRules(family, 1000), 20);
      const report = findShadows(compile(rules));
      const found = new Map(report.shadows.map((s) => [s.rule, s]));
      expect([...contained, ...united].filter((id) => !found.has(id))).toEqual([]);
      expect(report.undecided).toEqual([]);
    }
  });

  it("a list of 1,000 without its redundant rules decides the corner of every rule alike", () => {
    for (const family of FAMILIES) {
      const rules = makeRules(family, 1000);
      const gone = new Set(findRedundant(compile(rules)).redundant.map((r) => r.index));
      const left = rules.filter((_, i) => !gone.has(i));
      const packets = rules.map((r): Packet => {
        const { src, dst, a, b, ...rest } = r.boxes[0]!;
        return { ...rest, src: src.lo, dst: dst.hi, a: a.hi, b: b.lo };
      });
      const fast = makeDecider(left);
      for (const p of packets) expect(fast(p).action).toBe(decide(rules, p, "block").action);
    }
  });
});
