import { join, resolve } from "node:path";
import { writeFile } from "node:fs/promises";
import { probesOf, runProbes, type ProbeWay } from "../../accept/probes/index.ts";
import {
  isAccepted,
  junitOf,
  linesOf,
  selected,
  summaryOf,
  tableOf,
  type Accepted,
} from "../../accept/probes/report.ts";
import { didYouMean } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { asRoot, type SshConnection } from "../../door/index.ts";
import type { Plan } from "../../plan/types.ts";
import { BASE, type Probe } from "../../roles/role.ts";
import { diskFault, writePrivate } from "../../stack/folders.ts";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isStandIn, openLabDoor, patience, runInRouter, whileRunning, type LabDoor } from "../lab-door.ts";
import { inputsOf, secretsOf } from "../probe-secrets.ts";
import { planDigests } from "../snapshots.ts";
import { table } from "../table.ts";
import { version } from "../version.ts";
import { untilInterrupted } from "./verify.ts";

/**
 * Asks, from where users sit, whether each of the customer's needs is met: what must work, and what must not. Exit 1
 * when any probe is red.
 */
export const accept: Command = async (context, values) => {
  const started = performance.now();
  const { io, language } = context;
  const lab = await openLabDoor(context);
  try {
    const ids = needIds(lab.plan, values["need"]);
    const { needs, probes } = selected(lab.plan, theProbes(probesOf(lab.plan), values["probe"]), ids);
    const fill = await secretsOf(context, lab.plan, inputsOf(probes));
    const results = await untilInterrupted((signal) =>
      runProbes({
        probes,
        way: wayInto(lab),
        resolve: fill,
        signal,
        onDone: ({ probe, isGood, seen }, left) =>
          io.progress(`${isGood ? "✓" : "✗"} ${probe.id}: ${seen}${left > 0 ? ` (${left} to go)` : ""}`),
      }),
    );
    // Of some probes alone, other needs are not the question.
    const asked =
      values["probe"] === undefined ? needs : needs.filter((n) => probes.some((p) => p.needs.includes(n.id)));
    const accepted: Accepted = { needs: asked, results, seconds: (performance.now() - started) / 1000 };
    if (typeof values["junit"] === "string") await writeJunit(values["junit"], junitOf(accepted, language));
    if (ids === undefined && values["probe"] === undefined)
      await writePrivate(
        acceptedFile(context.folders.stack),
        JSON.stringify({
          at: new Date().toISOString(),
          version: version(),
          plan: await planDigests(context, await readSettings(context)),
          seconds: accepted.seconds,
          lines: linesOf(accepted, language).map((l) => JSON.parse(l) as unknown),
        }),
      );
    if (context.isJson) for (const line of linesOf(accepted, language)) io.out(line);
    else {
      const { header, rows } = tableOf(accepted, language);
      if (rows.length > 0) io.out(`${table(header, rows)}\n`);
      io.out(summaryOf(accepted, language));
    }
    return isAccepted(accepted) ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.door.close();
  }
};

/** The last whole acceptance, for the closing report. */
export const acceptedFile = (stack: string): string => join(stack, "accepted.json");

/** @throws Fault CLI_USAGE for what is no need of the plan */
export function needIds(plan: Plan, asked: unknown): ReadonlySet<string> | undefined {
  if (typeof asked !== "string") return undefined;
  const ids = asked.split(",").map((id) => id.trim().toUpperCase());
  const known = [BASE, ...plan.coverage.keys()];
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = didYouMean(id, known);
    throw new Fault(
      "CLI_USAGE",
      `"${id}" is no need or objective of the plan.`,
      near ? `Did you mean ${near}?` : `They are ${known.join(", ")}.`,
    );
  }
  return new Set(ids);
}

/** @throws Fault CLI_USAGE */
function theProbes(probes: readonly Probe[], asked: unknown): readonly Probe[] {
  if (typeof asked !== "string") return probes;
  const ids = asked.split(",").map((id) => id.trim());
  const known = probes.map((p) => p.id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = didYouMean(id, known);
    throw new Fault(
      "CLI_USAGE",
      `"${id}" is no probe.`,
      near ? `Did you mean ${near}?` : "`maquette accept --json` names them.",
    );
  }
  return probes.filter((p) => ids.includes(p.id));
}

async function writeJunit(file: string, text: string): Promise<void> {
  try {
    await writeFile(resolve(file), text);
  } catch (error) {
    throw diskFault(error, `write ${file}`);
  }
}

/** Sessions of one host: its server counts some that have just ended (sshd_config(5), MaxSessions). */
const AT_ONCE = 5;

/** In band over the door, as root; scenery and this machine's routers by their console. One connection a host. */
function wayInto(lab: LabDoor): ProbeWay {
  const connections = new Map<string, Promise<SshConnection>>();
  const connect = async (name: string): Promise<SshConnection> => {
    await lab.running(name);
    return lab.door.ssh(name, patience);
  };
  const busy = new Map<string, { count: number; readonly waiting: (() => void)[] }>();
  const inTurn = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = busy.get(name) ?? { count: 0, waiting: [] };
    busy.set(name, turn);
    if (turn.count >= AT_ONCE) await new Promise<void>((go) => turn.waiting.push(go));
    else turn.count++;
    try {
      return await work();
    } finally {
      const next = turn.waiting.shift();
      if (next) next();
      else turn.count--;
    }
  };
  return async (name, { argv, input }, deadlineMs) => {
    const host = lab.plan.hosts.get(name)!;
    if (isStandIn(lab, host)) {
      await lab.running(name);
      return runInRouter(lab, host, argv, input ?? "");
    }
    const known = connections.get(name) ?? connect(name);
    connections.set(name, known);
    return inTurn(name, () =>
      whileRunning(
        lab,
        name,
        known.then((c) => c.exec(asRoot(argv), { input: input ?? "", deadlineMs })),
      ),
    );
  };
}
