import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkpointFile } from "../engine/checkpoint.ts";
import { writePrivate } from "../stack/folders.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/**
 * Names the question that a preview without a refresh answers: everything that its answer follows from, and nothing
 * else. Asked again about the same bytes it has the same answer, so an `up` after one that found nothing to change
 * needs no engine to know it; what may have changed behind the engine's back (guests, hosts) is asked each time.
 * @returns undefined where not everything lies in files here: another backend, or a program that runs unbundled
 */
export async function previewKey(context: Context, session: Session): Promise<string | undefined> {
  // bin/load.js names a bundle's folder after the sources and the packages.
  const program = basename(dirname(fileURLToPath(import.meta.url)));
  if (!session.isOwnBackend || !/^[0-9a-f]{16}$/.test(program)) return undefined;
  const { root, folders, stack } = context;
  const { cli, language, plugin } = session.engine;
  const plan = session.settings.plan;
  const hash = createHash("sha256").update(
    JSON.stringify([
      program,
      stack,
      // Certificates are renewed in time, and a waiver ends with its day.
      new Date().toISOString().slice(0, 10),
      [cli, language, plugin],
      [session.endpoint.url, session.sockets],
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
    for (const file of ["Pulumi.yaml", `Pulumi.${stack}.yaml`]) await add(join(root, file));
    await addAll(isAbsolute(plan) ? plan : join(root, plan));
    await addAll(join(root, "templates"));
    await addAll(folders.secrets);
    await add(checkpointFile(folders, stack));
  } catch {
    // Something is not there yet, or is being written: then the engine is asked.
    return undefined;
  }
  return hash.digest("hex");
}

const keptFile = (context: Context): string => join(context.folders.run, "unchanged");

/** Whether a preview of this very question found nothing to change. */
export async function isKnownUnchanged(context: Context, key: string | undefined): Promise<boolean> {
  if (key === undefined) return false;
  const kept = await readFile(keptFile(context), "utf8").catch(() => "");
  return kept.trim() === key;
}

export async function keepUnchanged(context: Context, key: string | undefined): Promise<void> {
  if (key !== undefined) await writePrivate(keptFile(context), `${key}\n`);
}
