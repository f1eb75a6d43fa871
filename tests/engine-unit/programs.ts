import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { releaseOf, type ReleaseName } from "../../src/engine/download/releases.ts";

/** Writes a shell script that stands for a program. */
export function script(file: string, body: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

/**
 * Stands for a release that was downloaded and verified before: each of its programs is that script.
 * @returns the folder of its programs
 */
export function downloadedBefore(cache: string, name: ReleaseName, body: string): string {
  const release = releaseOf(name, {});
  const folder = join(cache, "engine", release.folder);
  const programs = Object.fromEntries(
    [...release.programs.values()].map((program) => {
      const file = script(join(folder, program), body);
      const { size, mtimeMs: modifiedMs } = statSync(file);
      return [program, { sha256: createHash("sha256").update(readFileSync(file)).digest("hex"), size, modifiedMs }];
    }),
  );
  const { version, url, sums: by, pinned: sha256 = "" } = release;
  const record = { name, version, url, sha256, by, at: new Date().toISOString(), programs };
  writeFileSync(join(folder, "verified.json"), JSON.stringify(record));
  return folder;
}

/** Whether a process lives, by its id; one that has ended and that nobody has waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX]/.test(existsSync("/proc/self") ? readFileSync(`/proc/${pid}/stat`, "utf8") : "");
  } catch {
    return false;
  }
}

/** Waits until a condition holds; fails after a minute. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  // Generous: on a loaded machine a shell takes seconds to start.
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come in time`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
