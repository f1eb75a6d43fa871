import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { routersOf } from "../../src/cli/routers.ts";
import { proveRouters } from "../../src/pfsense/proof/index.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { intentOf } from "../../src/policy/intent.ts";
import { lintPolicy } from "../../src/policy/lints/index.ts";

/*
 * What `maquette check --fresh` does with stacks/lab once the plan and both files are read: from the parsed configurations
 * to the verdict. As a program it does that once and prints the time of that first proof; `cold` starts it anew each time.
 */

export interface Spent {
  readonly ms: number;
  /** Of all threads: V8 optimises the code beside the proof, on a core of its own where there is one. */
  readonly cpu: number;
  readonly verdict: string;
}

const LAB = fileURLToPath(new URL("../../stacks/lab", import.meta.url));
const TODAY = "2025-01-06";

/** One proof after another, in this process. */
export async function proofs(count: number): Promise<readonly Spent[]> {
  const outcome = await loadPlan(LAB, { nodes: 1 });
  if (!outcome.ok) throw new Error("the plan of stacks/lab is not sound");
  const { configs } = routersOf(outcome.value);
  const intent = intentOf(outcome.value);
  lintPolicy(intent, TODAY);
  return Array.from({ length: count }, () => {
    const start = performance.now();
    const before = process.cpuUsage();
    const { verdict } = proveRouters(outcome.value, configs, { intent });
    const used = process.cpuUsage(before);
    return { ms: performance.now() - start, cpu: (used.user + used.system) / 1000, verdict };
  });
}

const typescript = new URL("../../bin/typescript.js", import.meta.url).href;

/** The first proof of a process, in as many processes. */
export const cold = (count: number): readonly Spent[] =>
  Array.from({ length: count }, () => {
    const text = execFileSync(process.execPath, ["--import", typescript, fileURLToPath(import.meta.url)], {
      encoding: "utf8",
    });
    return JSON.parse(text) as Spent;
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify((await proofs(1))[0]));
