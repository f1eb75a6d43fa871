import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { didYouMean } from "../../core/diagnostics.ts";
import { Fault, messageOf } from "../../core/fault.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printFindings } from "../findings.ts";
import { filesOf, plannedWork, sentWork, textOf, type HostWork } from "../host-work.ts";
import { planOf } from "../plan-of.ts";

/** Writes what a host gets, secrets as placeholders; needs no running lab, and with --sent no plan either. */
export const render: Command = async (context, values, [name, path]) => {
  const host = name!;
  const isSent = values["sent"] === true;
  const out = values["out"];
  if (isSent && values["plan"] !== undefined)
    throw new Fault("CLI_USAGE", "--sent is what the state holds, --plan what a plan says.", "Give one of the two.");
  if (path !== undefined && typeof out === "string")
    throw new Fault("CLI_USAGE", "--out takes all files, PATH is one.", "Leave one of the two out.");
  const work = isSent ? await sentWork(context, host) : await planned(context, values["plan"], host);
  if (work === undefined) return exitCodes.findings;
  const files = filesOf(work);
  if (path !== undefined) {
    const text = files.get(path);
    if (text === undefined) throw noFile(host, path, files.keys());
    context.io.out(context.isJson ? JSON.stringify({ host, path, content: text }) : text.replace(/\n$/, ""));
    return exitCodes.good;
  }
  if (typeof out !== "string") {
    const document = { host, seed: Object.fromEntries(work.seed), roles: work.roles };
    context.io.out(context.isJson ? JSON.stringify(document) : textOf(host, work).replace(/\n$/, ""));
    return exitCodes.good;
  }
  await writeAll(join(out, host), files);
  context.io.err(`${files.size} files in ${join(out, host)}`);
  return exitCodes.good;
};

async function planned(context: Context, folder: unknown, name: string): Promise<HostWork | undefined> {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, folder);
  if (!outcome.ok) {
    printFindings(context, [...outcome.errors, ...outcome.warnings], (text) => context.io.err(text));
    return undefined;
  }
  const host = outcome.value.hosts.get(name);
  if (host) return plannedWork(context, settings, outcome.value, host);
  const near = didYouMean(name, outcome.value.hosts.keys());
  throw new Fault(
    "CLI_UNKNOWN_HOST",
    `"${name}" is not a host of the plan.`,
    near ? `Did you mean "${near}"?` : `Hosts are ${[...outcome.value.hosts.keys()].join(", ")}.`,
  );
}

function noFile(host: string, path: string, known: Iterable<string>): Fault {
  const all = [...known];
  const near = didYouMean(path, all);
  return new Fault(
    "CLI_UNKNOWN_FILE",
    `${host} gets no file ${path}.`,
    near ? `Did you mean "${near}"?` : `Files are ${all.join(", ")}.`,
  );
}

/** A path of the host lies below the folder as it would below the host's root. */
async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [path, text] of files) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  } catch (error) {
    throw new Fault(
      "CLI_CANNOT_WRITE",
      `Cannot write into ${folder}: ${messageOf(error)}.`,
      "Give --out a folder that this user may write to, on a disk that is not full.",
      error,
    );
  }
}
