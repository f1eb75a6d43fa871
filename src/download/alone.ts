import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "../stack/lock.ts";

export interface AloneOptions {
  /** What is held: `the engine's build`. */
  readonly what: string;
  /** Names of what a process that was killed may have left half-made. */
  readonly isHalfMade: (name: string) => boolean;
  /** How long to wait for one that lives. */
  readonly waitMs: number;
}

/**
 * One process at a time puts something into a cache; a second one waits here for the first. What is half-made when
 * one's turn has come belongs to a process that was killed, and goes.
 * @throws Fault LOCK_HELD
 */
export async function alone<T>(folder: string, options: AloneOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const release = await lockFolder(folder, options.what, { staleMs: 30_000, waitMs: options.waitMs });
  try {
    const dead = (await readdir(folder)).filter(options.isHalfMade);
    for (const name of dead) await rm(join(folder, name), { recursive: true, force: true });
    return await work();
  } finally {
    await release();
  }
}
