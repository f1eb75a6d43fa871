import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interval, makeBox } from "../../../src/policy/engine/boxes.ts";
import { makeDecider } from "../../../src/policy/engine/decider.ts";
import { decide, firstMatch, makeJudge } from "../../../src/policy/engine/interpret.ts";
import type { Packet, Rule } from "../../../src/policy/engine/types.ts";
import { arbitraryRules, packetsOf, worldBox, WORLDS } from "./small-world.ts";

describe("the fast decider", () => {
  it("decides every packet as the linear interpreter does, by the same rule", () => {
    for (const world of WORLDS) {
      fc.assert(
        fc.property(arbitraryRules(world, 40), fc.constantFrom("pass", "block", "reject"), (rules, byDefault) => {
          const fast = makeDecider(rules, byDefault);
          const judge = makeJudge(rules);
          for (const p of packetsOf(worldBox(world))) {
            expect(fast(p)).toEqual(decide(rules, p, byDefault));
            expect(judge(p)).toBe(firstMatch(rules, p));
          }
        }),
        { numRuns: 20 },
      );
    }
  });

  it("finds rule 32, 33 and 65 alike: bits run over words", () => {
    const rules = Array.from({ length: 70 }, (_, k): Rule => ({
      id: `p${k}`,
      action: "pass",
      boxes: [makeBox(6, "udp", { b: interval(k) })],
    }));
    const fast = makeDecider(rules);
    const packet = (b: number): Packet => ({ family: 6, slice: "udp", src: 1n, dst: 2n, a: 3n, b: BigInt(b) });
    for (const k of [0, 31, 32, 33, 63, 64, 65]) expect(fast(packet(k)).rule).toBe(`p${k}`);
    expect(fast(packet(70))).toEqual({ action: "block", rule: null });
  });
});
