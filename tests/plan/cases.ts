import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { formatDiagnostic, type Diagnostic, type Outcome } from "../../src/core/diagnostics.ts";
import { parseAddress } from "../../src/core/ip.ts";
import { vocabulary } from "../../src/roles/registry.ts";
import { applyCopy, loadPlan, parsePlan, type CopySettings, type Plan } from "../../src/plan/index.ts";

export const CASES = join(import.meta.dirname, "../cases/plan");

/** One case of tests/cases/plan: what is done to the base plan, and what must be said about it, word for word. */
export interface Case {
  readonly title: string;
  /** Replaces a text that stands exactly once in a document. */
  readonly edit?: readonly { readonly in: string; readonly find: string; readonly put: string }[];
  /** Whole documents, as text or as base64. */
  readonly write?: Readonly<Record<string, string>>;
  readonly bytes?: Readonly<Record<string, string>>;
  /** A document that is one text many times over. */
  readonly repeat?: Readonly<Record<string, readonly [text: string, times: number]>>;
  readonly remove?: readonly string[];
  readonly nodes?: number;
  /** Read from a disk: the plan's directory is missing, or documents are directories or links. */
  readonly disk?: {
    readonly isMissing?: boolean;
    readonly directories?: readonly string[];
    readonly links?: Record<string, string>;
  };
  /** Place this copy of the plan, with settings. */
  readonly copy?: number;
  readonly settings?: Omit<CopySettings, "operator"> & {
    readonly operator?: Readonly<Record<string, { address: string; prefix: number; gateway?: string }>>;
  };
  /** Diagnostics as they are printed, warnings with their word in front; empty for a plan without remarks. */
  readonly expect: string;
}

export async function readCases(file: string): Promise<readonly Case[]> {
  return parse(await readFile(join(CASES, file), "utf8"), { merge: true }) as readonly Case[];
}

export const caseFiles = async (): Promise<string[]> =>
  (await readdir(CASES)).filter((name) => name.endsWith(".yaml")).sort();

export async function baseDocuments(): Promise<Map<string, Uint8Array>> {
  const base = join(CASES, "base");
  const names = await readdir(base);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(base, name))] as const)));
}

/** Runs a case; the text that the user would read. */
export async function runCase(base: ReadonlyMap<string, Uint8Array>, c: Case): Promise<string> {
  const documents = new Map(base);
  for (const { in: file, find, put } of c.edit ?? []) {
    const text = Buffer.from(documents.get(file) ?? []).toString("utf8");
    if (text.split(find).length !== 2)
      throw new Error(`${c.title}: ${JSON.stringify(find)} must stand once in ${file}`);
    documents.set(file, Buffer.from(text.replace(find, () => put)));
  }
  for (const [file, text] of Object.entries(c.write ?? {})) documents.set(file, Buffer.from(text));
  for (const [file, text] of Object.entries(c.bytes ?? {})) documents.set(file, Buffer.from(text, "base64"));
  for (const [file, [text, times]] of Object.entries(c.repeat ?? {}))
    documents.set(file, Buffer.from(text.repeat(times)));
  for (const file of c.remove ?? []) documents.delete(file);
  const options = { nodes: c.nodes ?? 1, roles: vocabulary };
  const outcome = c.disk ? await loadFromDisk(documents, c.disk) : parsePlan(documents, options);
  return render(c.copy === undefined || !outcome.ok ? outcome : place(outcome.value, c));
}

export function render(outcome: Outcome<unknown>): string {
  const line = (d: Diagnostic): string => (d.severity === "warning" ? "warning: " : "") + formatDiagnostic(d) + "\n";
  return [...(outcome.ok ? [] : outcome.errors), ...outcome.warnings].map(line).join("");
}

function place(plan: Plan, c: Case): Outcome<unknown> {
  const { operator = {}, ...settings } = c.settings ?? {};
  const addresses = Object.entries(operator).map(([name, { address, prefix, gateway }]) => {
    const way = gateway === undefined ? null : parseAddress(gateway)!;
    return [name, { address: parseAddress(address)!, prefix, gateway: way }] as const;
  });
  return applyCopy(plan, c.copy ?? 0, { ...settings, operator: Object.fromEntries(addresses) });
}

async function loadFromDisk(
  documents: ReadonlyMap<string, Uint8Array>,
  disk: NonNullable<Case["disk"]>,
): Promise<Outcome<Plan>> {
  const dir = await mkdtemp(join(tmpdir(), "maquette-plan-"));
  try {
    for (const [file, bytes] of documents)
      if (disk.directories?.includes(file)) await mkdir(join(dir, file));
      else if (disk.links?.[file] !== undefined) await symlink(disk.links[file], join(dir, file));
      else await writeFile(join(dir, file), bytes);
    const outcome = await loadPlan(disk.isMissing ? join(dir, "labs") : dir, { roles: vocabulary });
    // The place of a temporary directory is nobody's business.
    return JSON.parse(JSON.stringify(outcome).replaceAll(dir, "<dir>")) as Outcome<Plan>;
  } finally {
    await rm(dir, { recursive: true });
  }
}
