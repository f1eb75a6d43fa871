import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSimulator } from "../../src/pve/simulator/index.ts";
import { Clone, type Ran } from "../../tests/engine/lab.ts";

/*
 * What the engine takes, in one run on one machine: `check`; a lab of some 30 resources, the whole lab, and ten copies
 * of it on five nodes; clones against imports. Medians of RUNS (default 3). `npm run bench engine [copies]`.
 */

// The engine is measured, not what guests take to boot.
process.env["MAQUETTE_GUESTS"] ??= "memory";
const RUNS = Number(process.env["RUNS"] ?? 3);

interface Row {
  readonly what: string;
  readonly seconds: readonly number[];
  readonly resources: number | null;
}

const rows: Row[] = [];

const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)]!;

async function timed(work: () => Promise<Ran>): Promise<{ seconds: number; ran: Ran }> {
  const started = performance.now();
  const ran = await work();
  if (ran.code !== 0) throw new Error(`a measured command failed (exit ${ran.code})\n${ran.stdout}\n${ran.stderr}`);
  return { seconds: (performance.now() - started) / 1000, ran };
}

/** Of the summary: `+ 79 created` on its own line. */
const resourcesIn = (text: string): number => Number(/^\s*\+ (\d+) created$/m.exec(text)?.[1] ?? 0);

/** up, an empty preview and destroy by the engine itself, as the experiment behind the figures measured them. */
async function cycle(clone: Clone, name: string, taskMs = 0): Promise<void> {
  const seconds: Record<string, number[]> = { up: [], preview: [], destroy: [] };
  let resources = 0;
  for (let run = 0; run < RUNS; run++) {
    const slow = { env: { MAQUETTE_TASK_MS: String(taskMs) } };
    await clone.maquette(["env"], slow);
    for (const verb of ["up", "preview", "destroy"] as const) {
      const flags = verb === "preview" ? "--expect-no-changes" : "--yes --skip-preview";
      const exports = (await clone.maquette(["env", "--json"], slow)).stdout;
      const env = JSON.parse(exports) as Record<string, string>;
      const { seconds: s, ran } = await timed(() =>
        clone.inEnvironment(env, `pulumi ${verb} ${flags} --non-interactive`),
      );
      seconds[verb]!.push(s);
      if (verb === "up") resources = resourcesIn(ran.stdout);
    }
  }
  for (const [verb, s] of Object.entries(seconds)) rows.push({ what: `${name}: ${verb}`, seconds: s, resources });
}

async function check(clone: Clone): Promise<void> {
  const seconds: number[] = [];
  await clone.maquette(["check"]);
  for (let run = 0; run < RUNS * 3; run++) seconds.push((await timed(() => clone.maquette(["check"]))).seconds);
  rows.push({ what: "maquette check", seconds, resources: null });
}

/** Keeps some of the lab's guests, by the same program. */
function only(clone: Clone, hosts: readonly string[]): void {
  const file = join(clone.root, "src/infra/main.js");
  writeFileSync(file, readFileSync(file, "utf8").replace("run(root)", `run(root, { only: ${JSON.stringify(hosts)} })`));
}

/** Ten stacks, one a copy, on one cluster of five nodes. */
async function copies(count: number): Promise<void> {
  const secret = randomUUID();
  const folder = mkdtempSync(join(tmpdir(), "maquette-bench-"));
  const nodes = ["n1", "n2", "n3", "n4", "n5"];
  const proxmox = await startSimulator({ stateDir: folder, nodes, tokens: [`maquette@pve!lab=${secret}`] });
  const clone = new Clone();
  try {
    const took: Record<string, number[]> = { up: [], preview: [], destroy: [] };
    for (let copy = 0; copy < count; copy++) {
      const stack = `copy${copy}`;
      const shifted = [...nodes.slice(copy % 5), ...nodes.slice(0, copy % 5)];
      await clone.maquette(["env", "--stack", stack]);
      const set = [
        `pulumi config set maquette:copy ${copy}`,
        `pulumi config set maquette:endpoint ${proxmox.url}/`,
        `pulumi config set maquette:insecure true`,
        `pulumi config set --path 'maquette:bridge.create' ${copy === 0}`,
        `pulumi config set --path 'maquette:images["pfsense-2.8"].volume' local:import/pfsense.qcow2`,
        ...shifted.map((n, i) => `pulumi config set --path 'maquette:nodes[${i}]' ${n}`),
      ];
      await timed(() => clone.inStack(stack, set.join(" && ")));
      await timed(() =>
        clone.inStack(stack, "pulumi config set --secret maquette:apiToken", { input: `maquette@pve!lab=${secret}\n` }),
      );
      if (copy === 0) await supply(proxmox.url, secret, nodes);
    }
    for (const verb of ["up", "preview", "destroy"] as const) {
      const order = [...Array(count).keys()];
      // The bridges are copy 0's: made first, deleted last.
      for (const copy of verb === "destroy" ? order.reverse() : order) {
        const flags = {
          up: ["up", "--skip-preview"],
          preview: ["preview", "--expect-no-changes"],
          destroy: ["destroy", "--confirm", `copy${copy}`],
        }[verb];
        took[verb]!.push((await timed(() => clone.maquette([...flags, "--stack", `copy${copy}`]))).seconds);
      }
    }
    for (const [verb, s] of Object.entries(took)) {
      rows.push({ what: `copy of the lab, one of ${count} on 5 nodes: maquette ${verb}`, seconds: s, resources: null });
      rows.push({
        what: `${count} copies in turn: maquette ${verb}`,
        seconds: [s.reduce((a, b) => a + b, 0)],
        resources: null,
      });
    }
  } finally {
    await proxmox.close();
    rmSync(folder, { recursive: true, force: true });
    await clone.dispose();
  }
}

async function supply(url: string, secret: string, nodes: readonly string[]): Promise<void> {
  const { PveClient } = await import("../../src/pve/client/index.ts");
  const client = new PveClient({ endpoint: url, token: `maquette@pve!lab=${secret}`, tls: { insecure: true } });
  for (const node of nodes) await client.upload(node, "local", "import", "pfsense.qcow2", Buffer.from("placeholder"));
  await client.close();
}

const small = new Clone();
try {
  await check(small);
  only(small, ["bastion", "mail", "pbx", "supervision"]);
  await cycle(small, "4 guests");
} finally {
  await small.dispose();
}
const whole = new Clone();
try {
  await cycle(whole, "the lab, 15 guests");
} finally {
  await whole.dispose();
}
// Tasks that take a while, as on a real node: what waits for what shows in the total.
for (const clones of ["linked", "import"]) {
  const clone = new Clone();
  try {
    const file = join(clone.root, "Pulumi.lab.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("config:\n", `config:\n  maquette:clones: ${clones}\n`));
    await cycle(clone, `the lab, ${clones === "import" ? "imports" : "linked clones"}, tasks of 1.5 s`, 1_500);
  } finally {
    await clone.dispose();
  }
}
const asked = Number(process.argv[2] ?? 10);
if (asked > 0) await copies(asked);

const load = spawnSync("uptime", { encoding: "utf8" }).stdout.trim();
console.log(`medians of ${RUNS} runs; ${load}\n`);
console.log("| what | resources | min s | median s | max s |\n|---|---|---|---|---|");
for (const r of rows) {
  const [lo, hi] = [Math.min(...r.seconds), Math.max(...r.seconds)];
  console.log(
    `| ${r.what} | ${r.resources ?? ""} | ${lo.toFixed(1)} | ${median(r.seconds).toFixed(1)} | ${hi.toFixed(1)} |`,
  );
}
