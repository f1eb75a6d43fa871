import { daemonSummaryOf, daemonTableOf } from "../accept/drill/daemon-report.ts";
import { runDaemonDrill, servedBy, type DaemonDrillResult, type Served } from "../accept/drill/daemon.ts";
import { didYouMean } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import type { Plan } from "../plan/types.ts";
import { askedIn, roles, sessionsOf } from "../roles/registry.ts";
import { untilInterrupted, type RunningLab } from "./commands/verify.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { inputsOf, secretsOf } from "./probe-secrets.ts";
import { table } from "./table.ts";

/** The word that asks for it. */
export const SERVICE = "service";

/** What a role serves with, killed, host by host. */
export async function drillDaemons(context: Context, lab: RunningLab, role: string, times: number): Promise<number> {
  try {
    const served = servedOf(lab.plan, role);
    if (served.length === 0)
      throw noDaemon(
        role,
        [...roles.keys()].filter((r) => servedOf(lab.plan, r).length > 0),
      );
    const resolve = await secretsOf(context, lab.plan, inputsOf(served.flatMap((one) => one.probes)));
    const results: DaemonDrillResult[] = [];
    await untilInterrupted(async (signal) => {
      const turns = Array.from({ length: times }, () => served).flat();
      for (const [n, one] of turns.entries()) {
        signal.throwIfAborted();
        const result = await runDaemonDrill({
          served: one,
          sessions: sessionsOf(role),
          shell: lab.shell,
          resolve,
          signal,
          onProgress: (line) => context.io.progress(turns.length === 1 ? line : `${n + 1}/${turns.length} ${line}`),
        });
        results.push(result);
        if (context.isJson) continue;
        const { header, rows } = daemonTableOf(result, context.language);
        context.io.out(`${table(header, rows)}\n${daemonSummaryOf(result, context.language)}\n`);
      }
    });
    if (context.isJson) context.io.out(JSON.stringify({ drill: SERVICE, role, drills: results }));
    return results.every((r) => r.isGood) ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.close();
  }
}

const servedOf = (plan: Plan, role: string): readonly Served[] =>
  servedBy(plan, role, roles.get(role)?.probes(plan, askedIn(plan)) ?? []);

function noDaemon(role: string, known: readonly string[]): Fault {
  const near = didYouMean(role, known);
  return new Fault(
    "CLI_USAGE",
    role === ""
      ? "drill service takes a role."
      : `No host of the role "${role}" serves with a daemon that acceptance asks.`,
    near === undefined ? `They are ${known.join(", ")}.` : `Did you mean ${near}?`,
  );
}
