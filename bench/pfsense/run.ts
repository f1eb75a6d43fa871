import { shown } from "../../src/core/text.ts";
import { emitConfig } from "../../src/pfsense/emit/index.ts";
import { newTally, tryFiles, tryPlans, tryRouters, type Tally } from "./generated.ts";
import { labDocuments, planOf } from "./plans.ts";
import { WORLD } from "./world.ts";

/*
 * npm run bench pfsense -- [--seed N] [--files N]
 * Files with one change each, from a hand-made file, from a router's of the lab and from the lab's plan, a third of each
 * or so; the proof, the batch decider and the interpreter must agree on all. See README.md beside this file.
 */

const given = (name: string, usual: number): number => {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : Number(process.argv[at + 1]);
};
const seed = given("--seed", 20_261_130);
const files = given("--files", 1_000);

const rows: (readonly [string, Tally, number])[] = [];
function run(name: string, work: (tally: Tally) => void): void {
  const tally = newTally();
  const start = process.cpuUsage();
  work(tally);
  const used = process.cpuUsage(start);
  rows.push([name, tally, (used.user + used.system) / 1e6]);
  console.error(`${name}: ${tally.files} files, ${tally.found.length} disagreements`);
}

const plan = planOf(labDocuments())!;
run("hand-made file", (t) => tryFiles(WORLD, Math.round(files * 0.6), seed, 400, t));
run("a router of the lab", (t) =>
  tryRouters(plan, "rtr-a", shown(emitConfig(plan, "rtr-a")), Math.round(files * 0.15), seed, t),
);
run("the lab's plan", (t) => tryPlans(Math.round(files * 0.25), seed, 200, t));

console.log(
  `seed ${seed}\n\n| from | files | refused | packets | disagreements | CPU s |\n| --- | --- | --- | --- | --- | --- |`,
);
for (const [name, t, cpu] of rows)
  console.log(`| ${name} | ${t.files} | ${t.refused} | ${t.packets} | ${t.found.length} | ${cpu.toFixed(0)} |`);
for (const [, t] of rows) for (const text of t.found) console.log(text);
process.exitCode = rows.some(([, t]) => t.found.length > 0) ? 1 : 0;
