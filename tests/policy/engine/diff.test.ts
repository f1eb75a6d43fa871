import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rangeOf, parseNetwork } from "../../../src/core/ip.ts";
import { countPackets, everything, interval, intersect, isInBox, makeBox } from "../../../src/policy/engine/boxes.ts";
import { makeMeter } from "../../../src/policy/engine/budget.ts";
import { longestCommon } from "../../../src/policy/engine/changed.ts";
import { equivalent, semanticDiff } from "../../../src/policy/engine/diff.ts";
import { sameDiagrams } from "../../../src/policy/engine/idd.ts";
import { decide } from "../../../src/policy/engine/interpret.ts";
import { boxesOfProduct, mergeBoxes } from "../../../src/policy/engine/merge.ts";
import type { Action, Box, Rule } from "../../../src/policy/engine/types.ts";
import { arbitraryBox, arbitraryRules, packetsOf, worldBox, WORLDS } from "./small-world.ts";

const net = (text: string) => {
  const { lo, hi } = rangeOf(parseNetwork(text)!.network);
  return { lo, hi };
};
const USERS = net("192.168.30.0/24");
const DMZ = net("192.168.40.0/24");
const SERVERS = net("192.168.20.0/24");
const LABELS = [
  { name: "users", family: 4 as const, ...USERS },
  { name: "dmz", family: 4 as const, ...DMZ },
  { name: "servers", family: 4 as const, ...SERVERS },
];
const tcp = (id: string, action: Action, src: Box["src"], dst: Box["dst"], ...ports: number[]): Rule => ({
  id,
  action,
  boxes: ports.map((p) => makeBox(4, "tcp", { src, dst, b: interval(p) })),
});

// Edits as people make them: a list with some rules gone, some new and some moved.
const edited = (world: (typeof WORLDS)[number]) =>
  fc
    .tuple(arbitraryRules(world, 6), arbitraryRules(world, 3), fc.nat(6), fc.nat(6), fc.boolean())
    .map(([before, extra, at, gone, isMoved]) => {
      const after = before.toSpliced(gone, 1);
      after.splice(at, 0, ...extra);
      if (isMoved && after.length > 1) after.push(after.shift()!);
      return { before, after };
    });

