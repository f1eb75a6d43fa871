import type { Diagnostic } from "../../core/diagnostics.ts";
import type { Unknown } from "../model/base.ts";

/** More findings than this say nothing new to a person; the rest are counted in one line. */
const MAX_FINDINGS = 1_000;

/** Where every stage of reading puts what it finds; nothing here stops the reading. */
export class Findings {
  readonly file: string;
  readonly #errors: Diagnostic[] = [];
  readonly #warnings: Diagnostic[] = [];
  readonly unknown: Unknown[] = [];
  readonly kept: Unknown[] = [];
  #dropped = 0;

  constructor(file: string) {
    this.file = file;
  }

  /** @param at one-based line and column, or undefined when the whole file is meant */
  error(code: string, at: At | undefined, path: string, fact: string, hint: string): void {
    this.#add(this.#errors, "error", code, at, path, fact, hint);
  }

  warn(code: string, at: At | undefined, path: string, fact: string, hint: string): void {
    this.#add(this.#warnings, "warning", code, at, path, fact, hint);
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  get errors(): readonly Diagnostic[] {
    return this.#errors;
  }

  /** The warnings, and one line more when some had to be left out. */
  get warnings(): readonly Diagnostic[] {
    if (this.#dropped === 0) return this.#warnings;
    const fact = `${this.#dropped} more findings are left out`;
    const hint = "Mend the ones shown and read the file again.";
    return [...this.#warnings, { code: "PFSENSE_MORE_FINDINGS", severity: "warning", path: "", fact, hint }];
  }

  #add(
    list: Diagnostic[],
    severity: "error" | "warning",
    code: string,
    at: At | undefined,
    path: string,
    fact: string,
    hint: string,
  ): void {
    if (list.length >= MAX_FINDINGS) {
      this.#dropped++;
      return;
    }
    const place = at === undefined ? {} : { place: { file: this.file, line: at.line, column: at.column } };
    list.push({ code, severity, ...place, path, fact, hint });
  }
}

export interface At {
  readonly line: number;
  readonly column: number;
}

/** Quotes foreign text for a message: one line, no control characters, at most 60 characters. */
export function quote(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  return `"${clean.length > 60 ? `${clean.slice(0, 57)}…` : clean}"`;
}
