import { randomBytes } from "node:crypto";
import { readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareDiagnostics, type Diagnostic } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { planFolder } from "../../infra/settings.ts";
import { documentsIn, parsePlan } from "../../plan/index.ts";
import { readPeople, writePeople, type PersonRow } from "../../plan/people/csv.ts";
import { mergePeople } from "../../plan/people/merge.ts";
import { vocabulary } from "../../roles/registry.ts";
import { diskFault } from "../../stack/folders.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { readNamed } from "../read-file.ts";
import { findingText } from "../said.ts";
import { wordsOf } from "../words.ts";
import { writeReport } from "../write-report.ts";

const DOCUMENT = "people.yaml";
const MAX_BYTES = 4 << 20;

/**
 * People of the plan from a table, or as one. `import` writes nothing where anything is wrong, and takes nobody out; exit 1
 * then. `export` writes to standard output unless a file is named.
 */
export const people: Command = async (context, values, [verb, file]) => {
  if (verb !== "import" && verb !== "export")
    throw new Fault("CLI_USAGE", `people does not ${verb ?? ""}.`, "It takes import FILE.csv, or export [FILE.csv].");
  if (verb === "import" && file === undefined)
    throw new Fault("CLI_USAGE", "people import takes a file.", "`maquette people export` shows how one looks.");
  const { io, isJson, language } = context;
  const words = wordsOf(language);
  const settings = await readSettings(context);
  const folder =
    typeof values["plan"] === "string" ? values["plan"] : planFolder(context.root, context.stack, settings);
  const documents = await documentsIn(folder);
  const options = { nodes: settings.nodes.length, roles: vocabulary };
  const before = parsePlan(documents, options);
  if (!before.ok) return refused(before.errors);
  if (verb === "export") {
    const table = writePeople(before.value, language);
    if (file === undefined) process.stdout.write(table);
    else await writeReport(file, table);
    return exitCodes.good;
  }

  const { rows, findings } = readPeople(await readNamed(file!, MAX_BYTES), file!, before.value.domain.name);
  if (findings.length > 0) return refused(findings);
  const text = new TextDecoder().decode(documents.get(DOCUMENT) ?? new Uint8Array());
  const merged = mergePeople(text, rows, file!);
  const after = parsePlan(new Map([...documents, [DOCUMENT, new TextEncoder().encode(merged.text)]]), options);
  const faults = [...merged.findings, ...(after.ok ? [] : after.errors.map((d) => atRow(d, rows, file!)))];
  if (faults.length > 0) return refused(faults);
  const isDry = values["dry-run"] === true;
  if (!isDry && merged.text !== text) await replace(join(folder, DOCUMENT), text, merged.text);
  const unchanged = rows.length - merged.added.length - merged.changed.length;
  if (isJson) io.out(JSON.stringify({ ok: true, isWritten: !isDry, ...merged, text: undefined, unchanged }));
  else {
    for (const login of merged.added) io.out(`+ ${login}`);
    for (const { login, fields } of merged.changed) io.out(`~ ${login}: ${fields.join(", ")}`);
    io.out(words.imported(merged.added.length, merged.changed.length, unchanged, isDry));
  }
  return exitCodes.good;

  function refused(errors: readonly Diagnostic[]): number {
    if (isJson) io.out(JSON.stringify({ ok: false, findings: errors }));
    else {
      for (const finding of [...errors].sort(compareDiagnostics)) io.out(findingText(finding, language));
      if (verb === "import") io.err(words.notImported);
    }
    return exitCodes.findings;
  }
};

/** What the plan says of somebody of the table is said of the table's line. */
function atRow(finding: Diagnostic, rows: readonly PersonRow[], file: string): Diagnostic {
  const row = rows.find(({ login }) =>
    [`people[${JSON.stringify(login)}]`, `people.${login}`].some(
      (own) => finding.path === own || finding.path.startsWith(`${own}.`) || finding.path.startsWith(`${own}[`),
    ),
  );
  return row === undefined ? finding : { ...finding, place: { file, line: row.line, column: 1 } };
}

/**
 * Whole or not at all; where the document is a link, what it leads to.
 * @param before what was read of it
 * @throws Fault PEOPLE_CHANGED where somebody has written to it since; DISK_…
 */
async function replace(path: string, before: string, text: string): Promise<void> {
  try {
    const target = await realpath(path);
    const temporary = `${target}.${randomBytes(4).toString("hex")}.tmp`;
    try {
      await writeFile(temporary, text, { flag: "wx", mode: (await stat(target)).mode });
      if ((await readFile(target, "utf8")) !== before)
        throw new Fault("PEOPLE_CHANGED", `${path} was changed meanwhile.`, "Run the same command again.");
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (error) {
    throw diskFault(error, `write ${path}`);
  }
}
