import type { Plan } from "../../src/plan/index.ts";
import { intentOf } from "../../src/policy/intent.ts";
import type { PfConfig } from "../../src/pfsense/model/config.ts";
import { proveRouters } from "../../src/pfsense/proof/index.ts";
import { readConfig } from "../../src/pfsense/read/read-config.ts";
import { makeRandom } from "../policy/classbench.ts";
import { decidersApart, deciderOf, differencesMissed, samplesOf, witnessesDenied } from "./compare.ts";
import { mutantsOf, type Mutant } from "./mutate.ts";
import { configsOf, labDocuments, mutatedPlan, planOf } from "./plans.ts";

/** What came of many files. */
export interface Tally {
  files: number;
  /** Refused with a reason: no config.xml, no plan, nothing that can be written. */
  refused: number;
  packets: number;
  /** Disagreements, each with the change that shows it. */
  readonly found: string[];
}

export const newTally = (): Tally => ({ files: 0, refused: 0, packets: 0, found: [] });

const read = (xml: string): PfConfig | undefined => {
  const outcome = readConfig(xml, { file: "mutant.xml" });
  return outcome.ok ? outcome.value : undefined;
};

/** `count` of the changes of a file, chosen by the seed: all three judges must say the same of each. */
export function tryFiles(xml: string, count: number, seed: number, packets: number, tally: Tally): void {
  const random = makeRandom(seed);
  const base = read(xml)!;
  const baseDecider = deciderOf(base);
  for (const mutant of chosen(mutantsOf(xml), count, random)) {
    tally.files++;
    const config = read(mutant.xml());
    if (!config) {
      tally.refused++;
      continue;
    }
    const decider = deciderOf(config);
    const samples = samplesOf([baseDecider, decider], random, packets);
    tally.packets += samples.length;
    const found = [
      ...decidersApart(decider, samples),
      ...differencesMissed([base, config], [baseDecider, decider], samples),
    ];
    tally.found.push(...found.slice(0, 3).map((text) => `${mutant.name}: ${text}`));
  }
}

function chosen(all: readonly Mutant[], count: number, random: () => number): readonly Mutant[] {
  const left = [...all];
  const out: Mutant[] = [];
  while (out.length < count && left.length > 0) out.push(...left.splice(Math.floor(random() * left.length), 1));
  return out;
}

/** A router's file of a plan, changed: whatever the proof refutes it with, the decider must confirm. */
export function tryRouters(plan: Plan, router: string, xml: string, count: number, seed: number, tally: Tally): void {
  const random = makeRandom(seed);
  const intent = intentOf(plan);
  for (const mutant of chosen(mutantsOf(xml, ["filter", "aliases", "nat", "interfaces"]), count, random)) {
    tally.files++;
    const config = read(mutant.xml());
    if (!config) {
      tally.refused++;
      continue;
    }
    const denied = witnessesDenied(plan, router, config, deciderOf(config), intent);
    tally.found.push(...denied.slice(0, 3).map((text) => `${mutant.name}: ${text}`));
  }
}

/** The lab's plan, changed somewhere: what can be written of it must be what it says. */
export function tryPlans(count: number, seed: number, packets: number, tally: Tally): void {
  const random = makeRandom(seed);
  const documents = labDocuments();
  for (let i = 0; i < count; i++) {
    tally.files++;
    const mutant = mutatedPlan(documents, random);
    const plan = planOf(mutant.documents);
    const configs = plan && configsOf(plan);
    if (!plan || typeof configs === "string" || configs === undefined) {
      tally.refused++;
      continue;
    }
    const proof = proveRouters(plan, configs);
    // An invariant may fail because of the change: it is the plan's, and the files do what the plan says.
    const broken = [
      ...proof.excess.map((w) => w.text),
      ...proof.rows.filter((r) => r.verdict !== "proven").map((r) => `row ${r.id}`),
      ...[...proof.forwards, ...proof.facts].filter((f) => f.verdict !== "proven").map((f) => f.fact),
      ...proof.undecided,
    ];
    if (broken.length > 0) tally.found.push(`${mutant.name}: the emitted files are not the plan (${broken[0]!})`);
    for (const config of configs.values()) {
      const decider = deciderOf(config);
      const samples = samplesOf([decider], random, packets);
      tally.packets += samples.length;
      tally.found.push(
        ...decidersApart(decider, samples)
          .slice(0, 3)
          .map((text) => `${mutant.name}: ${text}`),
      );
    }
  }
}
