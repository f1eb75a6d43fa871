import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DOCUMENT_NAMES, documentsIn } from "../plan/index.ts";
import { writePrivate } from "../stack/folders.ts";

const KEPT_MS = 30 * 86_400_000;

/**
 * Results that follow from a folder's bytes, the program's sources and a few words alone, kept by their content: the
 * same question about the same files has the same answer.
 * @param words what else the answer hangs on: the date, the number of nodes, how files are shown
 * @returns the file that would hold the answer; undefined when the folder cannot be read
 */
export async function keptFile(
  cache: string,
  what: string,
  folder: string,
  words: readonly unknown[],
): Promise<string | undefined> {
  // bin/load.js names a bundle's folder after the sources; without a bundle (tests) nothing is kept.
  const program = basename(dirname(fileURLToPath(import.meta.url)));
  if (!/^[0-9a-f]{16}$/.test(program)) return undefined;
  const hash = createHash("sha256").update(JSON.stringify([program, ...words]));
  try {
    // Every name, because strangers are named too; of their content nothing is said.
    const names = (await readdir(folder)).sort();
    hash.update(JSON.stringify(names));
    const documents = await documentsIn(folder);
    // What a document is that cannot be read may change while nothing here does.
    if (DOCUMENT_NAMES.some((d) => names.includes(`${d}.yaml`) && !documents.has(`${d}.yaml`))) return undefined;
    for (const [name, bytes] of documents) hash.update(`\0${name}\0${bytes.length}\0`).update(bytes);
  } catch {
    return undefined;
  }
  return join(cache, what, `${hash.digest("hex").slice(0, 32)}.json`);
}

/** JSON, with whole numbers beyond 2^53 (addresses of a witness) as text. */
export const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v));

export async function readKept<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** Keeps an answer, and drops those that nobody asked for in a month; a cache that cannot be written is no failure. */
export async function keep(file: string, answer: unknown): Promise<void> {
  try {
    await writePrivate(file, jsonOf(answer));
    for (const name of await readdir(dirname(file))) {
      const path = join(dirname(file), name);
      if (Date.now() - (await stat(path)).mtimeMs > KEPT_MS) await rm(path, { force: true });
    }
  } catch {
    // The next check computes it again.
  }
}
