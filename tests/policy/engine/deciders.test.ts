import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interval, makeBox } from "../../../src/policy/engine/boxes.ts";
import { makeMeter } from "../../../src/policy/engine/budget.ts";
import { compile } from "../../../src/policy/engine/compile.ts";
import { BY_DEFAULT, deciders } from "../../../src/policy/engine/deciders.ts";
import { firstMatch } from "../../../src/policy/engine/interpret.ts";
import type { Rule } from "../../../src/policy/engine/types.ts";
import { arbitraryBox, arbitraryRules, packetsOf, WORLDS } from "./small-world.ts";

const PHANTOMS = new Set([1n, 6n, 17n]);

describe("deciders", () => {
  for (const world of WORLDS) {
    it(`are the first matches of all packets (${world.slice}, IPv${world.family}, ${world.size} values a field)`, () => {
      fc.assert(
        fc.property(
          arbitraryRules(world),
          fc.array(arbitraryBox(world), { maxLength: 3 }),
          fc.nat(8),
          (rules, boxes, skipped) => {
            const from = Math.min(skipped, rules.length);
            const tail = rules.slice(from);
            const packets = boxes
              .flatMap((box) => [...packetsOf(box)])
              .filter((p) => !(world.slice === "other" && PHANTOMS.has(p.a)));
            const matches = packets.map((p) => firstMatch(tail, p)).map((i) => (i < 0 ? BY_DEFAULT : i + from));
            expect(deciders(boxes, compile(rules), { from })).toEqual(new Set(matches));
          },
        ),
        { numRuns: 400 },
      );
    });
  }

  it("are not told when the budget ends", () => {
    const rules: Rule[] = [{ id: "web", action: "pass", boxes: [makeBox(4, "tcp", { b: interval(80) })] }];
    expect(deciders([makeBox(4, "tcp", {})], compile(rules), { meter: makeMeter(-1) })).toBeUndefined();
  });

  it("are not told when a box would be cut to more pieces than there is room for", () => {
    const rules = Array.from({ length: 2000 }, (_, k): Rule => {
      const odd = interval(2 * k + 1);
      return { id: `${k}`, action: "pass", boxes: [makeBox(4, "tcp", { src: odd, dst: odd, b: odd })] };
    });
    expect(deciders([makeBox(4, "tcp", {})], compile(rules))).toBeUndefined();
    expect(deciders([makeBox(4, "tcp", { b: interval(1, 4) })], compile(rules))).toEqual(new Set([0, 1, BY_DEFAULT]));
  });
});
