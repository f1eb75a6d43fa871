import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Diagnostic } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { routersOf } from "../../plan/query.ts";
import { parsePlan } from "../../plan/index.ts";
import type { Plan } from "../../plan/types.ts";
import { adopt, proveAdopted, type Adopted, type AdoptionProof } from "../../pfsense/adopt/index.ts";
import { shown } from "../../core/text.ts";
import { emitConfig } from "../../pfsense/emit/index.ts";
import type { PfConfig } from "../../pfsense/model/config.ts";
import { MAX_BYTES } from "../../pfsense/read/bytes.ts";
import { readConfig } from "../../pfsense/read/read-config.ts";
import { vocabulary } from "../../roles/registry.ts";
import { circumstancesOf } from "../circumstances.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isFree, unwritableBy } from "../free-folder.ts";
import { readNamed } from "../read-file.ts";
import { findingText } from "../said.ts";

const DEFAULT_FOLDER = "stacks/imported";

const unwritable = unwritableBy("IMPORT_OUT", "Give another folder with --out.");

/**
 * Writes the plan of a hand-made pfSense, lists what it does not hold, and proves that it lets pass what the file does.
 * Exit 0: written, equal, and nothing lost that packets depend on; 1: otherwise; 2: failure.
 */
export const importConfig: Command = async (context, values, [file]) => {
  const folder = typeof values["out"] === "string" ? values["out"] : DEFAULT_FOLDER;
  const told = circumstancesOf(values);
  await checkFolder(folder, values["force"] === true);
  const config = await readFileOf(context, file!);
  if (config === undefined) return exitCodes.findings;
  const adopted = adopt(config.value, { told });
  const plan = planOf(adopted);
  const proof = plan && prove(config.value, plan, adopted);
  if (adopted.documents.size > 0) await write(folder, adopted.documents);
  const notCarried = [...config.warnings.filter((w) => w.severity === "warning"), ...adopted.notCarried];
  const isWhole = adopted.notCarried.every((d) => d.severity === "warning");
  report(context, { folder, files: [...adopted.documents.keys()], notCarried, proof, isWhole });
  return isWhole && proof?.verdict === "equal" ? exitCodes.good : exitCodes.findings;
};

async function readFileOf(
  context: Context,
  file: string,
): Promise<{ readonly value: PfConfig; readonly warnings: readonly Diagnostic[] } | undefined> {
  const bytes = await readNamed(file, MAX_BYTES, "Give a config.xml: Diagnostics, Backup & Restore in pfSense.");
  const outcome = readConfig(bytes, { file: basename(file) });
  if (outcome.ok) return outcome;
  if (context.isJson) context.io.out(JSON.stringify({ ok: false, findings: [...outcome.errors, ...outcome.warnings] }));
  else for (const d of outcome.errors) context.io.out(findingText(d, context.language));
  return undefined;
}

function planOf(adopted: Adopted): Plan | undefined {
  const encoder = new TextEncoder();
  const outcome = parsePlan(new Map([...adopted.documents].map(([name, text]) => [name, encoder.encode(text)])), {
    roles: vocabulary,
  });
  return outcome.ok ? outcome.value : undefined;
}

/** Against the file that is emitted from the plan, where such plans can be emitted; against the plan's rows otherwise. */
function prove(config: PfConfig, plan: Plan, adopted: Adopted): AdoptionProof {
  const { circumstances } = adopted;
  const emitted = emittedFrom(plan);
  const proof = proveAdopted(config, plan, { circumstances });
  if (!emitted || proof.verdict !== "equal") return proof;
  return proveAdopted(config, plan, { circumstances, emitted });
}

function emittedFrom(plan: Plan): PfConfig | undefined {
  const router = routersOf(plan)[0];
  try {
    const outcome = readConfig(shown(emitConfig(plan, router?.id ?? "")), { file: "emitted.xml" });
    return outcome.ok ? outcome.value : undefined;
  } catch (error) {
    // A plan that emit does not know how to write: one router, no sync link.
    if (error instanceof Fault && error.code.startsWith("PFSENSE_EMIT_")) return undefined;
    throw error;
  }
}

