import { shown } from "../../../src/core/text.ts";
import { parsePlan } from "../../../src/plan/index.ts";
import type { Plan } from "../../../src/plan/types.ts";
import {
  adopt,
  proveAdopted,
  type Adopted,
  type AdoptionProof,
  type AdoptOptions,
} from "../../../src/pfsense/adopt/index.ts";
import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { emitConfig } from "../../../src/pfsense/emit/index.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";

/** The reader's model of a text; throws its errors as text. */
export function read(xml: string): PfConfig {
  const outcome = readConfig(xml, { file: "config.xml" });
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.code} ${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

/** The plan of the documents; throws its errors as text. */
export function planOf(documents: ReadonlyMap<string, string>): Plan {
  const outcome = parsePlan(new Map([...documents].map(([file, text]) => [file, new TextEncoder().encode(text)])));
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.code} ${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

export interface Imported extends Adopted {
  readonly config: PfConfig;
  readonly plan: Plan;
  readonly proof: AdoptionProof;
}

/** What is written of an import, and the proof about it; throws the Fault of a plan that cannot be written. */
export function emittedOf({ config, plan, circumstances }: Imported): {
  readonly text: string;
  readonly config: PfConfig;
  readonly proof: AdoptionProof;
} {
  const router = [...plan.hosts.values()].find((h) => h.role === "router")!;
  const text = shown(emitConfig(plan, router.id));
  const emitted = read(text);
  return { text, config: emitted, proof: proveAdopted(config, plan, { circumstances, emitted }) };
}

/** The whole way of the command, without the disk. */
export function importOf(xml: string, options: AdoptOptions = {}): Imported {
  const config = read(xml);
  const adopted = adopt(config, options);
  const plan = planOf(adopted.documents);
  return { ...adopted, config, plan, proof: proveAdopted(config, plan, adopted) };
}
