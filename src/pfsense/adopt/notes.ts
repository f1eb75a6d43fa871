import { visibleLine } from "../../core/hidden.ts";
import { compareDiagnostics, type Diagnostic, type Place } from "../../core/diagnostics.ts";
import type { ImportCode } from "./codes.ts";

/** Collects what could not be carried; each thing once, all at once, in the order of the file. */
export class Notes {
  readonly #all = new Map<string, Diagnostic>();

  /** It changes which packets pass or where they go. */
  lost(code: ImportCode, place: Place | undefined, path: string, fact: string, hint: string): void {
    this.keep({ code, severity: "error", ...(place ? { place } : {}), path, fact, hint });
  }

  /** Packets fare the same without it. */
  told(code: ImportCode, place: Place | undefined, path: string, fact: string, hint: string): void {
    this.keep({ code, severity: "warning", ...(place ? { place } : {}), path, fact, hint });
  }

  keep(d: Diagnostic): void {
    const key = `${d.code} ${d.path} ${d.fact}`;
    if (!this.#all.has(key)) this.#all.set(key, d);
  }

  /** In the order of the file. */
  sorted(): readonly Diagnostic[] {
    return [...this.#all.values()].sort(compareDiagnostics);
  }
}

/** Text of a file as a part of one line: no control characters, not endless. */
export function oneLine(text: string, limit = 200): string {
  const clean = visibleLine(text);
  if (clean.length <= limit) return clean;
  // A cut may leave half of a character behind.
  return `${clean
    .slice(0, limit - 1)
    .replace(/\p{Surrogate}$/u, "")
    .trimEnd()}…`;
}
