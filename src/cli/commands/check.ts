import { compareDiagnostics, formatDiagnostic, type Diagnostic } from "../../core/diagnostics.ts";
import type { Command } from "../commands.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planOf } from "../plan-of.ts";
import { wordsOf } from "../words.ts";

/**
 * Judges the plan, then its policy: every fault at once. What the flow table says is proven of the two config.xml that
 * would be delivered; undecided counts as not proven.
 */
export const check: Command = async (context, values) => {
  const outcome = await planOf(context, await readSettings(context), values["plan"]);
  const words = wordsOf(context.language);
  if (!outcome.ok) {
    report(context, { ok: false }, [...outcome.errors, ...outcome.warnings]);
    return exitCodes.findings;
  }
  // Loaded here: a plan with faults needs no proof.
  const { checkRouters } = await import("../routers.ts");
  const { diagnostics, proof } = checkRouters(outcome.value);
  const findings = [...outcome.warnings, ...diagnostics].sort(compareDiagnostics);
  const isGood = findings.every((d) => d.severity !== "error") && proof?.verdict === "proven";
  report(context, { ok: isGood, proof }, findings);
  if (!context.isJson && isGood) {
    context.io.out(words.planGood(outcome.value.hosts.size, outcome.value.flows.length));
    const routers = proof.routers.map((r) => r.id).join(", ");
    context.io.out(words.proven(routers, proof.rows.filter((r) => r.by === "pfsense").length, Math.round(proof.ms)));
  }
  return isGood ? exitCodes.good : exitCodes.findings;
};

/** Prints findings as lines, or with the result as one JSON document. */
function report(context: Context, result: object, findings: readonly Diagnostic[]): void {
  if (context.isJson) context.io.out(JSON.stringify({ ...result, findings }));
  else printFindings(context, findings, (text) => context.io.out(text));
}

/** Prints every finding, and how many there are when one is a fault. */
export function printFindings(context: Context, findings: readonly Diagnostic[], print: (text: string) => void): void {
  for (const d of findings) print(formatDiagnostic(d));
  const errors = findings.filter((d) => d.severity === "error").length;
  if (errors > 0) print(wordsOf(context.language).found(errors, findings.length - errors));
}
