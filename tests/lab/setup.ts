import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { lockFolder } from "../../src/stack/lock.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

/** Names a folder whose lab outlives the run: the next one finds it there. */
const KEPT = "MAQUETTE_STANDING_LAB";

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder of the run's lab, and the run's own mark. */
    readonly standingLab: { readonly folder: string; readonly run: string };
  }
}

/**
 * The place of the run's one lab. The first file that takes it brings it up (standing.ts); when the last one has ended
 * it is destroyed, and a run whose lab leaves something has failed.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env[KEPT];
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), "maquette-standing-")) : resolve(kept);
  mkdirSync(folder, { recursive: true });
  project.provide("standingLab", { folder, run: `${process.pid}-${Date.now()}` });
  if (kept !== undefined) return lockFolder(folder, "the lab that stands there", { staleMs: 30_000, waitMs: 0 });
  const keeper = spawn(
    process.execPath,
    ["--import", join(repositoryRoot(), "bin/typescript.js"), join(import.meta.dirname, "keeper.ts"), folder],
    {
      cwd: repositoryRoot(),
      detached: true,
      stdio: ["pipe", "inherit", "inherit"],
    },
  );
  return async () => {
    const ended = once(keeper, "close");
    keeper.stdin.end();
    const [code] = (await ended) as [number | null];
    // An exception here would be shown, and the run all the same a good one.
    if (code !== 0) process.exitCode = 1;
  };
}
