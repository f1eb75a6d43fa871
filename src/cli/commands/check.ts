import { formatDiagnostic, type Outcome } from "../../core/diagnostics.ts";
import type { Plan } from "../../plan/types.ts";
import type { Command } from "../commands.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planOf } from "../plan-of.ts";
import { wordsOf } from "../words.ts";

/** Judges the plan: every fault at once, none hidden behind another. */
export const check: Command = async (context, values) => {
  const outcome = await planOf(context, await readSettings(context), values["plan"]);
  if (context.isJson) {
    context.io.out(
      JSON.stringify({ ok: outcome.ok, findings: [...(outcome.ok ? [] : outcome.errors), ...outcome.warnings] }),
    );
  } else {
    printFindings(context, outcome, (text) => context.io.out(text));
    if (outcome.ok)
      context.io.out(wordsOf(context.language).planGood(outcome.value.hosts.size, outcome.value.flows.length));
  }
  return outcome.ok ? exitCodes.good : exitCodes.findings;
};

/** Prints every finding, and how many there are when the plan is not sound. */
export function printFindings(context: Context, outcome: Outcome<Plan>, print: (text: string) => void): void {
  const errors = outcome.ok ? [] : outcome.errors;
  for (const d of [...errors, ...outcome.warnings]) print(formatDiagnostic(d));
  if (!outcome.ok) print(wordsOf(context.language).found(errors.length, outcome.warnings.length));
}
