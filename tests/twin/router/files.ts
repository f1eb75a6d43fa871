import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { rulesOf } from "../../../src/pfsense/rules/ruleset.ts";
import type { Circumstances } from "../../../src/pfsense/rules/types.ts";
import type { FilterInput } from "../../../src/twin/router/compile/filter.ts";
import { compileTable } from "../../../src/twin/router/compile/table.ts";
import { emitted, labPlan } from "../../pfsense/proof/lab.ts";
import { circumstancesOf, configOf, loadCases } from "../../pfsense/rules/case.ts";

export interface File {
  readonly name: string;
  readonly config: PfConfig;
  readonly circumstances: Circumstances;
}

/** The lab's two routers as emitted, then every case of pfsense/rules: small files, each with one thing of pf in it. */
export function files(): readonly File[] {
  const plan = labPlan();
  return [
    ...["rtr-a", "rtr-b"].map((name) => ({ name, config: emitted(plan, name), circumstances: {} })),
    ...loadCases().map(([name, c]) => ({ name, config: configOf(c), circumstances: circumstancesOf(c) })),
  ];
}

/** A file as the router would load it. */
export function compiled(
  file: File,
): FilterInput & { readonly text: string; readonly gaps: readonly { id: string }[] } {
  const ruleset = rulesOf(file.config, file.circumstances);
  const table = compileTable(file.config, ruleset);
  return { config: file.config, ruleset, marks: table.marks, text: table.text, gaps: table.gaps };
}
