import { readdir } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Diagnostic, Outcome } from "../core/diagnostics.ts";
import { errnoOf } from "../core/fault.ts";
import type { PlanCode } from "./codes.ts";
import { fileError, MAX_BYTES, tooLarge } from "./decode.ts";
import { isRead, readFileIn, type NotRead } from "./load-file.ts";
import { DOCUMENT_NAMES } from "./names.ts";
import { parsePlan } from "./parse.ts";
import type { Plan } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface LoadOptions {
  /** How many nodes the stack has: with several, pairs must be apart. 1 if left out. */
  readonly nodes?: number;
  /** The roles that hosts may play; without them no word of a role is judged. */
  readonly roles?: Vocabulary;
  /** Ids of files of others that are here (core/artefact.ts). None if left out. */
  readonly artefacts?: readonly string[];
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
    const found = isDocument ? await readFileIn(dir, name, MAX_BYTES) : new Uint8Array();
    if (isRead(found)) documents.set(file, found);
    else unreadable.push(notRead(file, found));
  }
  const outcome = parsePlan(documents, { ...options, fileOf: (name) => join(shown, `${name}.yaml`) });
  return withUnread(outcome, unreadable);
}

/** What a plan is said to be when some of its documents exist and were not read. */
export function withUnread(outcome: Outcome<Plan>, unreadable: readonly Diagnostic[]): Outcome<Plan> {
  if (unreadable.length === 0) return outcome;
  // They are not missing as well.
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

const isSameFile = (e: Diagnostic, list: readonly Diagnostic[]): boolean =>
  e.code === "PLAN_FILE_MISSING" && list.some((d) => d.place?.file === e.place?.file);

/** Why a document is not read, as a finding. */
export function notRead(file: string, why: NotRead): Diagnostic {
  const said = (code: PlanCode, fact: string, hint: string): Diagnostic => fileError(file, code, fact, hint, 1, 1);
  if ("size" in why) return tooLarge(file, why.size);
  if ("errno" in why) return said("PLAN_FILE_UNREADABLE", `cannot be read (${why.errno})`, "Check its permissions");
  if (why.kind === "folder")
    return said("PLAN_FILE_UNREADABLE", "cannot be read (EISDIR)", "It is a directory; a document is a file");
  const what = {
    link: "is a link that leads out of the plan's directory",
    pipe: "is a pipe",
    socket: "is a socket",
    device: "is a device",
  }[why.kind];
  const hint = why.kind === "link" ? "Copy the document itself into the directory" : "A document is a file";
  return said("PLAN_FILE_IS_NONE", what, hint);
}

function directoryError(shown: string, errno: string): Diagnostic {
  const facts: Record<string, string> = { ENOENT: "does not exist", ENOTDIR: "is not a directory" };
  const fact = `${shown} ${facts[errno] ?? `cannot be read (${errno})`}`;
  const hint = "Give the directory of a plan, such as stacks/lab, and run from the project's root";
  return { code: "PLAN_DIRECTORY_MISSING", severity: "error", path: "", fact, hint };
}

const failed = (error: Diagnostic): Outcome<Plan> => ({ ok: false, errors: [error], warnings: [] });
