import { compareDiagnostics, type Diagnostic } from "../../core/diagnostics.ts";
import { DEFAULT_STEPS } from "../engine/index.ts";
import type { Intent } from "../intent.ts";
import { idleExceptionsOfInvariants, invariantsHold, unusedPools } from "./around.ts";
import type { Finding, Lint } from "./lint.ts";
import { emptyDescriptions, literalNetworks, unenforceableRows, wideRows } from "./rows.ts";
import { finalDeny, logs, protection, sectionContent, sectionOrder } from "./sections.ts";
import { redundantRows, shadowedRows } from "./shadows.ts";
import { applyWaivers } from "./waivers.ts";

const LINTS: readonly Lint[] = [
  sectionOrder,
  sectionContent,
  protection,
  finalDeny,
  logs,
  shadowedRows,
  redundantRows,
  wideRows,
  literalNetworks,
  unenforceableRows,
  emptyDescriptions,
  unusedPools,
  idleExceptionsOfInvariants,
  invariantsHold,
];

/**
 * Everything that the lints find in a flow table, after its waivers.
 * @param today ISO date: waivers end on theirs
 * @param steps of the engine for one question; beyond them it is undecided
 */
export function lintPolicy(intent: Intent, today: string, steps: number = DEFAULT_STEPS): readonly Diagnostic[] {
  const context = { intent, today, steps };
  const findings: Finding[] = LINTS.flatMap((lint) => [...lint(context)]);
  return applyWaivers(context, findings)
    .map((f) => f.diagnostic)
    .sort(compareDiagnostics);
}
