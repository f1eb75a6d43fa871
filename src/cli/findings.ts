import type { Diagnostic } from "../core/diagnostics.ts";
import type { Context } from "./context.ts";
import { findingText } from "./said.ts";
import { wordsOf } from "./words.ts";

/** Prints every finding, and how many there are when one is a fault. */
export function printFindings(context: Context, findings: readonly Diagnostic[], print: (text: string) => void): void {
  for (const d of findings) print(findingText(d, context.language));
  const errors = findings.filter((d) => d.severity === "error").length;
  if (errors > 0) print(wordsOf(context.language).found(errors, findings.length - errors));
}
