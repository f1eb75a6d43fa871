import { compareDiagnostics, type Diagnostic } from "../../core/diagnostics.ts";
import type { Plan } from "../../plan/types.ts";
import { intentOf } from "../../policy/intent.ts";
import { lintPolicy } from "../../policy/lints/index.ts";
import type { PfConfig } from "../model/config.ts";
import { diagnosticsOf } from "./diagnostics.ts";
import { proveRouters } from "./prove.ts";
import type { Proof } from "./types.ts";

export { proveRouters } from "./prove.ts";
export type * from "./types.ts";

export interface CheckOptions {
  /** ISO date: waivers end on theirs. */
  readonly today: string;
  /** Routers' files by router id; without them only the table is judged. */
  readonly configs?: ReadonlyMap<string, PfConfig>;
  /** Steps of the policy engine for one question about the table, and for the whole proof. */
  readonly steps?: number;
}

export interface Checked {
  /** Sorted by place. An error, an undecided question included, means that the policy is not proven. */
  readonly diagnostics: readonly Diagnostic[];
  readonly proof?: Proof;
}

/** The lints over the flow table and, with files, the proof that the routers do what it says. */
export function checkPolicy(plan: Plan, options: CheckOptions): Checked {
  const intent = intentOf(plan);
  const lints = lintPolicy(intent, options.today, options.steps);
  if (!options.configs) return { diagnostics: lints };
  const steps = options.steps === undefined ? {} : { steps: options.steps };
  const proof = proveRouters(plan, options.configs, { intent, ...steps });
  const found = diagnosticsOf(plan, options.configs, proof);
  return { diagnostics: [...lints, ...found].sort(compareDiagnostics), proof };
}
