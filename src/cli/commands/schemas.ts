import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { documentsIn } from "../../plan/index.ts";
import { jsonSchemaFiles } from "../../plan/json-schema.ts";
import { offersOf } from "../../plan/offers.ts";
import { vocabulary } from "../../roles/registry.ts";
import { diskFault } from "../../stack/folders.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { folderOf } from "../plan-of.ts";

/** Beside the documents, so that their first line may name it; git sees nothing of it. */
const FOLDER = ".schemas";

/**
 * Writes the schemas of a plan's documents with the plan's own names in them, for an editor to complete. Nothing is
 * judged: the plan may be wrong as it stands.
 */
export const schemas: Command = async (context, values) => {
  const plan = folderOf(context, await readSettings(context), values["plan"]);
  const documents = await documentsIn(plan);
  if (documents.size === 0)
    throw new Fault(
      "CLI_NO_PLAN",
      `${plan} has none of a plan's documents.`,
      "Give the directory of a plan with --plan.",
    );
  const folder = join(plan, FOLDER);
  const files = jsonSchemaFiles(vocabulary, offersOf(documents));
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, ".gitignore"), "*\n");
    for (const [name, text] of files) await writeFile(join(folder, name), text);
  } catch (error) {
    throw diskFault(error, `write ${folder}`);
  }
  context.io.out(
    context.isJson
      ? JSON.stringify({ folder, files: [...files.keys()] })
      : [
          `${files.size} schemas with the plan's names in ${folder}, which git leaves alone.`,
          `An editor takes them where a document's first line names its own:`,
          `  # yaml-language-server: $schema=${FOLDER}/flows.schema.json`,
        ].join("\n"),
  );
  return exitCodes.good;
};
