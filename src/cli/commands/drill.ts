import { runDcDrill, type DcDrillResult } from "../../accept/drill/dc.ts";
import { dcSummaryOf, dcTableOf } from "../../accept/drill/dc-report.ts";
import { parseHow, routerEvent, wanEvent, type Scene } from "../../accept/drill/events.ts";
import { drillPaths } from "../../accept/drill/paths.ts";
import { spreadOf, summaryOf, tableOf, words } from "../../accept/drill/report.ts";
import { runDrill, type DrillResult } from "../../accept/drill/run.ts";
import { Fault } from "../../core/fault.ts";
import { intentOf } from "../../policy/intent.ts";
import { loadStackSecret } from "../../stack/secret.ts";
import { Vault } from "../../stack/vault.ts";
import { serviceAccount } from "../../roles/dc/accounts.ts";
import { authorityOf } from "../../roles/seed.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { table } from "../table.ts";
import { openRunningLab, untilInterrupted, type RunningLab } from "./verify.ts";

const MOST_TIMES = 100;

/**
 * Breaks a router or an access while sessions are open and probes run, and prints what that cost. Exit 1 when not all
 * came back in time, or an open session died.
 */
export const drill: Command = async (context, values, [what]) => {
  if (what !== "router" && what !== "wan" && what !== "dc")
    throw new Fault("CLI_USAGE", `"${what ?? ""}" is no drill.`, "It takes router, wan or dc.");
  if (what !== "router" && values["how"] !== undefined)
    throw new Fault(
      "CLI_USAGE",
      "--how is of drill router alone.",
      "maquette drill wan cuts the preferred access, drill dc the power of the first domain controller.",
    );
  const times = timesOf(values["times"]);
  const lab = await openRunningLab(context);
  if (what === "dc") return drillDc(context, lab, times);
  try {
    const how = parseHow(lab.plan, typeof values["how"] === "string" ? values["how"] : "kill");
    const paths = drillPaths(intentOf(lab.plan));
    const w = words[context.language];
    const results: DrillResult[] = [];
    await untilInterrupted(async (signal) => {
      const scene: Scene = { plan: lab.plan, shell: lab.shell, power: lab.power, signal };
      for (let n = 0; n < times; n++) {
        signal.throwIfAborted();
        const event = what === "router" ? await routerEvent(scene, how) : await wanEvent(scene);
        const onProgress = (line: string): void =>
          context.io.progress(times === 1 ? line : `${n + 1}/${times} ${line}`);
        const result = await runDrill({ shell: lab.shell, paths, event, signal, onProgress });
        results.push(result);
        if (context.isJson) continue;
        const { header, rows } = tableOf(result, w);
        context.io.out(`${table(header, rows)}\n${summaryOf(result, w)}\n`);
      }
    });
    if (context.isJson) context.io.out(JSON.stringify({ drill: what, drills: results }));
    else if (times > 1) {
      const { header, rows } = spreadOf(results, w);
      context.io.out(table(header, rows));
    }
    return results.every((r) => r.isGood) ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.close();
  }
};

/** The first domain controller without power, while a workstation asks both. */
async function drillDc(context: Context, lab: RunningLab, times: number): Promise<number> {
  try {
    const folder = context.folders.secrets;
    const [secret, vault] = [await loadStackSecret(folder), new Vault(folder)];
    const results: DcDrillResult[] = [];
    await untilInterrupted(async (signal) => {
      for (let n = 0; n < times; n++) {
        signal.throwIfAborted();
        const result = await runDcDrill({
          plan: lab.plan,
          shell: lab.shell,
          power: lab.power,
          password: secret.password(serviceAccount(lab.plan, "accept").passwordLabel),
          authority: (await vault.authority(authorityOf(lab.plan))).certificate,
          signal,
          onProgress: (line) => context.io.progress(times === 1 ? line : `${n + 1}/${times} ${line}`),
        });
        results.push(result);
        if (context.isJson) continue;
        const { header, rows } = dcTableOf(result, context.language);
        context.io.out(`${table(header, rows)}\n${dcSummaryOf(result, context.language)}\n`);
      }
    });
    if (context.isJson) context.io.out(JSON.stringify({ drill: "dc", drills: results }));
    return results.every((r) => r.isGood) ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.close();
  }
}

function timesOf(value: unknown): number {
  if (typeof value !== "string") return 1;
  const times = Number(value);
  if (/^\d{1,3}$/.test(value) && times >= 1 && times <= MOST_TIMES) return times;
  throw new Fault("CLI_USAGE", `--times is "${value}".`, `Give a whole number from 1 to ${MOST_TIMES}.`);
}
