import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { formatDiagnostic } from "../../src/core/diagnostics.ts";
import { parsePlan, type Plan } from "../../src/plan/index.ts";
import { checkPolicy } from "../../src/pfsense/proof/index.ts";
import { explain, formatExplanation } from "../../src/pfsense/proof/explain.ts";
import { diffPlans, renderDiffText } from "../../src/policy/diff/index.ts";
import { parseProtocol } from "../../src/policy/question.ts";
import { handConfig } from "../pfsense/proof/hand.ts";

const CASES = join(import.meta.dirname, "../cases/policy");
const BASE = join(import.meta.dirname, "../cases/plan/base");

interface Edit {
  readonly in: string;
  readonly find: string;
  readonly put: string;
}

/** One document of tests/cases/policy: what is done to the base plan or to a router's file, and what must be said. */
export interface Case {
  readonly title: string;
  /** Replaces a text that stands exactly once in a document of the base plan, after its waivers were taken out. */
  readonly edit?: readonly Edit[];
  /** ISO date of the check; 2025-01-06 when left out. */
  readonly today?: string;
  /** Judge files as well: a plain file for each router, with replacements in its text, by router; `{}` for none. */
  readonly files?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Routers whose file is not given. */
  readonly withoutFileOf?: readonly string[];
  /** Steps that the proof may take. */
  readonly steps?: number;
  /** Ask a question instead: `pc1 pbx udp/5060`. */
  readonly explain?: string;
  /** Compare with the base plan instead. */
  readonly diff?: boolean;
  /** What a person reads, word for word; empty for nothing. */
  readonly expect: string;
}

export const caseFiles = (): readonly string[] =>
  readdirSync(CASES)
    .filter((n) => n.endsWith(".yaml"))
    .sort();

export const readCase = (file: string): Case => parse(readFileSync(join(CASES, file), "utf8")) as Case;

export function planOf(edits: readonly Edit[]): Plan {
  const texts = new Map(readdirSync(BASE).map((name) => [name, readFileSync(join(BASE, name), "utf8")]));
  const flows = texts.get("flows.yaml")!;
  texts.set("flows.yaml", flows.slice(0, flows.indexOf("waivers:")));
  for (const { in: file, find, put } of edits) {
    const text = texts.get(file) ?? "";
    if (text.split(find).length !== 2) throw new Error(`${JSON.stringify(find)} must stand once in ${file}`);
    texts.set(
      file,
      text.replace(find, () => put),
    );
  }
  const read = parsePlan(new Map([...texts].map(([name, text]) => [name, Buffer.from(text)])));
  if (!read.ok) throw new Error(read.errors.map(formatDiagnostic).join("\n"));
  return read.value;
}

export function runCase(c: Case): string {
  const plan = planOf(c.edit ?? []);
  if (c.diff === true) return renderDiffText(diffPlans(planOf([]), plan));
  const routers = ["rtr-a", "rtr-b"].filter((id) => !c.withoutFileOf?.includes(id));
  const configs = new Map(routers.map((id) => [id, handConfig(plan, id, { change: c.files?.[id] ?? {} })]));
  if (c.explain !== undefined) {
    const [from = "", to = "", what = ""] = c.explain.split(" ");
    return formatExplanation(explain(plan, configs, { from, to, ...parseProtocol(plan, what) }));
  }
  const steps = c.steps === undefined ? {} : { steps: c.steps };
  const files = c.files || c.withoutFileOf ? { configs } : {};
  const { diagnostics } = checkPolicy(plan, { today: c.today ?? "2025-01-06", ...files, ...steps });
  return diagnostics.map((d) => `${d.severity === "warning" ? "warning: " : ""}${formatDiagnostic(d)}\n`).join("");
}
