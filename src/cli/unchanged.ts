import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkpointFile } from "../engine/checkpoint.ts";
import { planFolder } from "../infra/settings.ts";
import { writePrivate } from "../stack/folders.ts";
import { settingsFile } from "../stack/root.ts";
import type { Context } from "./context.ts";
import { hadIn, placesOf } from "./had.ts";
import { documentsIn } from "../plan/index.ts";
import type { Session } from "./session.ts";

/**
 * Names the question that a preview without a refresh answers: everything that its answer follows from, and nothing
 * else. Asked again about the same bytes it has the same answer, so an `up` after one that found nothing to change, or
 * that changed all there was to change, needs no engine to know it; what may have changed behind the engine's back
 * (guests, hosts) is asked each time.
 */
export interface PreviewKey {
  /** What is wanted: program, plan, templates, settings, secrets. */
  readonly wanted: string;
  /** The engine's record of what is there. */
  readonly recorded: string;
}

/** @returns undefined where not everything lies in files here: another backend, or a program that runs unbundled */
export async function previewKey(context: Context, session: Session): Promise<PreviewKey | undefined> {
  // bin/load.js names a bundle's folder after the sources and the packages.
  const program = basename(dirname(fileURLToPath(import.meta.url)));
  if (!session.isOwnBackend || !/^[0-9a-f]{16}$/.test(program)) return undefined;
  const { root, folders, stack } = context;
  const { cli, language, plugin } = session.engine;
  const hash = createHash("sha256").update(
    JSON.stringify([
      program,
      stack,
      // Certificates are renewed in time, and a waiver ends with its day.
      new Date().toISOString().slice(0, 10),
      [cli, language, plugin],
      [session.endpoint.url, session.sockets],
      await hadIn(placesOf(context, session.settings)),
    ]),
  );
  const add = async (path: string): Promise<void> => {
    hash.update(`\0${path}\0`).update(await readFile(path));
  };
  const addAll = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await addAll(path);
      else if (entry.isFile()) await add(path);
    }
  };
  try {
    for (const file of [join(root, "Pulumi.yaml"), settingsFile(root, stack)]) await add(file);
    for (const [name, bytes] of await documentsIn(planFolder(root, stack, session.settings)))
      hash.update(`\0${name}\0${bytes.length}\0`).update(bytes);
    await addAll(join(root, "templates"));
    await addAll(folders.secrets);
    const recorded = createHash("sha256").update(await readFile(checkpointFile(folders, stack)));
    return { wanted: hash.digest("hex"), recorded: recorded.digest("hex") };
  } catch {
    // Something is not there yet, or is being written: then the engine is asked.
    return undefined;
  }
}

const keptFile = (context: Context): string => join(context.folders.run, "unchanged");

const written = (key: PreviewKey): string => `${key.wanted} ${key.recorded}\n`;

/** Whether a preview of this very question found nothing to change, or would. */
export async function isKnownUnchanged(context: Context, key: PreviewKey | undefined): Promise<boolean> {
  if (key === undefined) return false;
  return (await readFile(keptFile(context), "utf8").catch(() => "")) === written(key);
}

/** Whether nobody edited anything since a whole `up` succeeded, or had nothing to do: no edit replaces a guest then. */
export async function isWantedAsBefore(context: Context, key: PreviewKey | undefined): Promise<boolean> {
  if (key === undefined) return false;
  return (await readFile(keptFile(context), "utf8").catch(() => "")).startsWith(`${key.wanted} `);
}

export async function keepUnchanged(context: Context, key: PreviewKey | undefined): Promise<void> {
  if (key !== undefined) await writePrivate(keptFile(context), written(key));
}

/**
 * After a whole `up` that succeeded the record is what was wanted: its resources have the inputs that the program gave.
 * @param before taken before that `up`: what somebody edited meanwhile was not what it did
 */
export async function keepBrought(context: Context, session: Session, before: PreviewKey | undefined): Promise<void> {
  const after = await previewKey(context, session);
  if (before !== undefined && after?.wanted === before.wanted) await keepUnchanged(context, after);
}
