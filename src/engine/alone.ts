import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "../stack/lock.ts";

/** Places of versions of maquette that verified nothing; what they hold is never used. */
const unverified = /^(download|plugin)-\d/;

/**
 * One process at a time builds or downloads into a cache; a second clone waits here for the first one's. What is
 * half-made when one's turn has come belongs to a process that was killed, and goes.
 * @param folder `Folders.cache`/engine
 */
export async function alone<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const release = await lockFolder(folder, "the engine's build", { staleMs: 30_000, waitMs: 3_600_000 });
  try {
    const dead = (await readdir(folder)).filter((name) => /^\.(build|download)-/.test(name) || unverified.test(name));
    for (const name of dead) await rm(join(folder, name), { recursive: true, force: true });
    return await work();
  } finally {
    await release();
  }
}
