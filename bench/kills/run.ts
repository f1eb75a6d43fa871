import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { Clone } from "../../tests/engine/lab.ts";
import { keptOutcomes } from "../kept.ts";
import { inWords, StruckLab, strikeOf, type Outcome } from "./strikes.ts";
import { machineChanges, machineState } from "../../tests/run/machine-state.ts";

/*
 * Kills at random moments, as root on Linux: `npm run bench kills [COUNT] [FROM]`. Seeds that outcomes.jsonl has are
 * not tried again, so that a campaign goes on where it ended. Exit 1 when one of its strikes was not made good by
 * `maquette up` alone.
 */

const [count = 10, first = 1] = process.argv.slice(2).map(Number);
const KEPT = join(import.meta.dirname, "outcomes.jsonl");
const DESTROY_EVERY = 10;
const out = (line: string): void => void process.stdout.write(`${line}\n`);

process.env["MAQUETTE_GUESTS"] = "container";
const known = keptOutcomes<Outcome>(KEPT);
const seeds = Array.from({ length: count }, (_, n) => first + n).filter((s) => !known.some((o) => o.seed === s));
const before = machineState();
let failures = 0;
let clone = new Clone();

async function born(): Promise<StruckLab> {
  const up = await clone.maquette(["up"]);
  if (up.code !== 0) throw new Error(`the lab does not come up\n${up.stdout}${up.stderr}`);
  return new StruckLab(clone);
}

async function gone(): Promise<void> {
  const ran = await clone.maquette(["destroy", "--yes"]);
  clone.remove();
  const left = [...(ran.code === 0 ? [] : [ran.stderr]), ...machineChanges(before, machineState())];
  for (const what of left) out(`  left behind: ${what}`);
  if (left.length > 0) failures++;
}

try {
  let lab = await born();
  for (const [n, seed] of seeds.entries()) {
    const strike = strikeOf(seed);
    const outcome = await lab.strike(strike);
    appendFileSync(KEPT, `${JSON.stringify(outcome)}\n`);
    const { struck, struckAfterMs, upMs, failure } = outcome;
    const when = struck === "missed" ? "missed" : `after ${(struckAfterMs / 1000).toFixed(1)} s`;
    out(`${inWords(strike)} (${when}): ${failure ?? `good again after ${(upMs / 1000).toFixed(0)} s`}`);
    if (failure !== null) failures++;
    const isDue = (n + 1) % DESTROY_EVERY === 0 && n + 1 < seeds.length;
    // What could not be made good would spoil those after it.
    if (failure === null && !isDue) continue;
    await gone();
    clone = new Clone();
    lab = await born();
  }
} finally {
  await gone();
}
process.exitCode = failures === 0 ? 0 : 1;