describe("the semantic difference", () => {
  for (const world of WORLDS) {
    it(`is exactly the packets that fare differently (${world.slice}, IPv${world.family})`, () => {
      fc.assert(
        fc.property(edited(world), ({ before, after }) => {
          const diff = semanticDiff(before, after);
          expect(diff.undecided).toEqual([]);
          for (const p of packetsOf(worldBox(world))) {
            if (world.slice === "other" && [1n, 6n, 17n].includes(p.a)) continue;
            const was = decide(before, p, "block").action;
            const is = decide(after, p, "block").action;
            const rows = (list: typeof diff.starts): number =>
              list.filter((row) => row.boxes.some((b) => isInBox(b, p))).length;
            expect(rows(diff.starts)).toBe(was !== "pass" && is === "pass" ? 1 : 0);
            expect(rows(diff.stops)).toBe(was === "pass" && is !== "pass" ? 1 : 0);
            expect(rows(diff.changes)).toBe(was !== is && was !== "pass" && is !== "pass" ? 1 : 0);
          }
          for (const row of [...diff.starts, ...diff.stops, ...diff.changes]) {
            expect(row.boxes.some((b) => isInBox(b, row.example))).toBe(true);
            expect(row.rulesBefore).toContain(row.before.rule);
            expect(row.rulesAfter).toContain(row.after.rule);
          }
        }),
        { numRuns: 50 },
      );
    });
  }

  it("agrees with the decision diagram on whether there is one", () => {
    for (const world of WORLDS) {
      fc.assert(
        fc.property(edited(world), fc.constantFrom<Action>("pass", "block"), ({ before, after }, defaultAction) => {
          const verdict = equivalent(before, after, { defaultAction });
          expect(verdict.kind).toBe(sameDiagrams(before, after, defaultAction) ? "proven" : "refuted");
        }),
        { numRuns: 150 },
      );
    }
  });

  it("of one new row is one row, named as the plan names it, with an example", () => {
    const before = [tcp("dns", "pass", USERS, SERVERS, 53)];
    const after = [...before, tcp("web", "pass", USERS, DMZ, 80, 443)];
    const diff = semanticDiff(before, after, { labels: LABELS });
    expect(diff).toMatchObject({
      starts: [
        {
          text: "users -> dmz tcp 80, tcp 443",
          example: { src: USERS.lo + 1n, dst: DMZ.lo + 1n, b: 80n },
          before: { action: "block", rule: null },
          after: { action: "pass", rule: "web" },
        },
      ],
      stops: [],
      changes: [],
    });
  });

  it("joins sources and protocols of many rules into one row", () => {
    const any = (src: Box["src"], dst: Box["dst"]): Rule => ({
      id: `${src.lo}`,
      action: "pass",
      boxes: everything(4).map((b) => ({ ...b, src, dst })),
    });
    const diff = semanticDiff([any(USERS, DMZ), any(SERVERS, DMZ)], [], { labels: LABELS });
    expect(diff.stops.map((r) => r.text)).toEqual(["servers, users -> dmz any protocol"]);
  });

  it("of a re-ordering without effect has no row, and of one with effect names the flows", () => {
    const allow = tcp("allow", "pass", USERS, DMZ, 22, 80);
    const deny = tcp("deny", "block", USERS, DMZ, 22);
    const apart = tcp("apart", "block", SERVERS, DMZ, 22);
    expect(semanticDiff([allow, apart], [apart, allow])).toEqual({ starts: [], stops: [], changes: [], undecided: [] });
    expect(semanticDiff([allow, deny], [deny, allow], { labels: LABELS }).stops.map((r) => r.text)).toEqual([
      "users -> dmz tcp 22",
    ]);
  });

  it("tells a silent block from a reject as a change of its own", () => {
    const diff = semanticDiff([tcp("x", "block", USERS, DMZ, 22)], [tcp("x", "reject", USERS, DMZ, 22)]);
    expect([diff.starts.length, diff.stops.length, diff.changes.length]).toEqual([0, 0, 1]);
    expect(diff.changes[0]).toMatchObject({ before: { action: "block" }, after: { action: "reject" } });
  });

  it("sees a changed default where no rule decides", () => {
    const rules = [tcp("x", "block", USERS, DMZ, 22)];
    const diff = semanticDiff(rules, rules, { defaultAction: "block", defaultActionAfter: "pass" });
    expect(diff.starts.some((row) => row.boxes.some((b) => b.family === 6))).toBe(true);
    expect(diff.starts.every((row) => row.boxes.every((b) => !intersect(b, rules[0]!.boxes[0]!)))).toBe(true);
  });

  it("proves two routers equal whose rules differ only in their ids, without looking at a box", () => {
    const a = [tcp("a1", "pass", USERS, DMZ, 80), tcp("a2", "block", USERS, DMZ, 22)];
    const b = a.map((r) => ({ ...r, id: r.id.replace("a", "b") }));
    expect(equivalent(a, b, { meter: makeMeter(0) })).toEqual({ kind: "proven" });
  });

  it("says where it is undecided when the budget ends", () => {
    const before = [tcp("x", "pass", USERS, DMZ, 22)];
    expect(semanticDiff(before, [], { meter: makeMeter(0) }).undecided).toHaveLength(1);
    expect(equivalent(before, [], { meter: makeMeter(0) }).kind).toBe("undecided");
  });
});

describe("merging", () => {
  it("keeps the union and gives disjoint products", () => {
    for (const world of WORLDS) {
      fc.assert(
        fc.property(fc.array(arbitraryBox(world), { maxLength: 8 }), (boxes) => {
          const merged = mergeBoxes(boxes).flatMap(boxesOfProduct);
          for (const p of packetsOf(worldBox(world))) {
            if (world.slice === "other" && [1n, 6n, 17n].includes(p.a)) continue;
            const times = merged.filter((b) => isInBox(b, p)).length;
            expect(times).toBe(boxes.some((b) => isInBox(b, p)) ? 1 : 0);
          }
        }),
        { numRuns: 50 },
      );
    }
  });

  it("does not depend on how the pieces were cut", () => {
    const whole = makeBox(4, "tcp", { src: USERS, dst: DMZ, b: interval(80, 90) });
    const cut = [
      { ...whole, b: interval(80, 84) },
      { ...whole, b: interval(85, 90), src: { lo: USERS.lo, hi: USERS.lo + 9n } },
      { ...whole, b: interval(85, 90), src: { lo: USERS.lo + 10n, hi: USERS.hi } },
    ];
    expect(mergeBoxes(cut)).toEqual(mergeBoxes([whole]));
    expect(
      mergeBoxes(cut)
        .flatMap(boxesOfProduct)
        .reduce((n, b) => n + countPackets(b), 0n),
    ).toBe(countPackets(whole));
  });
});

describe("the common rules of two lists", () => {
  it("are a common subsequence, and all of them when the lists are equal", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b", "c", "d")),
        fc.array(fc.constantFrom("a", "b", "c", "d")),
        (x, y) => {
          const pairs = longestCommon(x, y);
          pairs.forEach(([i, j], k) => {
            expect(x[i]).toBe(y[j]);
            if (k > 0) expect(pairs[k - 1]![0] < i && pairs[k - 1]![1] < j).toBe(true);
          });
          expect(longestCommon(x, x)).toHaveLength(x.length);
        },
      ),
    );
  });
});
