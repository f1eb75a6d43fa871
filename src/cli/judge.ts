import { compareDiagnostics, formatDiagnostic, type Diagnostic } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { planFolder, type Settings } from "../infra/settings.ts";
import type { Proof } from "../pfsense/proof/index.ts";
import type { Context } from "./context.ts";
import { hadIn, placesOf } from "./had.ts";
import { keep, keptFile, readKept } from "./kept-result.ts";

/** What a check found; a pure function of the plan's bytes, the sources and the date. */
export interface Judgement {
  readonly ok: boolean;
  readonly findings: readonly Diagnostic[];
  readonly proof: Proof | undefined;
  readonly hosts: number;
  readonly flows: number;
}

/**
 * Judges a plan and proves its policy; the answer for the same bytes, sources and date is kept.
 * @param options asked: a folder as the user's shell means it, else the stack's plan; isFresh: do not use a kept answer
 */
export async function judgePlan(
  context: Context,
  settings: Settings,
  options: { readonly asked?: unknown; readonly isFresh?: boolean } = {},
): Promise<Judgement & { readonly isKept: boolean }> {
  const folder = typeof options.asked === "string" ? options.asked : planFolder(context.root, context.stack, settings);
  const today = new Date().toISOString().slice(0, 10);
  const artefacts = await hadIn(placesOf(context, settings));
  const words = [today, settings.nodes.length, folder, process.cwd(), artefacts];
  const file = options.isFresh === true ? undefined : await keptFile(context.folders.cache, "checks", folder, words);
  const kept = file === undefined ? undefined : await readKept<Judgement>(file);
  if (kept) return { ...kept, isKept: true };
  const judgement = await judge(folder, { nodes: settings.nodes.length, artefacts }, today);
  if (file !== undefined) await keep(file, judgement);
  return { ...judgement, isKept: false };
}

async function judge(
  folder: string,
  options: { readonly nodes: number; readonly artefacts: readonly string[] },
  today: string,
): Promise<Judgement> {
  // Loaded here: an answer that was kept needs none of it.
  const { loadPlan } = await import("../plan/index.ts");
  const { vocabulary } = await import("../roles/registry.ts");
  const outcome = await loadPlan(folder, { ...options, roles: vocabulary });
  if (!outcome.ok) {
    return { ok: false, findings: [...outcome.errors, ...outcome.warnings], proof: undefined, hosts: 0, flows: 0 };
  }
  const plan = outcome.value;
  const { checkRouters } = await import("./routers.ts");
  const { diagnostics, proof } = checkRouters(plan, today);
  const { roleFindings } = await import("../roles/findings.ts");
  const { releaseFindings } = await import("../plan/hosts/releases.ts");
  const findings = [...outcome.warnings, ...diagnostics, ...roleFindings(plan), ...releaseFindings(plan, today)].sort(
    compareDiagnostics,
  );
  const ok = findings.every((d) => d.severity !== "error") && proof?.verdict === "proven";
  return { ok, findings, proof, hosts: plan.hosts.size, flows: plan.flows.length };
}

/** What an `up` refuses, of a plan that can be read: packets that are not proven, and roles whose needs are not met. */
export function refusalOfCheck({ ok, findings }: Pick<Judgement, "ok" | "findings">): Fault | undefined {
  if (ok) return undefined;
  const faults = findings.filter((d) => d.severity === "error").map(formatDiagnostic);
  return new Fault(
    "PLAN_REFUSED",
    faults.length === 0 ? "The routers' files are not proven to do what the flow table says." : faults.join("\n"),
    "`maquette check` says the same without a lab: correct the plan, then ask again.",
  );
}
