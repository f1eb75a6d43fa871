import { didYouMean, type Diagnostic, type Place } from "../core/diagnostics.ts";
import type { PlanCode } from "./codes.ts";
import type { DocumentName } from "./names.ts";

/** Keys and indexes from the root of a document. */
export type Path = readonly (string | number)[];

/** A value (or a key) of a document, before it is a line and a column. */
export interface Where {
  readonly document: DocumentName;
  readonly path: Path;
  /** `key` points at the key itself, for a key or name that is wrong; the value otherwise. */
  readonly at?: "key";
}

/** What a stage or a rule found. */
export interface Problem {
  readonly code: PlanCode;
  readonly where: Where;
  readonly fact: string;
  readonly hint: string;
  /** `error` if absent. */
  readonly severity?: "warning";
}

export const problem = (code: PlanCode, where: Where, fact: string, hint: string): Problem => ({
  code,
  where,
  fact,
  hint,
});

export const warning = (code: PlanCode, where: Where, fact: string, hint: string): Problem => ({
  ...problem(code, where, fact, hint),
  severity: "warning",
});

/** A place below another. */
export const below = (where: Where, ...path: Path): Where => ({
  document: where.document,
  path: [...where.path, ...path],
});

/** The key of a place rather than its value. */
export const keyOf = (where: Where): Where => ({ ...where, at: "key" });

/** `flows[3].from`, `people["claire.morel"].mailbox`: a path as a person would write it. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Gives a problem its place: `locate` knows the documents' lines. */
export const diagnose = (p: Problem, locate: (where: Where) => Place): Diagnostic => ({
  code: p.code,
  severity: p.severity ?? "error",
  place: locate(p.where),
  path: formatPath(p.where.path),
  fact: shortened(p.fact),
  hint: shortened(p.hint),
});

const LONGEST = 400;

/** Of a text that quotes a very long value its beginning, and its end, which says what is wrong. */
const shortened = (text: string): string =>
  text.length <= LONGEST ? text : `${text.slice(0, LONGEST / 2)}…${text.slice(1 - LONGEST / 2)}`;

/** A hint for a name that is not known: the nearest that is, if any is near, and where such names are declared. */
export function withSuggestion(name: string, known: Iterable<string>, home: string): string {
  const near = didYouMean(name, known);
  return near === undefined ? home : `did you mean "${near}"? ${home}`;
}
