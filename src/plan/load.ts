import { readdir, readFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Diagnostic, Outcome } from "../core/diagnostics.ts";
import { errnoOf } from "../core/fault.ts";
import { fileError } from "./decode.ts";
import { DOCUMENT_NAMES } from "./names.ts";
import { parsePlan } from "./parse.ts";
import type { Plan } from "./types.ts";

export interface LoadOptions {
  /** How many nodes the stack has: with several, pairs must be apart. 1 if left out. */
  readonly nodes?: number;
}

/**
 * Reads and judges the plan in a directory. The only I/O of this room; whatever is on the disk, the answer is a plan or
 * diagnostics, never an exception.
 *
 * @param dir relative to the current directory, or absolute; diagnostics name files the same way, and relative to the
 *   current directory where they lie inside it
 */
export async function loadPlan(dir: string, options: LoadOptions = {}): Promise<Outcome<Plan>> {
  const shown = displayed(dir);
  const listed = await list(dir);
  if (!Array.isArray(listed)) return failed(directoryError(shown, listed.errno));

  const documents = new Map<string, Uint8Array>();
  const unreadable: Diagnostic[] = [];
  for (const name of listed.filter((n) => /\.ya?ml$/i.test(n)).sort()) {
    const file = join(shown, name);
    // A stranger is named, not read: it may be anything.
    const isDocument = DOCUMENT_NAMES.some((d) => name === `${d}.yaml`);
    const bytes = isDocument ? await read(join(dir, name)) : new Uint8Array();
    if (bytes instanceof Uint8Array) documents.set(file, bytes);
    else
      unreadable.push(
        fileError(file, "PLAN_FILE_UNREADABLE", `cannot be read (${bytes.errno})`, readHint(bytes.errno), 1, 1),
      );
  }
  const outcome = parsePlan(documents, { ...options, fileOf: (name) => join(shown, `${name}.yaml`) });
  if (unreadable.length === 0) return outcome;
  // What exists and cannot be read is not missing as well.
  const others = outcome.ok ? [] : outcome.errors.filter((e) => !isSameFile(e, unreadable));
  return { ok: false, errors: [...unreadable, ...others], warnings: outcome.warnings };
}

/** A directory as the user gave it, or relative when it lies inside the current one. */
function displayed(dir: string): string {
  const path = relative(process.cwd(), resolve(dir));
  const isInside = path !== "" && !isAbsolute(path) && path !== ".." && !path.startsWith(`..${sep}`);
  return isInside ? path : dir;
}

type Failed = { readonly errno: string };

async function list(dir: string): Promise<string[] | Failed> {
  try {
    return await readdir(dir);
  } catch (error) {
    return { errno: errnoOf(error) ?? "unknown" };
  }
}

async function read(file: string): Promise<Uint8Array | Failed> {
  try {
    return await readFile(file);
  } catch (error) {
    return { errno: errnoOf(error) ?? "unknown" };
  }
}

const isSameFile = (e: Diagnostic, list: readonly Diagnostic[]): boolean =>
  e.code === "PLAN_FILE_MISSING" && list.some((d) => d.place?.file === e.place?.file);

const readHint = (errno: string): string =>
  errno === "EISDIR" ? "It is a directory; a document is a file" : "Check its permissions";

function directoryError(shown: string, errno: string): Diagnostic {
  const facts: Record<string, string> = { ENOENT: "does not exist", ENOTDIR: "is not a directory" };
  const fact = `${shown} ${facts[errno] ?? `cannot be read (${errno})`}`;
  const hint = "Give the directory of a plan, such as stacks/lab, and run from the project's root";
  return { code: "PLAN_DIRECTORY_MISSING", severity: "error", path: "", fact, hint };
}

const failed = (error: Diagnostic): Outcome<Plan> => ({ ok: false, errors: [error], warnings: [] });
