import { Fault } from "../../core/fault.ts";
import { didYouMean } from "../../core/diagnostics.ts";
import { wrapped } from "../../core/wrap.ts";
import { CODECS, codecOf } from "../../voice/codecs.ts";
import { voicePlanOf } from "../../voice/links.ts";
import { loadChart, loadJson, loadReport, markdownOf, type Asked, type Part } from "../../voice/report.ts";
import { words } from "../../voice/words.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printFindings } from "../findings.ts";
import { wholeNumber } from "../numbers.ts";
import { planOf } from "../plan-of.ts";
import { table } from "../table.ts";
import type { Language } from "../words.ts";
import { writeReport } from "../write-report.ts";

/** As many as use the lab at the same time (N8). */
const CALLS = 10;
const WIDTH = 80;

const renderers: Readonly<Record<string, (asked: Asked, language: Language) => string>> = {
  text: (asked, language) => textOf([...loadReport(asked, language), { kind: "text", text: words[language].unknown }]),
  json: (asked) => JSON.stringify({ ...loadJson(asked), measured: null }),
  markdown: (asked, language) =>
    markdownOf([...loadReport(asked, language), { kind: "text", text: words[language].unknown }]),
  svg: loadChart,
};

/** What telephony costs the network, from the plan. */
export const voice: Command = async (context, values) => {
  const format = context.isJson ? "json" : ((values["format"] as string | undefined) ?? "text");
  const render = renderers[format];
  if (!render)
    throw new Fault("CLI_USAGE", `"${format}" is no format of voice.`, `Use ${Object.keys(renderers).join(", ")}.`);
  const asked = (values["codec"] as string | undefined) ?? "pcma";
  const codec = codecOf(asked);
  if (codec === undefined) {
    const ids = CODECS.map((c) => c.id);
    const near = didYouMean(asked, ids);
    throw new Fault(
      "CLI_USAGE",
      `"${asked}" is no codec that voice knows.`,
      near === undefined ? `Use ${ids.join(", ")}.` : `Did you mean "${near}"?`,
    );
  }
  const calls = wholeNumber("calls", values["calls"]) ?? CALLS;
  const outcome = await planOf(context, await readSettings(context), values["plan"]);
  const found = outcome.ok ? voicePlanOf(outcome.value) : { value: null, findings: outcome.errors };
  if (!outcome.ok || found.value === null) {
    printFindings(context, found.findings, (text) => context.io.err(text));
    return exitCodes.findings;
  }
  const text = render({ plan: outcome.value.name, voice: found.value, codec, calls }, context.language);
  const out = values["out"];
  if (typeof out === "string") await writeReport(out, text);
  else context.io.out(text.trimEnd());
  return exitCodes.good;
};

const textOf = (parts: readonly Part[]): string =>
  `${parts
    .map((p) => (p.kind === "table" ? table(p.header, p.rows) : wrapped(p.text, WIDTH).join("\n")))
    .join("\n\n")}\n`;
