import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { didYouMean } from "../../core/diagnostics.ts";
import { Fault, messageOf } from "../../core/fault.ts";
import { readSeedTemplates } from "../../infra/read-templates.ts";
import { namingOf, seedNaming } from "../../infra/naming.ts";
import { renderSeed } from "../../roles/seed.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planOf } from "../plan-of.ts";
import { printFindings } from "../findings.ts";

/** Writes what a host gets, secrets as placeholders; needs no running lab. */
export const render: Command = async (context, values, [name]) => {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, values["plan"]);
  if (!outcome.ok) {
    printFindings(context, [...outcome.errors, ...outcome.warnings], (text) => context.io.err(text));
    return exitCodes.findings;
  }
  const host = outcome.value.hosts.get(name!);
  if (!host) {
    const near = didYouMean(name!, outcome.value.hosts.keys());
    throw new Fault(
      "CLI_UNKNOWN_HOST",
      `"${name!}" is not a host of the plan.`,
      near ? `Did you mean "${near}"?` : `Hosts are ${[...outcome.value.hosts.keys()].join(", ")}.`,
    );
  }
  const { files } = renderSeed(
    outcome.value,
    host,
    await readSeedTemplates(context.root),
    seedNaming(namingOf(outcome.value, settings), host),
  );
  const out = values["out"];
  if (typeof out !== "string") {
    for (const [file, text] of files) context.io.out(`# ${host.id}/${file}\n${text.trimEnd()}\n`);
    return exitCodes.good;
  }
  const folder = join(out, host.id);
  try {
    await mkdir(folder, { recursive: true });
    for (const [file, text] of files) await writeFile(join(folder, file), text);
  } catch (error) {
    throw new Fault(
      "CLI_CANNOT_WRITE",
      `Cannot write into ${folder}: ${messageOf(error)}.`,
      "Give --out a folder that this user may write to, on a disk that is not full.",
      error,
    );
  }
  context.io.err(`${files.size} files in ${folder}`);
  return exitCodes.good;
};
