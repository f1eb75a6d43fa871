import { isAbsolute, join } from "node:path";
import { compareDiagnostics, formatDiagnostic, type Diagnostic } from "../../core/diagnostics.ts";
import type { Proof } from "../../pfsense/proof/index.ts";
import type { Command } from "../commands.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { jsonOf, keep, keptFile, readKept } from "../kept-result.ts";
import { wordsOf } from "../words.ts";

/** What a check found; a pure function of the plan's bytes, the sources and the date. */
interface Judgement {
  readonly ok: boolean;
  readonly findings: readonly Diagnostic[];
  readonly proof: Proof | undefined;
  readonly hosts: number;
  readonly flows: number;
}

/**
 * Judges the plan, then its policy: every fault at once. What the flow table says is proven of the two config.xml that
 * would be delivered; undecided counts as not proven. An answer for the same bytes is kept (--fresh asks again).
 */
export const check: Command = async (context, values) => {
  const settings = await readSettings(context);
  const asked = values["plan"];
  const folder =
    typeof asked === "string" ? asked : isAbsolute(settings.plan) ? settings.plan : join(context.root, settings.plan);
  const today = new Date().toISOString().slice(0, 10);
  const words = [today, settings.nodes.length, folder, process.cwd()];
  const file = values["fresh"] === true ? undefined : await keptFile(context.folders.cache, "checks", folder, words);
  const kept = file === undefined ? undefined : await readKept<Judgement>(file);
  const judgement = kept ?? (await judge(folder, settings.nodes.length, today));
  if (file !== undefined && !kept) await keep(file, judgement);
  report(context, judgement, kept !== undefined);
  return judgement.ok ? exitCodes.good : exitCodes.findings;
};

async function judge(folder: string, nodes: number, today: string): Promise<Judgement> {
  // Loaded here: an answer that was kept needs neither.
  const { loadPlan } = await import("../../plan/index.ts");
  const outcome = await loadPlan(folder, { nodes });
  if (!outcome.ok) {
    return { ok: false, findings: [...outcome.errors, ...outcome.warnings], proof: undefined, hosts: 0, flows: 0 };
  }
  const plan = outcome.value;
  const { checkRouters } = await import("../routers.ts");
  const { diagnostics, proof } = checkRouters(plan, today);
  const findings = [...outcome.warnings, ...diagnostics].sort(compareDiagnostics);
  const ok = findings.every((d) => d.severity !== "error") && proof?.verdict === "proven";
  return { ok, findings, proof, hosts: plan.hosts.size, flows: plan.flows.length };
}

function report(context: Context, { ok, findings, proof, hosts, flows }: Judgement, isKept: boolean): void {
  if (context.isJson) {
    context.io.out(jsonOf({ ok, proof, findings }));
    return;
  }
  printFindings(context, findings, (text) => context.io.out(text));
  if (!ok || !proof) return;
  const words = wordsOf(context.language);
  context.io.out(words.planGood(hosts, flows));
  const routers = proof.routers.map((r) => r.id).join(", ");
  const byPfsense = proof.rows.filter((r) => r.by === "pfsense").length;
  context.io.out(words.proven(routers, byPfsense, Math.round(proof.ms)) + (isKept ? ` ${words.provenBefore}` : ""));
}

/** Prints every finding, and how many there are when one is a fault. */
export function printFindings(context: Context, findings: readonly Diagnostic[], print: (text: string) => void): void {
  for (const d of findings) print(formatDiagnostic(d));
  const errors = findings.filter((d) => d.severity === "error").length;
  if (errors > 0) print(wordsOf(context.language).found(errors, findings.length - errors));
}
