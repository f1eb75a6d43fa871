import { shown } from "../../../src/core/text.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENT_NAMES, parsePlan, type DocumentName, type Plan } from "../../../src/plan/index.ts";
import { emitConfig } from "../../../src/pfsense/emit/index.ts";
import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";

const folder = join(import.meta.dirname, "../../plans/lab");

/** Changes the text of a document; a change that finds nothing to change is a test that tests nothing. */
export type Edits = Partial<Record<DocumentName, readonly (readonly [from: string | RegExp, to: string])[]>>;

/** The lab's plan, its YAML edited; throws its errors as text. */
export function labPlan(edits: Edits = {}): Plan {
  const documents = new Map(
    DOCUMENT_NAMES.map((name) => {
      let text = readFileSync(join(folder, `${name}.yaml`), "utf8");
      for (const [from, to] of edits[name] ?? []) {
        const next = text.replace(from, () => to);
        if (next === text) throw new Error(`${name}.yaml has no ${String(from)}`);
        text = next;
      }
      return [`${name}.yaml`, new TextEncoder().encode(text)] as const;
    }),
  );
  const outcome = parsePlan(documents);
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.code} ${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

/** What the reader makes of a router's file; throws its errors as text. */
export function readBack(plan: Plan, router: string): PfConfig {
  const outcome = readConfig(shown(emitConfig(plan, router)), { file: `${router}.xml` });
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.code} ${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

/** The lab with one access: what stays when the second is taken out of every document. */
export const ONE_WAN: Edits = {
  addressing: [[/  wan2:\n[\s\S]*?\n\n/, ""]],
  hosts: [[/      - \{ zone: wan2,.*\n/g, ""]],
  flows: [[/wans: \[wan1, wan2\]/g, "wans: [wan1]"]],
  coverage: [[/, "?zone:wan2"?/g, ""]],
};