/** @throws Fault IMPORT_OUT, or IMPORT_OUT_NOT_EMPTY unless forced */
async function checkFolder(folder: string, isForced: boolean): Promise<void> {
  if ((await isFree(folder, unwritable)) || isForced) return;
  const hint = "Give another folder with --out, or --force to replace the documents in it.";
  throw new Fault("IMPORT_OUT_NOT_EMPTY", `${folder} is not empty.`, hint);
}

/** @throws Fault IMPORT_OUT */
async function write(folder: string, documents: ReadonlyMap<string, string>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of documents) await writeFile(join(folder, name), text);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

interface Result {
  readonly folder: string;
  readonly files: readonly string[];
  readonly notCarried: readonly Diagnostic[];
  readonly proof: AdoptionProof | undefined;
  readonly isWhole: boolean;
}

function report(context: Context, result: Result): void {
  const { folder, files, notCarried, proof, isWhole } = result;
  if (context.isJson) {
    const written = files.map((f) => join(folder, f));
    context.io.out(
      JSON.stringify({ ok: isWhole && proof?.verdict === "equal", written, notCarried, proof: proof ?? null }),
    );
    return;
  }
  const words = WORDS[context.language];
  for (const f of files) context.io.out(join(folder, f));
  for (const [title, severity] of [
    [words.lost, "error"],
    [words.told, "warning"],
  ] as const) {
    const list = notCarried.filter((d) => d.severity === severity);
    if (list.length > 0) context.io.out(`\n${title} (${list.length})`);
    for (const d of list) context.io.out(findingText(d, context.language));
  }
  context.io.out(`\n${proof ? verdictText(words, proof) : words.noPlan}`);
}

function verdictText(words: Words, proof: AdoptionProof): string {
  const lines = [words[proof.verdict](words[proof.against])];
  if (proof.verdict === "equal" && proof.against === "emitted") lines.push(words.alike);
  for (const way of proof.ways)
    for (const d of way.differences) {
      lines.push(`  ${way.zone}: ${d.flows}`);
      lines.push(`    ${d.example}`);
      lines.push(`    ${words.file}: ${said(words, d.original)}; ${words.plan}: ${said(words, d.adopted)}`);
    }
  for (const t of proof.translations) {
    lines.push(`  ${t.wan}: ${t.example}`);
    lines.push(`    ${words.file}: ${words.leaves(t.original)}; ${words.plan}: ${words.leaves(t.adopted)}`);
  }
  return [...lines, ...proof.undecided.map((u) => `  ${u}`)].join("\n");
}

const said = (words: Words, s: { readonly action: string; readonly by: string | null }): string =>
  `${s.action} (${s.by ?? words.byDefault})`;

const english = {
  lost: "Not carried, and packets depend on it",
  told: "Not carried, or carried otherwise; packets fare the same",
  noPlan: "No plan could be made of it.",
  plan: "the plan",
  emitted: "the file that is emitted from it",
  file: "the file",
  byDefault: "default",
  leaves: (how: string) => `leaves ${how}`,
  alike: "What leaves by an access has the same source, address and port, under both.",
  equal: (what: string) => `Equal: ${what} lets pass what the file does, packet for packet.`,
  differs: (what: string) => `Different: some packets fare otherwise under ${what}.`,
  undecided: (what: string) => `Undecided: the file leaves open what passes, so ${what} cannot be held against it.`,
};

type Words = typeof english;

const french: Words = {
  lost: "Non repris, et des paquets en dépendent",
  told: "Non repris, ou repris autrement ; le sort des paquets est le même",
  noPlan: "Aucun plan n'a pu en être tiré.",
  plan: "le plan",
  emitted: "le fichier qui en est produit",
  file: "le fichier",
  byDefault: "par défaut",
  leaves: (how) => `sort ${how}`,
  alike: "Ce qui sort par un accès a la même source, adresse et port, avec les deux.",
  equal: (what) => `Égal : ${what} laisse passer ce que le fichier laisse passer, paquet par paquet.`,
  differs: (what) => `Différent : des paquets connaissent un autre sort avec ${what}.`,
  undecided: (what) => `Indécis : le fichier ne dit pas tout ce qui passe, ${what} ne peut lui être comparé.`,
};

const WORDS = { en: english, fr: french } as const;
