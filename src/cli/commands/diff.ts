import { writeFile } from "node:fs/promises";
import { Fault } from "../../core/fault.ts";
import {
  diffPlans,
  isSame,
  renderDiffJson,
  renderDiffMarkdown,
  renderDiffSvg,
  renderDiffText,
  type PolicyDiff,
} from "../../policy/diff/index.ts";
import type { Command } from "../command.ts";
import type { Format } from "../format.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planAt } from "../plan-at.ts";
import type { Language } from "../words.ts";
import { printFindings } from "../findings.ts";

const renderers: Partial<Record<Format, (diff: PolicyDiff, lang: Language) => string>> = {
  text: renderDiffText,
  json: (diff) => renderDiffJson(diff),
  markdown: renderDiffMarkdown,
  svg: renderDiffSvg,
};

/** Which packets start or stop passing between two plans. Exit 0 when none does, 1 when some do. */
export const diff: Command = async (context, values, [from, to]) => {
  const settings = await readSettings(context);
  const [before, after] = [await planAt(context, settings, from!), await planAt(context, settings, to!)];
  if (!before.ok || !after.ok) {
    const errors = [before, after].flatMap((o) => (o.ok ? [] : o.errors));
    printFindings(context, errors, (text) => context.io.err(text));
    throw new Fault(
      "CLI_PLAN_UNSOUND",
      `A plan with faults has no meaning to compare (${errors.length} above).`,
      "Mend them, or compare sound states.",
    );
  }
  const found = diffPlans(before.value, after.value);
  const text = renderers[context.format]!(found, context.language);
  const out = values["out"];
  if (typeof out === "string") await writeFile(out, text);
  else context.io.out(text.trimEnd());
  return isSame(found) ? exitCodes.good : exitCodes.findings;
};
