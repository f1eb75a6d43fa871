import { once } from "node:events";
import { StringDecoder } from "node:string_decoder";
import { formatDiagnostic } from "../../core/diagnostics.ts";
import { printable } from "../../core/hidden.ts";
import { Fault } from "../../core/fault.ts";
import type { PfConfig } from "../../pfsense/model/config.ts";
import { MAX_BYTES } from "../../pfsense/read/bytes.ts";
import { readConfig } from "../../pfsense/read/read-config.ts";
import { audit as judge, type AuditRow } from "../../pfsense/rules/audit.ts";
import { makeLineJudge } from "../../pfsense/rules/packets.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { openNamed, readNamed } from "../read-file.ts";

/** A packet is a short line; beyond this it is something else, and waiting for its end would fill the memory. */
const MAX_LINE = 1 << 16;

/** Judges any config.xml, also one that maquette never wrote; with packets it decides each. */
export const audit: Command = async (context, values, [file]) => {
  if (file === "-" && values["packets"] === "-")
    throw new Fault(
      "CLI_USAGE",
      "Standard input holds one thing, the file or packets.",
      "Give a path for one of them.",
    );
  const config = await readConfigFile(context, file!);
  if (!config) return exitCodes.findings;
  const packets = values["packets"];
  if (typeof packets === "string") return decidePackets(context, config, packets);
  const { rows, diagnostics, assumptions } = judge(config, { now: new Date() });
  if (context.isJson) context.io.out(JSON.stringify({ rows, findings: diagnostics, assumptions }));
  else {
    for (const row of rows) context.io.out(printable(rowText(row)));
    if (assumptions.length > 0) context.io.out(`\nassumed:\n${assumptions.map((a) => `  ${a}`).join("\n")}`);
    if (diagnostics.length > 0) context.io.out(`\n${diagnostics.map(formatDiagnostic).join("\n")}`);
    context.io.out(
      `\n${rows.length} rules, of which ${rows.filter((r) => r.by === "pfsense").length} by pfSense; ${diagnostics.length} findings`,
    );
  }
  return diagnostics.length > 0 ? exitCodes.findings : exitCodes.good;
};

/** Reads a config.xml; prints why where it is none. @throws Fault CLI_NO_FILE */
export async function readConfigFile(context: Context, file: string): Promise<PfConfig | undefined> {
  const bytes = await readNamed(file, MAX_BYTES);
  const outcome = readConfig(bytes, { file });
  const findings = [...(outcome.ok ? [] : outcome.errors), ...outcome.warnings];
  if (outcome.ok) {
    if (!context.isJson) for (const d of findings) context.io.err(formatDiagnostic(d));
    return outcome.value;
  }
  if (context.isJson) context.io.out(JSON.stringify({ ok: false, findings }));
  else for (const d of findings) context.io.out(formatDiagnostic(d));
  return undefined;
}

function rowText(row: AuditRow): string {
  const where = row.interfaces.length === 0 ? "any" : `${row.isNotOn ? "not " : ""}${row.interfaces.join(",")}`;
  const by = row.by === "user" ? "" : `  by: ${row.by}`;
  return `${(row.tracker ?? row.id).padEnd(12)} ${row.action.padEnd(6)} ${row.direction.padEnd(3)} ${where.padEnd(10)} ${row.isQuick ? "quick " : "      "}${row.summary}${by}`;
}

/** Decides one packet a line; exit 1 when some line was no packet. */
async function decidePackets(context: Context, config: PfConfig, file: string): Promise<number> {
  const judgeLine = makeLineJudge(config, { now: new Date() });
  const input = await openNamed(file, "Give the path of a file with a packet a line, or - for standard input.");
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let line = 0;
  let code: number = exitCodes.good;
  const answer = async (lines: readonly string[]): Promise<void> => {
    const answers: string[] = [];
    for (const text of lines) {
      const verdict = judgeLine(text, ++line);
      if (verdict === undefined) continue;
      if (verdict.startsWith('{"error"')) code = exitCodes.findings;
      answers.push(verdict);
    }
    // A reader that is slower than we are must not fill our memory.
    if (answers.length > 0 && !process.stdout.write(`${answers.join("\n")}\n`)) await once(process.stdout, "drain");
  };
  for await (const chunk of input) {
    const lines = (rest + decoder.write(Buffer.from(chunk))).split("\n");
    rest = lines.pop()!;
    if (rest.length > MAX_LINE)
      throw new Fault(
        "CLI_FILE_TOO_LARGE",
        `${file} has a line of more than ${MAX_LINE} characters (line ${line + lines.length + 1}).`,
        "Each line is one packet: is it the right file?",
      );
    await answer(lines);
  }
  if (rest !== "") await answer([rest]);
  context.io.close();
  return code;
}
