import { printable } from "./hidden.ts";

/** Where a fact stands: a file as the user named it, and one-based line and column. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One thing that is wrong, as a person should read it:
 * `flows.yaml:14:9 POLICY_UNKNOWN_ZONE flows[3].from: "dzm" is not a zone` and a hint below.
 */
export interface Diagnostic {
  /** Stable, upper case, `ROOM_WHAT`; documented once and never reused for something else. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** Absent for what has no place in a file (a missing directory, a proof over the whole plan). */
  readonly place?: Place;
  /** Path inside the document, `flows[3].from`; empty for the whole document. */
  readonly path: string;
  readonly fact: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Renders one diagnostic as the two lines of the house style. */
export function formatDiagnostic(d: Diagnostic): string {
  const where = d.place ? `${printable(d.place.file)}:${d.place.line}:${d.place.column} ` : "";
  const path = d.path === "" ? "" : `${printable(d.path)}: `;
  const hint = d.hint === "" ? "" : `\n  hint: ${printable(d.hint, "\n\t")}`;
  return `${where}${d.code} ${path}${printable(d.fact, "\n\t")}${hint}`;
}

/** Orders by file, line, column, then code, so that output does not depend on which rule ran first. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  const file = (a.place?.file ?? "").localeCompare(b.place?.file ?? "", "en");
  if (file !== 0) return file;
  const line = (a.place?.line ?? 0) - (b.place?.line ?? 0);
  if (line !== 0) return line;
  const column = (a.place?.column ?? 0) - (b.place?.column ?? 0);
  if (column !== 0) return column;
  return a.code.localeCompare(b.code, "en") || a.path.localeCompare(b.path, "en");
}

/** Either a value, or every reason why there is none; warnings may come with either. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly errors: readonly Diagnostic[]; readonly warnings: readonly Diagnostic[] };

/**
 * The nearest of `known` to a misspelt name, or undefined when nothing is near enough to be worth saying.
 * Optimal string alignment distance (a swap of neighbours counts one), at most a third of the name's length, at least one.
 */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, beforeLast[j - 2]! + 1);
      row.push(d);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
