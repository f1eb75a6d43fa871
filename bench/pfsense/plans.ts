import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { Fault } from "../../src/core/fault.ts";
import { shown } from "../../src/core/text.ts";
import { emitConfig } from "../../src/pfsense/emit/index.ts";
import type { PfConfig } from "../../src/pfsense/model/config.ts";
import { readConfig } from "../../src/pfsense/read/read-config.ts";
import { parsePlan, type Plan } from "../../src/plan/index.ts";
import { routersOf } from "../../src/plan/query.ts";
import { vocabulary } from "../../src/roles/registry.ts";
import { CHANGES, type Change } from "./mutate.ts";

const LAB = fileURLToPath(new URL("../../tests/plans/lab", import.meta.url));

export type Documents = ReadonlyMap<string, unknown>;

/** The documents of the tests' whole lab, as values. */
export const labDocuments = (): Documents =>
  new Map(
    readdirSync(LAB)
      .filter((n) => n.endsWith(".yaml"))
      .map((n) => [n, parse(readFileSync(join(LAB, n), "utf8")) as unknown]),
  );

/** @returns undefined when the documents are no plan */
export function planOf(documents: Documents): Plan | undefined {
  const bytes = new Map([...documents].map(([name, value]) => [name, Buffer.from(stringify(value))]));
  const read = parsePlan(bytes, { roles: vocabulary });
  return read.ok ? read.value : undefined;
}

/** Both routers' files, read back; the code of the refusal when no file can be written of such a plan. */
export function configsOf(plan: Plan): ReadonlyMap<string, PfConfig> | string {
  try {
    return new Map(
      routersOf(plan).map((r) => {
        const read = readConfig(shown(emitConfig(plan, r.id)), { file: r.id });
        if (!read.ok) throw new Error(`${r.id} cannot be read back: ${JSON.stringify(read.errors)}`);
        return [r.id, read.value];
      }),
    );
  } catch (error) {
    if (error instanceof Fault && error.code.startsWith("PFSENSE_EMIT_")) return error.code;
    throw error;
  }
}

type Step = string | number;
type Value = { readonly [key: string]: Value } | readonly Value[] | string | number | boolean | null;

/** One change of one value somewhere in the documents of the flow table, addresses and services. */
export function mutatedPlan(
  documents: Documents,
  random: () => number,
): { readonly name: string; readonly documents: Documents } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const name = pick(
    ["flows.yaml", "flows.yaml", "services.yaml", "addressing.yaml", "groups.yaml"].filter((n) => documents.has(n)),
  );
  const paths = pathsOf(documents.get(name) as Value, []);
  const path = pick(paths);
  const change = pick(CHANGES);
  const value = put(documents.get(name) as Value, path, change);
  return { name: `${change} ${name} ${path.join(".")}`, documents: new Map([...documents, [name, value]]) };
}

function pathsOf(value: Value, at: readonly Step[]): readonly (readonly Step[])[] {
  if (typeof value !== "object" || value === null) return [];
  const keys: readonly Step[] = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  return keys.flatMap((k) => [[...at, k], ...pathsOf((value as Record<Step, Value>)[k]!, [...at, k])]);
}

function put(value: Value, path: readonly Step[], change: Change): Value {
  const [step, ...rest] = path as readonly [Step, ...Step[]];
  const entries: [Step, Value][] = Array.isArray(value)
    ? value.map((v: Value, i): [Step, Value] => [i, v])
    : Object.entries(value as Record<string, Value>);
  const at = entries.findIndex(([k]) => k === step);
  const old = entries[at]![1];
  const made: [Step, Value][] = rest.length > 0 ? [[step, put(old, rest, change)]] : changed(step, old, change);
  const moved = rest.length === 0 && change === "moved" && at + 1 < entries.length;
  const next = moved ? [entries[at + 1]!, entries[at]!] : made;
  const all = [...entries.slice(0, at), ...next, ...entries.slice(at + (moved ? 2 : 1))];
  return Array.isArray(value) ? all.map(([, v]) => v) : Object.fromEntries(all.map(([k, v]) => [String(k), v]));
}

function changed(step: Step, old: Value, change: Change): [Step, Value][] {
  switch (change) {
    case "dropped":
      return [];
    case "doubled":
      return typeof step === "number"
        ? [
            [step, old],
            [step, old],
          ]
        : [[step, Array.isArray(old) ? [...(old as readonly Value[]), ...(old as readonly Value[])] : old]];
    case "emptied":
      return [[step, Array.isArray(old) ? [] : typeof old === "object" && old !== null ? {} : ""]];
    case "zeroed":
      return [[step, 0]];
    case "negated":
      return [[step, typeof old === "boolean" ? !old : typeof old === "string" ? (OPPOSITES[old] ?? old) : old]];
    case "moved":
      return [[step, old]];
  }
}

const OPPOSITES: Readonly<Record<string, string>> = { allow: "deny", deny: "allow", reject: "allow" };
