import { labPicture } from "../../docs/picture.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printFindings } from "../findings.ts";
import { planOf } from "../plan-of.ts";
import { writeReport } from "../write-report.ts";

/** The plan's lab drawn: devices, names, addresses, VLANs, both accesses. */
export const picture: Command = async (context, values) => {
  const outcome = await planOf(context, await readSettings(context), values["plan"]);
  if (!outcome.ok) {
    printFindings(context, outcome.errors, (text) => context.io.err(text));
    return exitCodes.findings;
  }
  const svg = labPicture(outcome.value, context.language);
  const out = values["out"];
  if (typeof out === "string") await writeReport(out, svg);
  else context.io.out(svg.trimEnd());
  return exitCodes.good;
};
