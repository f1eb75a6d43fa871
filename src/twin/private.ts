import { chmod, chown, lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, Fault } from "../core/fault.ts";

/*
 * Whatever holds a guest's or an image's file system is root's and nobody else passes into it. Inside are files that
 * are setuid for the guest's root, which has the machine root's number, and homes whose owners have numbers that
 * people of this machine have too: modes of the files themselves protect nothing (docs/decisions/012).
 */

const PRIVATE = 0o700;

/** Makes the folder, or tightens the one that is there: an earlier version made them to be passed through. */
export async function keepPrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: PRIVATE });
  await tighten(folder);
}

/** Tightens each folder in it whose name is one of ours. */
export async function keepEachPrivate(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory() || !isOurs(entry.name)) continue;
    await tighten(join(folder, entry.name)).catch((error: unknown) => {
      // Another lab's build has ended meanwhile.
      if (errnoOf(error) !== "ENOENT") throw error;
    });
  }
}

async function tighten(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory())
    throw new Fault(
      "TWIN_FOLDER",
      `${folder} is no folder of its own, and guests' disks would be where it leads.`,
      "Remove it; or name another place with MAQUETTE_TWIN_DIR.",
    );
  if (found.uid !== 0 || found.gid !== 0) await chown(folder, 0, 0);
  if ((found.mode & 0o7777) !== PRIVATE) await chmod(folder, PRIVATE);
}
