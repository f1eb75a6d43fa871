import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { errnoOf, Fault } from "../core/fault.ts";
import { diskFault, writePrivate, type Folders } from "../stack/folders.ts";
import { checkpointFile, holdStack, parseCheckpoint, PROJECT, type Checkpoint, type LockHolder } from "./checkpoint.ts";

/*
 * The newest whole checkpoint. On a full disk Pulumi puts a file that is cut off in the place of its checkpoint, and at
 * its next try copies that one over the copy beside it (seen; tests/engine-unit/whole.test.ts has the cases). So a link to
 * each whole one is kept meanwhile (keeper.ts), and Pulumi's own copies of the ends of runs are looked through too.
 */

/** What a file of a `file://` backend must be to be one: anything else that is JSON is not a stack of which nothing stands. */
const stackFile = z.looseObject({
  version: z.int(),
  checkpoint: z.looseObject({
    latest: z
      .looseObject({ manifest: z.looseObject({ time: z.string() }).nullish() })
      .nullable()
      .optional(),
  }),
});

/** A checkpoint that can be loaded. */
export interface Whole {
  readonly file: string;
  readonly text: string;
  readonly checkpoint: Checkpoint;
  /** When Pulumi wrote it, ISO 8601; empty of a stack that was only made. */
  readonly time: string;
}

/** @throws when it is cut off, empty, or something else */
export function parseWhole(file: string, text: string): Whole {
  const { checkpoint } = stackFile.parse(JSON.parse(text));
  return { file, text, checkpoint: parseCheckpoint(text), time: checkpoint.latest?.manifest?.time ?? "" };
}

type Found = { readonly kind: "whole"; readonly whole: Whole } | { readonly kind: "absent" | "broken" };

async function look(file: string): Promise<Found> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return { kind: "absent" };
    throw diskFault(error, `read ${file}`);
  }
  try {
    return { kind: "whole", whole: parseWhole(file, text) };
  } catch {
    return { kind: "broken" };
  }
}

/** The link to the last whole checkpoint that one of our own runs wrote: on the backend's own disk, as links must be. */
export const keptFile = (folders: Folders, stack: string): string => join(folders.backend, "kept", `${stack}.json`);

/** The checkpoint's copies, newest first. */
async function copiesOf(folders: Folders, stack: string, isRemoved: boolean): Promise<readonly Whole[]> {
  const near = [keptFile(folders, stack), `${checkpointFile(folders, stack)}.bak`];
  const base = join(folders.backend, ".pulumi");
  // Ends of runs. Of a stack that was removed they tell of what was there before.
  const far = isRemoved
    ? []
    : [
        ...(await filesIn(join(base, "backups", PROJECT, stack), /^[^.]+\.\d+\.json$/)),
        ...(await filesIn(join(base, "history", PROJECT, stack), /\.checkpoint\.json$/)),
      ];
  const found = await Promise.all([...near, ...far].map(look));
  return found
    .flatMap((f) => (f.kind === "whole" ? [f.whole] : []))
    .sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? 1 : -1));
}

async function filesIn(folder: string, name: RegExp): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((n) => name.test(n)).map((n) => join(folder, n));
}

/**
 * The checkpoint in this clone's own backend as it stands, or its newest whole copy where it is broken; undefined when the
 * stack was never made, or was removed.
 * @throws Fault STATE_DAMAGED when nothing of it is whole
 */
export async function newestWhole(folders: Folders, stack: string): Promise<Whole | undefined> {
  const file = checkpointFile(folders, stack);
  const now = await look(file);
  if (now.kind === "whole") return now.whole;
  const isAbsent = now.kind === "absent";
  const [newest] = await copiesOf(folders, stack, isAbsent);
  // Pulumi moves a stack that is removed, which must be empty then, to its copy's place.
  if (isAbsent) return newest !== undefined && newest.checkpoint.resources.length > 0 ? newest : undefined;
  if (newest !== undefined) return newest;
  throw new Fault(
    "STATE_DAMAGED",
    `Pulumi's checkpoint ${file} is cut off or damaged, and so is each of its copies.`,
    `Restore ${folders.backend} from a backup. Without one, Pulumi no longer knows what it made: the embedded lab may be started anew (delete ${folders.clone}); on your own Proxmox delete by hand what bears the stack's mark first.`,
  );
}

/** The same, as recovery reads it. @throws Fault STATE_DAMAGED */
export const readCheckpoint = async (folders: Folders, stack: string): Promise<Checkpoint | undefined> =>
  (await newestWhole(folders, stack))?.checkpoint;

/** That an older copy has taken the checkpoint's place, until what it lacks was looked for. */
const noteFile = (folders: Folders): string => join(folders.run, "restored");

export const isRestored = async (folders: Folders): Promise<boolean> =>
  (await look(noteFile(folders))).kind !== "absent";

export const forgetRestored = (folders: Folders): Promise<void> => rm(noteFile(folders), { force: true });

/**
 * Puts the newest whole copy in the place of a checkpoint that is broken or was lost between Pulumi's two steps of
 * writing it; the broken one is kept aside. Waits for a run that is at work.
 * @param say told what was done
 * @throws Fault STATE_DAMAGED, STATE_LOCKED, DISK_…
 */
export async function mendCheckpoint(
  folders: Folders,
  stack: string,
  say: (line: string) => void,
  onWait: (holder: LockHolder) => void,
): Promise<void> {
  const file = checkpointFile(folders, stack);
  if (await isSound()) return;
  const release = await holdStack(folders, stack, onWait);
  try {
    // A run that was waited for may have written it anew.
    if (await isSound()) return;
    const whole = (await newestWhole(folders, stack))!;
    await writePrivate(noteFile(folders), `${whole.file}\n`);
    const aside = await putAside(folders, file);
    await writePrivate(file, whole.text);
    await removeUnfinished(folders, file);
    const copied =
      whole.time === "" ? "that nothing was in yet" : `of ${whole.time.slice(0, 19).replace("T", " ")} UTC`;
    const was = aside === undefined ? "was gone" : `was cut off or damaged (a full disk does that; it is now ${aside})`;
    say(
      `Pulumi's record of the stack ${was}: its newest whole copy, ${copied}, took its place (${whole.file}, ${whole.checkpoint.resources.length} resources). What it lacks is looked for by the stack's mark`,
    );
  } finally {
    await release();
  }

  async function isSound(): Promise<boolean> {
    const whole = await newestWhole(folders, stack);
    return whole === undefined || whole.file === file;
  }
}

/** @returns where the broken file is now; undefined when there was none */
async function putAside(folders: Folders, file: string): Promise<string | undefined> {
  const folder = join(folders.backend, "damaged");
  const aside = join(folder, `${basename(file, ".json")}.${Date.now()}.json`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(file, aside);
    return aside;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw diskFault(error, `move ${file} aside`);
  }
}

/** What an engine was writing when it was killed is of no use, and takes space. */
async function removeUnfinished(folders: Folders, file: string): Promise<void> {
  const folder = join(folders.backend, ".pulumi", "stacks", PROJECT);
  for (const name of await readdir(folder))
    if (name.startsWith(basename(file)) && name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
}
