import { shown } from "../../../src/core/text.ts";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatDiagnostic } from "../../../src/core/diagnostics.ts";
import { emitConfig } from "../../../src/pfsense/emit/index.ts";
import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { parsePlan, type Plan } from "../../../src/plan/index.ts";

const LAB = join(import.meta.dirname, "../../plans/lab");

/** The lab's plan, a document at a time through `change`. */
export function labPlan(change: (text: string, name: string) => string = (text) => text): Plan {
  const names = readdirSync(LAB).filter((n) => n.endsWith(".yaml"));
  const read = parsePlan(
    new Map(names.map((name) => [name, Buffer.from(change(readFileSync(join(LAB, name), "utf8"), name))])),
  );
  if (!read.ok) throw new Error(read.errors.map(formatDiagnostic).join("\n"));
  return read.value;
}

/** What the emitter writes for a router, read back. */
export function emitted(plan: Plan, router: string): PfConfig {
  const read = readConfig(shown(emitConfig(plan, router)), { file: `${router}.xml` });
  if (!read.ok) throw new Error(read.errors.map(formatDiagnostic).join("\n"));
  return read.value;
}

export const both = (make: (router: string) => PfConfig): ReadonlyMap<string, PfConfig> =>
  new Map(["rtr-a", "rtr-b"].map((id) => [id, make(id)]));
