import { join } from "node:path";
import { runPowerDrill } from "../accept/drill/power.ts";
import { powerSummaryOf, powerTableOf } from "../accept/drill/power-report.ts";
import { probesOf } from "../accept/probes/index.ts";
import { Fault } from "../core/fault.ts";
import { blackoutOf } from "../roles/power/blackout.ts";
import { writePrivate } from "../stack/folders.ts";
import { untilInterrupted, type RunningLab } from "./commands/verify.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { inputsOf, secretsOf } from "./probe-secrets.ts";
import { table } from "./table.ts";

/** The word that asks for it. */
export const POWER = "power";

/** The last one, for the closing report. */
const drilledFile = (stack: string): string => join(stack, "drilled-power.json");

/** Mains are lost, the battery runs low, mains are back. Exit 1 when any of it is not as it must be. */
export async function drillPower(context: Context, lab: RunningLab): Promise<number> {
  try {
    const probes = probesOf(lab.plan);
    const blackout = blackoutOf(lab.plan);
    if (typeof blackout === "string")
      throw new Fault(
        "DRILL_NOT_READY",
        `The drill power takes ${blackout}, which the plan does not have.`,
        "docs/roles/power.md says what a plan needs for it.",
      );
    const { input = "" } = blackout.told({ since: 0, after: 0, until: null, seconds: 0 });
    const resolve = await secretsOf(context, lab.plan, [...inputsOf(probes), input]);
    const at = new Date();
    const result = await untilInterrupted((signal) =>
      runPowerDrill({ ...lab, blackout, probes, resolve, signal, onProgress: (line) => context.io.progress(line) }),
    );
    await writePrivate(drilledFile(context.folders.stack), JSON.stringify({ at: at.toISOString(), ...result }));
    if (context.isJson) context.io.out(JSON.stringify({ drill: POWER, drills: [result] }));
    else {
      const { header, rows } = powerTableOf(result, context.language);
      context.io.out(`${table(header, rows)}\n${powerSummaryOf(result, context.language)}\n`);
    }
    return result.isGood ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.close();
  }
}
