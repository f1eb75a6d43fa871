import { mkdir, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { formatDiagnostic } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { parseNetwork, type Network } from "../../core/ip.ts";
import { documentsIn, parsePlan } from "../../plan/index.ts";
import { netbiosOf, ownPlan } from "../../plan/own.ts";
import { vocabulary } from "../../roles/registry.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isFree, unwritableBy } from "../free-folder.ts";
import { judgePlan } from "../judge.ts";
import { findingText } from "../said.ts";
import { wordsOf } from "../words.ts";

/** Of the plan that comes with maquette, from its root. */
const MODEL = "stacks/lab";

const unwritable = unwritableBy("INIT_FOLDER", "Give another folder.");

/**
 * Writes a plan of one's own: the lab that comes with maquette, under another name, domain and network, proven before it is
 * said to be there. Exit 1 where it would not be sound: then nothing is written.
 */
export const init: Command = async (context, values, [folder]) => {
  const { io } = context;
  const words = wordsOf(context.language);
  if (!(await isFree(folder!, unwritable)))
    throw new Fault(
      "INIT_NOT_EMPTY",
      `${folder!} is not empty.`,
      "Give a folder that is not there yet: nothing in one is replaced.",
    );
  const site = textOf(values["site"]) ?? basename(resolve(folder!));
  const domain = textOf(values["domain"]) ?? `${site.toLowerCase()}.test`;
  const netbios = textOf(values["netbios"]) ?? netbiosOf(domain);
  const network = networkOf(textOf(values["network"]) ?? "10.20.0.0/16");
  const decoder = new TextDecoder();
  const model = await documentsIn(join(context.root, MODEL));
  const plan = parsePlan(model, { nodes: 2, roles: vocabulary });
  if (!plan.ok)
    throw new Fault(
      "INIT_MODEL",
      `The plan that this one would begin from, ${MODEL}, has faults: ${plan.errors.map(formatDiagnostic).join("\n")}`,
      "`maquette check` lists them; correct it first.",
    );
  const texts = new Map([...model].map(([file, bytes]) => [basename(file), decoder.decode(bytes)] as const));
  const schemas = relative(resolve(folder!), join(context.root, "schemas")).split("\\").join("/");
  const documents = ownPlan(texts, plan.value, { site, domain, netbios, network, schemas });
  const encoder = new TextEncoder();
  const outcome = parsePlan(
    new Map([...documents].map(([name, text]) => [join(folder!, name), encoder.encode(text)] as const)),
    { nodes: 2, roles: vocabulary },
  );
  if (!outcome.ok) {
    if (context.isJson) io.out(JSON.stringify({ ok: false, findings: outcome.errors }));
    else for (const finding of outcome.errors) io.out(findingText(finding, context.language));
    io.err(words.initUnsound(folder!));
    return exitCodes.findings;
  }
  try {
    await mkdir(folder!, { recursive: true });
    for (const [name, text] of documents) await writeFile(join(folder!, name), text, { flag: "wx" });
  } catch (error) {
    throw unwritable(folder!, error);
  }
  const judged = await judgePlan(context, await readSettings(context), { asked: folder });
  if (context.isJson)
    io.out(JSON.stringify({ ok: judged.ok, folder, files: [...documents.keys()], findings: judged.findings }));
  else {
    for (const finding of judged.findings) io.out(findingText(finding, context.language));
    io.out(words.initDone(folder!, judged.hosts, judged.flows, judged.ok));
    io.out(words.initNext(folder!, context.stack));
  }
  return judged.ok ? exitCodes.good : exitCodes.findings;
};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** @throws Fault CLI_USAGE */
function networkOf(text: string): Network {
  const parsed = parseNetwork(text);
  const hint = "Write its first address and its prefix: --network 172.20.0.0/16";
  if (parsed === undefined || parsed.network.family !== 4)
    throw new Fault("CLI_USAGE", `--network is "${text}", which is no IPv4 network.`, hint);
  if (parsed.hostBits)
    throw new Fault(
      "CLI_USAGE",
      `--network is "${text}", whose address is not the first of a /${parsed.network.prefix}.`,
      hint,
    );
  return parsed.network;
}
