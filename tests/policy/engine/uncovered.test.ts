import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interval, isInBox, makeBox } from "../../../src/policy/engine/boxes.ts";
import { makeMeter } from "../../../src/policy/engine/budget.ts";
import { compile } from "../../../src/policy/engine/compile.ts";
import { matches } from "../../../src/policy/engine/interpret.ts";
import type { Rule } from "../../../src/policy/engine/types.ts";
import { uncovered } from "../../../src/policy/engine/uncovered.ts";
import { arbitraryBox, arbitraryRules, packetsOf, WORLDS } from "./small-world.ts";

const PHANTOMS = new Set([1n, 6n, 17n]);

describe("uncovered", () => {
  for (const world of WORLDS) {
    it(`agrees with looking at every packet (${world.slice}, IPv${world.family}, ${world.size} values a field)`, () => {
      fc.assert(
        fc.property(arbitraryRules(world), arbitraryBox(world), fc.nat(8), (rules, box, upTo) => {
          const limit = Math.min(upTo, rules.length);
          const verdict = uncovered(box, compile(rules), { upTo: limit });
          const open = [...packetsOf(box)].filter(
            (p) =>
              !(world.slice === "other" && PHANTOMS.has(p.a)) &&
              !rules.slice(0, limit).some((rule) => matches(rule, p)),
          );
          expect(verdict.kind).toBe(open.length === 0 ? "proven" : "refuted");
          if (verdict.kind === "refuted") expect(open).toContainEqual(verdict.witness);
        }),
        { numRuns: 400 },
      );
    });
  }

  it("counts only the rules that it is told to count", () => {
    const world = WORLDS[0]!;
    fc.assert(
      fc.property(arbitraryRules(world), arbitraryBox(world), (rules, box) => {
        const verdict = uncovered(box, compile(rules), { only: ["pass"] });
        const permits = rules.filter((r) => r.action === "pass");
        const isOpen = [...packetsOf(box)].some((p) => !permits.some((rule) => matches(rule, p)));
        expect(verdict.kind).toBe(isOpen ? "refuted" : "proven");
      }),
    );
  });

  it("finds that two halves of a port range cover it, and names the port between when they do not meet", () => {
    const rule = (id: string, lo: number, hi: number): Rule => ({
      id,
      action: "pass",
      boxes: [makeBox(4, "tcp", { b: interval(lo, hi) })],
    });
    const box = makeBox(4, "tcp", { b: interval(100, 200) });
    expect(uncovered(box, compile([rule("low", 0, 150), rule("high", 151, 65535)]))).toEqual({ kind: "proven" });
    const verdict = uncovered(box, compile([rule("low", 0, 149), rule("high", 151, 65535)]));
    expect(verdict).toMatchObject({ kind: "refuted", witness: { b: 150n, a: 49152n } });
  });

  it("answers undecided, never proven, when its budget ends", () => {
    const world = WORLDS[0]!;
    fc.assert(
      fc.property(arbitraryRules(world), arbitraryBox(world), fc.nat(60), (rules, box, limit) => {
        const exact = uncovered(box, compile(rules));
        const bounded = uncovered(box, compile(rules), { meter: makeMeter(limit) });
        if (bounded.kind !== "undecided") expect(bounded.kind).toBe(exact.kind);
      }),
    );
    const never = uncovered(
      makeBox(4, "tcp", {}),
      compile([{ id: "all", action: "pass", boxes: [makeBox(4, "tcp", {})] }]),
      {
        meter: makeMeter(0),
      },
    );
    expect(never.kind).toBe("undecided");
  });

  it("does not invent packets of a protocol that has its own slice", () => {
    const rules: Rule[] = [
      {
        id: "all but icmp, tcp, udp",
        action: "pass",
        boxes: [
          makeBox(4, "other", { a: interval(0) }),
          makeBox(4, "other", { a: interval(2, 5) }),
          makeBox(4, "other", { a: interval(7, 16) }),
          makeBox(4, "other", { a: interval(18, 255) }),
        ],
      },
    ];
    expect(uncovered(makeBox(4, "other", {}), compile(rules))).toEqual({ kind: "proven" });
  });

  it("gives the same witness each time, and one that is in the box", () => {
    const world = WORLDS[1]!;
    fc.assert(
      fc.property(arbitraryRules(world), arbitraryBox(world), (rules, box) => {
        const first = uncovered(box, compile(rules));
        expect(uncovered(box, compile(rules))).toEqual(first);
        if (first.kind === "refuted") expect(isInBox(box, first.witness)).toBe(true);
      }),
    );
  });

  it("throws a defect when the interpreter does not confirm its witness", () => {
    const rules: Rule[] = [{ id: "web", action: "pass", boxes: [makeBox(4, "tcp", { b: interval(80) })] }];
    const broken = compile(rules);
    // The copy that the engine looks at loses its only box; the rules that the interpreter reads keep it.
    for (const group of broken.groups) group.alive.fill(0);
    expect(() => uncovered(makeBox(4, "tcp", { b: interval(80) }), broken)).toThrow(/is matched by rule web/);
  });
});
