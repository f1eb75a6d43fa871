import { messageOf } from "../core/fault.ts";
import { shown } from "../core/text.ts";
import type { Diagnostic } from "../core/diagnostics.ts";
import { emitRouters, unmetNeeds, unreadableLabels } from "../pfsense/emit/index.ts";
import type { PfConfig } from "../pfsense/model/config.ts";
import { checkPolicy, type Checked } from "../pfsense/proof/index.ts";
import { readConfig } from "../pfsense/read/read-config.ts";
import type { Plan } from "../plan/types.ts";

/** The routers' files as they would be delivered, read back by the reader that knows nothing of the writer. */
export function routersOf(plan: Plan): {
  readonly configs: ReadonlyMap<string, PfConfig>;
  readonly findings: readonly Diagnostic[];
} {
  const configs = new Map<string, PfConfig>();
  const findings: Diagnostic[] = [...unmetNeeds(plan), ...unreadableLabels(plan)];
  for (const [router, text] of emitRouters(plan, {})) {
    const read = readConfig(shown(text), { file: `${router}/config.xml` });
    findings.push(...read.warnings, ...(read.ok ? [] : read.errors));
    if (read.ok) configs.set(router, read.value);
  }
  return { configs, findings };
}

/** plan → emit → read → rules in pf's order → equal to the plan; and the lints over the flow table. */
export function checkRouters(plan: Plan, today = new Date().toISOString().slice(0, 10)): Checked {
  try {
    const { configs, findings } = routersOf(plan);
    const checked = checkPolicy(plan, { today, configs });
    return { ...checked, diagnostics: [...findings, ...checked.diagnostics] };
  } catch (error) {
    // What cannot be written as a pfSense configuration is a finding about the plan, not a failure of the tool.
    if (!(error instanceof Error) || error.name !== "Fault") throw error;
    const { code, hint } = error as Error & { code: string; hint: string };
    const table = checkPolicy(plan, { today });
    return { diagnostics: [...table.diagnostics, { code, severity: "error", path: "", fact: messageOf(error), hint }] };
  }
}
