import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "../../src/core/random.ts";
import { Clone, type Ran } from "../../tests/engine/lab.ts";
import { descendants, kill } from "../../tests/engine/processes.ts";
import { keptOutcomes } from "../kept.ts";
import { sabotageOf, wrapper, type Sabotage } from "./kinds.ts";

/*
 * Changes of the policy that are sabotaged on their way, as root on Linux: `npm run bench sabotage [COUNT] [FROM]`. Each
 * must be taken back on both routers within 15 s, a session through them lives, and no `up` calls it a success. Seeds that
 * outcomes.jsonl has are not tried again.
 */

interface Outcome {
  readonly seed: number;
  readonly what: string;
  readonly router: string;
  /** From the first router that tried the file to both with the one before. */
  readonly backSeconds: number | null;
  /** The first line of what `up` said of it. */
  readonly said: string;
  readonly failure: string | null;
}

const [count = 10, first = 1] = process.argv.slice(2).map(Number);
const KEPT = join(import.meta.dirname, "outcomes.jsonl");
const ROUTERS = ["rtr-a", "rtr-b"] as const;
const LOAD = "/usr/local/sbin/maquette-load";
const BACK_SECONDS = 15;
/** From the command to the first load, on a busy machine. */
const LOAD_MS = 600_000;
const out = (line: string): void => void process.stdout.write(`${line}\n`);

process.env["MAQUETTE_GUESTS"] = "container";
const known = keptOutcomes<Outcome>(KEPT).map((o) => o.seed);
const seeds = Array.from({ length: count }, (_, n) => first + n).filter((s) => !known.includes(s));
const clone = new Clone();

async function inGuest(host: string, line: string): Promise<string> {
  const { code, stdout, stderr } = await clone.maquette(["console", host, "--", line]);
  if (code !== 0) throw new Error(`${host}: ${line} ended with ${code}: ${stderr}`);
  return stdout;
}

interface Status {
  readonly config: { readonly digest: string };
  readonly confirm?: unknown;
}
const statusOf = async (router: string): Promise<Status> =>
  JSON.parse(await inGuest(router, "cat /run/maquette/router/status.json")) as Status;
const statuses = (): Promise<readonly Status[]> => Promise.all(ROUTERS.map(statusOf));

/** One more service in a row, and without it again. */
let isEdited = false;
function edit(): void {
  clone.edit("stacks/lab/flows.yaml", (text) =>
    isEdited
      ? text.replace(/(id: F403[^]*?services: \[rdp), https\]/, "$1]")
      : text.replace(/(id: F403[^]*?services: \[rdp)\]/, "$1, https]"),
  );
  isEdited = !isEdited;
}

async function tryOut(seed: number): Promise<Outcome> {
  const sabotage = sabotageOf(seed, random(seed));
  const program = Buffer.from(wrapper(sabotage)).toString("base64");
  const real = (await inGuest(sabotage.router, `base64 -w0 ${LOAD}`)).trim();
  await inGuest(sabotage.router, `echo ${program} | base64 -d > ${LOAD}`);
  const before = (await statuses()).map((s) => s.config.digest);
  const lives = "while ! test -e /tmp/sabotage-end; do echo; sleep 0.2; done; echo lived";
  await inGuest("pc1", "rm -f /tmp/sabotage-end");
  const session = clone.maquette(["ssh", "pc1", "--", lives]);
  edit();
  const state = { cli: 0, hasEnded: false };
  const running = clone
    .maquette(["up", "--skip-preview"], { onSpawn: (pid) => (state.cli = pid) })
    .finally(() => (state.hasEnded = true));
  const backSeconds = await untilBack(sabotage, before, state);
  const ran = await running;
  await inGuest("pc1", "touch /tmp/sabotage-end");
  const lived = await session;
  await inGuest(sabotage.router, `echo ${real} | base64 -d > ${LOAD}`);
  edit();
  const failure = wrongOf(sabotage, backSeconds, ran, lived);
  const said = /ROUTER_\w+[^\n]*(\n {2}[^\n]*)?/.exec(ran.stderr)?.[0].replaceAll(/\s+/g, " ") ?? "";
  return { seed, what: sabotage.name, router: sabotage.router, backSeconds, said, failure: failure ?? null };
}

/** @returns null where nothing was loaded, or it is not back in time */
async function untilBack(
  { killAfterMs }: Sabotage,
  before: readonly string[],
  state: { readonly cli: number; readonly hasEnded: boolean },
): Promise<number | null> {
  const isTried = async (): Promise<boolean> =>
    (await statuses()).some((s, n) => s.confirm !== undefined || s.config.digest !== before[n]);
  for (const end = Date.now() + LOAD_MS; !(await isTried());) {
    if (state.hasEnded || Date.now() > end) return null;
    await sleep(100);
  }
  let started = performance.now();
  if (killAfterMs !== undefined) {
    await sleep(killAfterMs);
    kill(descendants(state.cli));
    started = performance.now();
  }
  while (performance.now() - started < 180_000) {
    const now = await statuses();
    if (state.hasEnded && now.every((s, n) => s.confirm === undefined && s.config.digest === before[n]))
      return Math.round((performance.now() - started) / 100) / 10;
    await sleep(100);
  }
  return null;
}

function wrongOf(sabotage: Sabotage, backSeconds: number | null, ran: Ran, lived: Ran): string | undefined {
  if (ran.code === 0) return "up called it a success";
  if (backSeconds === null) return `the routers are not as before: ${ran.stderr.slice(-800)}`;
  if (backSeconds > BACK_SECONDS) return `back after ${backSeconds} s`;
  if (lived.code !== 0 || lived.stdout.trim() !== "lived") return `the session ended: ${lived.stderr}`;
  const isTold = sabotage.killAfterMs !== undefined || /ROUTER_(WENT_BACK|REFUSED)/.test(ran.stderr);
  return isTold ? undefined : `up does not say why: ${ran.stderr.slice(-800)}`;
}

let failures = 0;
try {
  const up = await clone.maquette(["up"]);
  if (up.code !== 0) throw new Error(`the lab does not come up\n${up.stdout}${up.stderr}`);
  for (const seed of seeds) {
    const outcome = await tryOut(seed);
    appendFileSync(KEPT, `${JSON.stringify(outcome)}\n`);
    const { what, router, backSeconds, said, failure } = outcome;
    out(`seed ${seed}: ${what} on ${router}: ${failure ?? `back after ${backSeconds ?? "?"} s: ${said}`}`);
    if (failure !== null) failures++;
  }
} finally {
  await clone.dispose();
}
process.exitCode = failures === 0 ? 0 : 1;
