import { watch } from "node:fs";
import { copyFile, link, mkdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { errnoOf } from "../core/fault.ts";
import type { Folders } from "../stack/folders.ts";
import { checkpointFile } from "./checkpoint.ts";
import { keptFile, parseWhole } from "./whole.ts";

/**
 * Keeps a link to the newest whole checkpoint while an engine writes one after the other: Pulumi puts each in its place by
 * a rename, so the last one stays whole under the link, at the cost of one more of them. An engine that writes one that is
 * cut off has no disk any more to write on. Writes may come faster than we look: the copy that Pulumi takes before each of
 * them is then newer than the link, until its next try writes over that too.
 * @param onCutOff called once
 */
export async function keepWhole(
  folders: Folders,
  stack: string,
  onCutOff: () => void,
): Promise<{ end(): Promise<void> }> {
  const file = checkpointFile(folders, stack);
  for (const folder of [dirname(file), dirname(keptFile(folders, stack))])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  let hasSaid = false;
  const keep = async (): Promise<void> => {
    if ((await keepOne(file, keptFile(folders, stack))) !== false || hasSaid) return;
    hasSaid = true;
    await keepOne(`${file}.bak`, keptFile(folders, stack));
    onCutOff();
  };
  // What cannot be kept is no reason for a run to fail: there are Pulumi's own copies.
  const quietly = (): Promise<void> => keep().catch(() => undefined);
  // One that was broken before is for recovery; the engine of now is told by what it writes.
  hasSaid = true;
  await quietly();
  hasSaid = false;
  let keeping = Promise.resolve();
  let isAsked = false;
  const watcher = watch(dirname(file), (_kind, name) => {
    if (name !== basename(file) || isAsked) return;
    isAsked = true;
    keeping = keeping.then(() => {
      isAsked = false;
      return quietly();
    });
  });
  watcher.on("error", () => undefined);
  return {
    async end() {
      watcher.close();
      await keeping;
      await quietly();
    },
  };
}

/** @returns whether the file is whole; undefined when there is none */
async function keepOne(file: string, kept: string): Promise<boolean | undefined> {
  const temporary = `${kept}.${process.pid}.tmp`;
  try {
    await rm(temporary, { force: true });
    // The link first, then the look: what is looked at is what is kept.
    const isLinked = await link(file, temporary)
      .catch(() => copyFile(file, temporary))
      .then(
        () => true,
        () => false,
      );
    const text = await readFile(isLinked ? temporary : file, "utf8");
    if (!isWhole(file, text)) return false;
    if (isLinked) await rename(temporary, kept);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

function isWhole(file: string, text: string): boolean {
  try {
    parseWhole(file, text);
    return true;
  } catch {
    return false;
  }
}
