import { once } from "node:events";
import { StringDecoder } from "node:string_decoder";
import { compareDiagnostics, type Diagnostic } from "../../core/diagnostics.ts";
import { printable } from "../../core/hidden.ts";
import { Fault } from "../../core/fault.ts";
import type { PfConfig } from "../../pfsense/model/config.ts";
import { MAX_BYTES } from "../../pfsense/read/bytes.ts";
import { readConfig } from "../../pfsense/read/read-config.ts";
import { audit as judge, type AuditRow } from "../../pfsense/rules/audit.ts";
import { makeLineJudge } from "../../pfsense/rules/packets.ts";
import type { Circumstances } from "../../pfsense/rules/types.ts";
import { circumstancesOf } from "../circumstances.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { openNamed, readNamed } from "../read-file.ts";
import { findingText } from "../said.ts";

/** What pfSense leaves out or takes otherwise than it is written, and what pf refuses. */
const MISREAD = /_(SKIPPED|REFUSED|LOST|ENTRY|INTERFACE|ENABLED|OFF|TYPE|ADDRESS|NETWORK|NAME)$/;

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
  const read = await readConfigFile(context, file!);
  if (!read) return exitCodes.findings;
  const { config } = read;
  const packets = values["packets"];
  const circumstances = circumstancesOf(values);
  if (typeof packets === "string") return decidePackets(context, config, packets, circumstances);
  const { rows, diagnostics: judged, assumptions } = judge(config, circumstances);
  const diagnostics = [...read.misread, ...judged].sort(compareDiagnostics);
  if (context.isJson) context.io.out(JSON.stringify({ rows, findings: diagnostics, assumptions }));
  else {
    // What makes the rules others than they look is read before them.
    const said = (d: Diagnostic): string => findingText(d, context.language);
    const first = diagnostics.filter((d) => MISREAD.test(d.code));
    const rest = diagnostics.filter((d) => !MISREAD.test(d.code));
    if (first.length > 0) context.io.out(`${first.map(said).join("\n")}\n`);
    for (const row of rows) context.io.out(printable(rowText(row)));
    if (assumptions.length > 0) context.io.out(`\nassumed:\n${assumptions.map((a) => `  ${a}`).join("\n")}`);
    if (rest.length > 0) context.io.out(`\n${rest.map(said).join("\n")}`);
    context.io.out(
      `\n${rows.length} rules, of which ${rows.filter((r) => r.by === "pfsense").length} by pfSense; ${diagnostics.length} findings`,
    );
  }
  return diagnostics.length > 0 ? exitCodes.findings : exitCodes.good;
};

/**
 * Reads a config.xml; prints why where it is none, and beside it what is no finding about the rules.
 * @throws Fault CLI_NO_FILE
 */
async function readConfigFile(
  context: Context,
  file: string,
): Promise<{ readonly config: PfConfig; readonly misread: readonly Diagnostic[] } | undefined> {
  const bytes = await readNamed(file, MAX_BYTES);
  const outcome = readConfig(bytes, { file });
  const findings = [...(outcome.ok ? [] : outcome.errors), ...outcome.warnings];
  if (outcome.ok) {
    const isMisread = (d: Diagnostic): boolean => MISREAD.test(d.code);
    if (!context.isJson)
      for (const d of findings.filter((f) => !isMisread(f))) context.io.err(findingText(d, context.language));
    return { config: outcome.value, misread: findings.filter(isMisread) };
  }
  if (context.isJson) context.io.out(JSON.stringify({ ok: false, findings }));
  else for (const d of findings) context.io.out(findingText(d, context.language));
  return undefined;
}

function rowText(row: AuditRow): string {
  const where = row.interfaces.length === 0 ? "any" : `${row.isNotOn ? "not " : ""}${row.interfaces.join(",")}`;
  const by = row.by === "user" ? "" : `  by: ${row.by}`;
  return `${(row.tracker ?? row.id).padEnd(12)} ${row.action.padEnd(6)} ${row.direction.padEnd(3)} ${where.padEnd(10)} ${row.isQuick ? "quick " : "      "}${row.summary}${by}`;
}

/** Decides one packet a line; exit 1 when some line was no packet. */
async function decidePackets(
  context: Context,
  config: PfConfig,
  file: string,
  circumstances: Circumstances,
): Promise<number> {
  const judgeLine = makeLineJudge(config, circumstances);
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
