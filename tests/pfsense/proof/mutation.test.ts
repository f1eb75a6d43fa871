import { describe, expect, test } from "vitest";
import { emitted, labPlan } from "./lab.ts";
import { judge, mutationsOf } from "./mutations.ts";

const plan = labPlan();
const router = "rtr-a";
const before = emitted(plan, router);
const all = mutationsOf(before);
const isFull = process.env["MAQUETTE_FULL"] === "1";
// One in so many, spread over all rules and kinds of change.
const STRIDE = 37;
const chosen = all.filter((_, i) => isFull || i % STRIDE === 0);

describe("one wrong step in the lab's file", () => {
  test(
    "is caught with a packet, or changes nothing",
    () => {
      const counts = { caught: 0, equivalent: 0, missed: 0 };
      const missed: string[] = [];
      for (const mutation of chosen) {
        const verdict = judge(plan, router, before, mutation);
        counts[verdict]++;
        if (verdict === "missed") missed.push(mutation.name);
      }
      expect(missed).toEqual([]);
      expect(counts.caught).toBeGreaterThan(chosen.length / 3);
    },
    isFull ? 900_000 : 60_000,
  );
});
