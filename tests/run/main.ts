// `npm test`: gets what the tests need of the machine where it is root, runs them all, and ends with the line
// `N passed, N failed`, before it what was skipped and why, and what was left on the machine.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { install } from "../../bin/rooter.js";
import { hasApt, whyNoGuests } from "../../src/twin/needs.ts";
import { machineChanges, machineState, processesOf, RUN_MARK } from "./machine-state.ts";
import { missingForTests } from "./needs.ts";
import { summary, type Report } from "./summary.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const root = join(import.meta.dirname, "../..");

await getPrograms();
const folder = mkdtempSync(join(tmpdir(), "maquette-test-"));
try {
  const file = join(folder, "report.json");
  const run = randomUUID();
  const isLinux = process.platform === "linux";
  const before = isLinux ? machineState() : new Map<string, string>();
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const ran = spawnSync(
    process.execPath,
    [
      ...[vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, [RUN_MARK]: run } },
  );
  const changes = isLinux ? await settled(() => [...machineChanges(before, machineState()), ...processesOf(run)]) : [];
  const { lines, failed } = summary(reportOf(file), ran.status, changes);
  for (const line of lines) say(line);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** As `npm start` gets what guests need: with root on Debian alone, and never in the way of the other tests. */
async function getPrograms(): Promise<void> {
  const missing = missingForTests();
  if (missing.length === 0 || process.getuid?.() !== 0 || whyNoGuests() !== undefined || !hasApt()) return;
  say(`installing what tests of running guests need: ${missing.join(" ")}`);
  const answer = await install({ packages: [...missing] });
  if (answer.kind === "failed") say(`not installed (${answer.message}): tests that need it are skipped, and say so`);
}

/** What ends asynchronously gets its time: a network namespace goes some moments after its last process. */
async function settled(left: () => readonly string[]): Promise<readonly string[]> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const changes = left();
    if (changes.length === 0 || Date.now() > deadline) return changes;
    await sleep(200);
  }
}

function reportOf(file: string): Report | undefined {
  try {
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    return { ...report, testResults: report.testResults.map((r) => ({ ...r, name: relative(root, r.name) })) };
  } catch {
    return undefined;
  }
}
