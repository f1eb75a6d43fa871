import { runServiceDrill, type ServiceDrillResult } from "../../accept/drill/service.ts";
import { serviceSummaryOf, serviceTableOf } from "../../accept/drill/service-report.ts";
import { parseHow, routerEvent, wanEvent, type Scene } from "../../accept/drill/events.ts";
import { drillPaths } from "../../accept/drill/paths.ts";
import { spreadOf, summaryOf, tableOf, words } from "../../accept/drill/report.ts";
import { runDrill, type DrillResult } from "../../accept/drill/run.ts";
import { Fault } from "../../core/fault.ts";
import { intentOf } from "../../policy/intent.ts";
import { didYouMean } from "../../core/diagnostics.ts";
import { allDrills } from "../../roles/registry.ts";
import type { Drill } from "../../roles/role.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { drillDaemons, SERVICE } from "../drill-daemons.ts";
import { drillMystery, GAME } from "../drill-mystery.ts";
import { drillPower, POWER } from "../drill-power.ts";
import { exitCodes } from "../exit-codes.ts";
import { secretsOf } from "../probe-secrets.ts";
import { table } from "../table.ts";
import { openRunningLab, untilInterrupted, type RunningLab } from "./verify.ts";

const MOST_TIMES = 100;

/**
 * Breaks a router or an access while sessions are open and probes run, and prints what that cost. Exit 1 when not all
 * came back in time, or an open session died.
 */
export const drill: Command = async (context, values, [what, role]) => {
  const move = GAME.find((word) => word === what);
  if (move !== undefined) {
    if (role !== undefined || values["how"] !== undefined || values["times"] !== undefined)
      throw new Fault("CLI_USAGE", `drill ${move} takes nothing but --seed and --level.`, "Run `maquette help drill`.");
    return drillMystery(context, move, values);
  }
  if (values["seed"] !== undefined || values["level"] !== undefined)
    throw new Fault("CLI_USAGE", "--seed and --level are of drill mystery alone.", "Run `maquette help drill`.");
  const service = allDrills.get(what ?? "");
  if (what !== "router" && what !== "wan" && what !== SERVICE && what !== POWER && service === undefined) {
    const known = ["router", "wan", SERVICE, POWER, ...allDrills.keys(), ...GAME];
    const near = didYouMean(what ?? "", known);
    throw new Fault(
      "CLI_USAGE",
      `"${what ?? ""}" is no drill.`,
      near === undefined ? `They are ${known.join(", ")}.` : `Did you mean ${near}?`,
    );
  }
  if (what !== "router" && values["how"] !== undefined)
    throw new Fault(
      "CLI_USAGE",
      "--how is of drill router alone.",
      [
        "drill wan: the preferred access is cut",
        "drill service ROLE: what a role serves with is killed",
        "drill power: mains are lost until the battery is low",
        ...[...allDrills.values()].map((d) => `drill ${d.id}: ${d.title.en}`),
      ].join("; "),
    );
  if (what !== SERVICE && role !== undefined)
    throw new Fault("CLI_USAGE", `drill ${what ?? ""} takes no "${role}".`, "Run `maquette help drill`.");
  const times = timesOf(values["times"]);
  if (what === POWER && times > 1)
    throw new Fault("CLI_USAGE", "drill power is done once at a time.", "Leave --times out.");
  const lab = await openRunningLab(context, ["drill", what, ...(role === undefined ? [] : [role])].join(" "));
  if (what === POWER) return drillPower(context, lab);
  if (what === SERVICE) return drillDaemons(context, lab, role ?? "", times);
  if (service !== undefined) return drillService(context, lab, service, times);
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

/** One server of a service without power, while a user's seat asks. */
async function drillService(context: Context, lab: RunningLab, drilled: Drill, times: number): Promise<number> {
  try {
    const outage = drilled.of(lab.plan);
    if (typeof outage === "string")
      throw new Fault(
        "DRILL_NOT_READY",
        `The drill ${drilled.id} takes ${outage}, which the plan does not have.`,
        "Add what it lacks to hosts.yaml, or rehearse something else.",
      );
    const meanwhile = outage.meanwhile?.("asked");
    const commands = meanwhile === undefined ? [] : [meanwhile.write, meanwhile.undo, meanwhile.arrived];
    const texts = [outage.input, ...commands.map((c) => c.input ?? "")];
    const resolve = await secretsOf(context, lab.plan, texts);
    const results: ServiceDrillResult[] = [];
    await untilInterrupted(async (signal) => {
      for (let n = 0; n < times; n++) {
        signal.throwIfAborted();
        const result = await runServiceDrill({
          plan: lab.plan,
          outage,
          shell: lab.shell,
          power: lab.power,
          resolve,
          signal,
          onProgress: (line) => context.io.progress(times === 1 ? line : `${n + 1}/${times} ${line}`),
        });
        results.push(result);
        if (context.isJson) continue;
        const { header, rows } = serviceTableOf(result, context.language);
        context.io.out(`${table(header, rows)}\n${serviceSummaryOf(result, context.language)}\n`);
      }
    });
    if (context.isJson) context.io.out(JSON.stringify({ drill: drilled.id, drills: results }));
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
