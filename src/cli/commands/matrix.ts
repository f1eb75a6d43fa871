import { intentOf } from "../../policy/intent.ts";
import { matrixOf, tableOf } from "../../policy/matrix.ts";
import {
  renderMatrixHtml,
  renderMatrixMarkdown,
  renderMatrixSvg,
  renderTableHtml,
  renderTableMarkdown,
} from "../../policy/matrix-render.ts";
import type { Plan } from "../../plan/types.ts";
import type { Command } from "../command.ts";
import type { Format } from "../format.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planOf } from "../plan-of.ts";
import type { Language } from "../words.ts";
import { printFindings } from "../findings.ts";
import { writeReport } from "../write-report.ts";

const renderers: Partial<Record<Format, (plan: Plan, lang: Language) => string>> = {
  markdown: (plan, lang) => renderMatrixMarkdown(matrixOf(intentOf(plan)), lang),
  html: (plan, lang) => renderMatrixHtml(matrixOf(intentOf(plan)), lang),
  svg: (plan, lang) => renderMatrixSvg(matrixOf(intentOf(plan)), lang),
  "table-markdown": (plan, lang) => renderTableMarkdown(tableOf(plan), lang),
  "table-html": (plan, lang) => renderTableHtml(tableOf(plan), lang),
};

/** The flow matrix zone by zone, or the flow table in ANSSI's order; in French unless asked otherwise, as documents are. */
export const matrix: Command = async (context, values) => {
  const outcome = await planOf(context, await readSettings(context), values["plan"]);
  if (!outcome.ok) {
    printFindings(context, outcome.errors, (text) => context.io.err(text));
    return exitCodes.findings;
  }
  const text = renderers[context.format]!(outcome.value, values["lang"] === undefined ? "fr" : context.language);
  const out = values["out"];
  if (typeof out === "string") await writeReport(out, text);
  else context.io.out(text.trimEnd());
  return exitCodes.good;
};
