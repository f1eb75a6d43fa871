import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countPackets,
  everything,
  fullBox,
  interval,
  intersect,
  isInBox,
  makeBox,
} from "../../../src/policy/engine/boxes.ts";
import { compile } from "../../../src/policy/engine/compile.ts";
import { buildDiagram, countDiagram, DiagramForest } from "../../../src/policy/engine/idd.ts";
import { decide } from "../../../src/policy/engine/interpret.ts";
import { makeMeter } from "../../../src/policy/engine/budget.ts";
import { passing } from "../../../src/policy/engine/passing.ts";
import { always, excess, holds, never } from "../../../src/policy/engine/questions.ts";
import type { Rule } from "../../../src/policy/engine/types.ts";
import { arbitraryBox, arbitraryRules, packetsOf, WORLDS } from "./small-world.ts";

const WORLD = WORLDS[0]!;

describe("questions about a list", () => {
  it("holds exactly when every packet of the row passes, whatever the default", () => {
    fc.assert(
      fc.property(
        arbitraryRules(WORLD),
        arbitraryBox(WORLD),
        fc.constantFrom("pass", "block"),
        (rules, row, byDefault) => {
          const verdict = holds([row], compile(rules, { defaultAction: byDefault }));
          const stopped = [...packetsOf(row)].filter((p) => decide(rules, p, byDefault).action !== "pass");
          expect(verdict.kind).toBe(stopped.length === 0 ? "proven" : "refuted");
          if (verdict.kind === "refuted") expect(stopped).toContainEqual(verdict.witness);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("never and always are each other's mirror", () => {
    fc.assert(
      fc.property(arbitraryRules(WORLD), arbitraryBox(WORLD), (rules, box) => {
        const compiled = compile(rules);
        const passes = [...packetsOf(box)].map((p) => decide(rules, p, "block").action === "pass");
        expect(never([box], compiled).kind).toBe(passes.some(Boolean) ? "refuted" : "proven");
        expect(always([box], compiled, ["pass"]).kind).toBe(passes.every(Boolean) ? "proven" : "refuted");
        const rejects = [...packetsOf(box)].some((p) => decide(rules, p, "block").action === "reject");
        expect(never([box], compiled, ["reject"]).kind).toBe(rejects ? "refuted" : "proven");
      }),
      { numRuns: 300 },
    );
  });

  it("excess is a packet that passes and that no row allows", () => {
    fc.assert(
      fc.property(arbitraryRules(WORLD), fc.array(arbitraryBox(WORLD), { maxLength: 4 }), (rules, allowed) => {
        const verdict = excess(rules, allowed);
        const surplus = rules
          .flatMap((r) => r.boxes)
          .flatMap((b) => [...packetsOf(b)])
          .filter((p) => decide(rules, p, "block").action === "pass" && !allowed.some((a) => isInBox(a, p)));
        expect(verdict.kind).toBe(surplus.length === 0 ? "proven" : "refuted");
        if (verdict.kind === "refuted") expect(surplus).toContainEqual(verdict.witness);
      }),
      { numRuns: 200 },
    );
  });

  it("passing is disjoint, and holds as many packets as the decision diagram counts", () => {
    for (const world of WORLDS) {
      fc.assert(
        fc.property(arbitraryRules(world), fc.constantFrom("pass", "block"), (rules, byDefault) => {
          const boxes = passing(compile(rules, { defaultAction: byDefault }), {
            within: [fullBox(world.family, world.slice)],
          })!;
          const diagram = buildDiagram(new DiagramForest(), rules, world.family, world.slice, byDefault);
          expect(boxes.reduce((n, b) => n + countPackets(b), 0n)).toBe(countDiagram(diagram));
          expect(boxes.some((x, i) => boxes.some((y, j) => i < j && intersect(x, y)))).toBe(false);
        }),
        { numRuns: 150 },
      );
    }
  });

  it("an open rule set lets everything pass, in IPv6 too", () => {
    const open: Rule[] = [{ id: "any", action: "pass", boxes: everything() }];
    expect(holds(everything(), compile(open))).toEqual({ kind: "proven" });
    expect(excess(open, everything())).toEqual({ kind: "proven" });
    expect(excess(open, everything(4))).toMatchObject({ kind: "refuted", witness: { family: 6 } });
  });

  it("answers undecided when the budget ends, and null where it would have to enumerate", () => {
    const rules: Rule[] = [{ id: "any", action: "pass", boxes: everything() }];
    expect(holds(everything(), compile(rules), { meter: makeMeter(1) }).kind).toBe("undecided");
    expect(excess(rules, everything(), { meter: makeMeter(1) }).kind).toBe("undecided");
    expect(passing(compile(rules), { meter: makeMeter(0) })).toBeNull();
    expect(passing(compile(rules), { maxFragments: 1 })).toBeNull();
  });

  it("throws a defect when the interpreter sees the witness pass after all", () => {
    const rules: Rule[] = [{ id: "web", action: "pass", boxes: [makeBox(4, "tcp", { b: interval(80) })] }];
    const broken = compile(rules);
    for (const group of broken.groups) group.alive.fill(0);
    expect(() => holds(rules[0]!.boxes, broken)).toThrow(/decided by web as wanted/);
  });
});
