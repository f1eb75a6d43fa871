import { describe, expect, it } from "vitest";

import { newTally, tryFiles, tryPlans, tryRouters, type Tally } from "../../../bench/pfsense/generated.ts";
import { mutantsOf } from "../../../bench/pfsense/mutate.ts";
import { WORLD } from "../../../bench/pfsense/world.ts";
import { shown } from "../../../src/core/text.ts";
import { emitConfig } from "../../../src/pfsense/emit/index.ts";
import { diffConfigs } from "../../../src/pfsense/proof/diff.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { isSame } from "../../../src/policy/diff/index.ts";
import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { labPlan } from "./lab.ts";

/* A seeded share of `npm run bench pfsense`, which tries a thousand. */
const SEED = 20_261_130;

const tallyOf = (work: (tally: Tally) => void): Tally => {
  const tally = newTally();
  work(tally);
  return tally;
};

describe("files and plans with one change each", () => {
  it("fare the same by the proof, the batch decider and the interpreter, from a hand-made file", () => {
    const tally = tallyOf((t) => tryFiles(WORLD, 16, SEED, 120, t));
    expect(tally.found).toEqual([]);
    expect(tally.packets).toBeGreaterThan(1_000);
  }, 120_000);

  it("are refuted by packets that the batch decider confirms, from a router of the lab", () => {
    const plan = labPlan();
    const xml = shown(emitConfig(plan, "rtr-a"));
    expect(tallyOf((t) => tryRouters(plan, "rtr-a", xml, 4, SEED, t)).found).toEqual([]);
  }, 120_000);

  it("are what they say when they can be written, from the lab's plan", () => {
    const tally = tallyOf((t) => tryPlans(6, SEED, 60, t));
    expect(tally.found).toEqual([]);
    expect(tally.files).toBeGreaterThan(tally.refused);
  }, 120_000);

  it("are of every kind", () => {
    const names = mutantsOf(WORLD, ["filter"]).map((m) => m.name.split(" ")[0]);
    expect(new Set(names)).toEqual(new Set(["dropped", "doubled", "emptied", "zeroed", "negated", "moved"]));
  });
});

describe("what a difference leaves open", () => {
  const read = (xml: string): PfConfig => {
    const outcome = readConfig(xml, { file: "config.xml" });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
    return outcome.value;
  };
  const undecided = (from: string, to: string): readonly string[] => {
    const diff = diffConfigs(read(WORLD), read(WORLD.replace(from, to)));
    expect(isSame(diff)).toBe(false);
    return diff.undecided;
  };

  it("is a rule that holds at some hours only, other hours, and another name to look up", () => {
    expect(isSame(diffConfigs(read(WORLD), read(WORLD)))).toBe(true);
    expect(undecided("<tracker>7</tracker><type>pass", "<tracker>7</tracker><type>block").join("\n")).toContain(
      "7 hang on",
    );
    expect(undecided("8:00-18:00", "8:00-19:00")).toHaveLength(2);
    const named = WORLD.replace("10.0.1.10 10.0.1.11", "a.example.com");
    const diff = diffConfigs(read(named), read(named.replace("a.example.com", "b.example.com")));
    expect(diff.undecided.join("\n")).toContain('only after, rules hang on addresses of "b.example.com"');
  });
});
