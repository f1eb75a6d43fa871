import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../core/fault.ts";
import type { Scenery } from "../roles/scenery.ts";

/** A command in a guest by its console: out of band, whatever the firewalls say. */
export type ConsoleRun = (
  argv: readonly string[],
  input: string,
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

const STAMP = "/var/lib/maquette/applied";
const READY_DEADLINE_MS = 90_000;
const PROBE_DEADLINE_MS = 30_000;

/** Writes files whose content differs, each by way of a temporary beside it, and prints the paths that it wrote. */
const WRITE_FILES = `
import json, os, sys
for path, content in json.load(sys.stdin).items():
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == content:
                continue
    except OSError:
        pass
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".maquette-new", "w", encoding="utf-8") as f:
        f.write(content)
        f.flush()
        os.fsync(f.fileno())
    os.chmod(path + ".maquette-new", 0o644)
    os.rename(path + ".maquette-new", path)
    print(path)
`;

/**
 * Brings a guest of the scenery to what the plan says: waits until its system is up, writes what differs, reloads,
 * probes. A second time it changes nothing. @returns the paths that were written
 * @throws Fault SCENERY_… with host, step, exit code and last words
 */
export async function setUpScenery(scenery: Scenery, run: ConsoleRun): Promise<readonly string[]> {
  const host = scenery.host.id;
  // Its own manager says when it is up (systemctl(1)): `degraded` too, for a unit of no concern here.
  await until(host, ["systemctl", "is-system-running", "--wait"], READY_DEADLINE_MS, run, (r) =>
    ["running", "degraded"].includes(r.stdout.trim()),
  );
  const digest = createHash("sha256")
    .update(JSON.stringify([[...scenery.files], scenery.reload]))
    .digest("hex");
  const applied = await run(["cat", STAMP], "");
  const written = await step(
    host,
    ["python3", "-c", WRITE_FILES],
    JSON.stringify(Object.fromEntries(scenery.files)),
    run,
  );
  const changed = written.split("\n").filter((line) => line !== "");
  // Files that were written by a run that failed later are still to be loaded: the stamp says what was.
  if (changed.length > 0 || applied.stdout.trim() !== digest) {
    await step(host, ["rm", "-f", STAMP], "", run);
    for (const argv of scenery.reload) await step(host, argv, "", run);
    await step(host, ["sh", "-c", `mkdir -p $(dirname ${STAMP}); cat > ${STAMP}`], `${digest}\n`, run);
  }
  for (const argv of scenery.probes) await until(host, argv, PROBE_DEADLINE_MS, run, (r) => r.exitCode === 0);
  return changed;
}

async function step(host: string, argv: readonly string[], input: string, run: ConsoleRun): Promise<string> {
  const result = await run(argv, input);
  if (result.exitCode === 0) return result.stdout;
  throw new Fault(
    "SCENERY_STEP",
    `${host}: ${argv[0]!} ${argv[1]?.slice(0, 40) ?? ""} ended with ${result.exitCode}: ${lastWords(result)}`,
    `Look at its journal: \`maquette logs ${host}\`; then run \`maquette up\` again.`,
  );
}

async function until(
  host: string,
  argv: readonly string[],
  deadlineMs: number,
  run: ConsoleRun,
  holds: (result: Awaited<ReturnType<ConsoleRun>>) => boolean,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  let last = "no answer";
  for (;;) {
    try {
      const result = await run(argv, "");
      if (holds(result)) return;
      last = `exit ${result.exitCode}: ${lastWords(result)}`;
    } catch (error) {
      // Its init may not be there yet.
      last = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline)
      throw new Fault(
        "SCENERY_NOT_READY",
        `${host} is not ready after ${deadlineMs / 1000} s: ${argv.join(" ")}: ${last}`,
        `Look at its console and journal: \`maquette logs ${host}\`; then run \`maquette up\` again.`,
      );
    // A guest's services announce themselves to nobody outside.
    await sleep(100);
  }
}

const lastWords = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string =>
  (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
