import { join } from "node:path";
import { linesOf, summaryOf, tableOf, words } from "../../accept/live/report.ts";
import { verifyLive } from "../../accept/live/verify.ts";
import type { LabPower, UpsPlug } from "../../accept/power.ts";
import { consoleShell, must, type GuestShell } from "../../provision/shell.ts";
import { formatDiagnostic } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { findEmbedded } from "../../embedded/control.ts";
import { findRoom, roomPlaces } from "../../embedded/room.ts";
import { namingOf } from "../../infra/naming.ts";
import type { Naming } from "../../infra/world.ts";
import type { PfConfig } from "../../pfsense/model/config.ts";
import { readConfig } from "../../pfsense/read/read-config.ts";
import type { Plan } from "../../plan/types.ts";
import { intentOf } from "../../policy/intent.ts";
import { routersOf } from "../../plan/query.ts";
import { clientFor } from "../../pve/client/environment.ts";
import { askRoom } from "../../twin/remote-driver.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { breaking, giveBack } from "../broken.ts";
import { exitCodes } from "../exit-codes.ts";
import { planOf } from "../plan-of.ts";
import { restoringOf } from "../power.ts";
import { consoleOf } from "../../provision/console.ts";
import { untilStarted } from "../../provision/routers.ts";
import { table } from "../table.ts";

/**
 * The flow matrix on the wire: packets of every cell through the running routers, judged by captures at the active
 * one. Exit 1 when any fares otherwise than the plan and the router's file say.
 */
export const verify: Command = async (context, values) => {
  const lab = await openRunningLab(context, "verify");
  const all = routersOf(lab.plan).map((r) => r.id);
  const asked = values["router"] ?? "both";
  const routers =
    asked === "both" ? all : asked === "A" ? all.slice(0, 1) : asked === "B" ? all.slice(1, 2) : undefined;
  if (routers === undefined || routers.length === 0)
    throw new Fault("CLI_USAGE", `--router is "${typeof asked === "string" ? asked : ""}".`, "It takes A, B or both.");
  try {
    const results = await untilInterrupted((signal) =>
      verifyLive({
        ...lab,
        intent: intentOf(lab.plan),
        macOf: (host, nic) => lab.naming.mac(host, nic),
        routers,
        withAccessesDown: asked === "both",
        signal,
        onProgress: (line) => context.io.progress(line),
      }),
    );
    const w = words[context.language];
    for (const result of results) {
      if (context.isJson) {
        for (const line of linesOf(result)) context.io.out(line);
        continue;
      }
      const { header, rows } = tableOf(result, w);
      context.io.out(`${table(header, rows)}\n\n${summaryOf(result, w)}\n`);
    }
    return results.every((r) => r.isGood) ? exitCodes.good : exitCodes.findings;
  } finally {
    await lab.close();
  }
};

/** A lab of this machine that runs, and the ways into it that tests of it take. */
export interface RunningLab {
  readonly plan: Plan;
  readonly naming: Naming;
  readonly shell: GuestShell;
  readonly power: LabPower;
  readonly ups: UpsPlug;
  /** Notes before they do that these hosts are going to stop by themselves, for whoever would have to start them. */
  readonly foresee: (hosts: readonly string[]) => Promise<void>;
  /** Settles when a router that was started has its rules, or says why not. */
  readonly untilStarted: (router: string) => Promise<void>;
  /** Ids of hosts that run. */
  readonly live: ReadonlySet<string>;
  /** The file that a router runs with. */
  readonly configOf: (router: string) => Promise<PfConfig>;
  close(): Promise<void>;
}

const READ_DEADLINE_MS = 10_000;
const ROUTER_START_MS = 60_000;
/** Where pfSense keeps its file. */
const CONFIG_FILE = "/cf/conf/config.xml";

/**
 * @param by the command that breaks things in it, as it is typed; null where whoever breaks something answers for it
 * @throws Fault ACCEPT_… where no guests of this machine run; DRILL_RUNS beside another such command
 */
export async function openRunningLab(context: Context, by: string | null): Promise<RunningLab> {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  if (!outcome.ok)
    throw new Fault(
      "ACCEPT_NO_PLAN",
      `The plan has faults, so what the lab should do is not known: ${outcome.errors.map(formatDiagnostic).join("\n")}`,
      "`maquette check` lists them.",
    );
  if (!context.isEmbedded)
    throw new Fault(
      "ACCEPT_NO_CONSOLE",
      "Guests on a Proxmox VE cannot be entered out of band yet, so nothing is sent from them.",
      "`maquette check` proves the policy without a running lab; the embedded lab shows it on the wire.",
    );
  const places = roomPlaces(context.folders);
  const endpoint = await findEmbedded(context.folders);
  if (!(await findRoom(places)) || !endpoint)
    throw new Fault(
      "ACCEPT_NOTHING_RUNS",
      "No guests of this lab run on this machine.",
      "Run `maquette up` as root (sudo): on Linux its guests run (`maquette doctor` says what that needs).",
    );
  const plan = outcome.value;
  const naming = namingOf(plan, settings);
  const vmIdOf = (id: string): number => naming.vmId(plan.hosts.get(id)!);
  const client = await clientFor(endpoint, settings.insecure);
  const restoring = restoringOf(client, plan, naming, places.socket);
  await giveBack(context, plan.hosts, restoring);
  const broken = by === null ? undefined : await breaking(context.folders, by, restoring);
  const shell = consoleShell((host) => consoleOf(places.socket, vmIdOf(host)));
  const ids = [...plan.hosts.keys()];
  const states = (await askRoom(places.socket, "status", [ids.map(vmIdOf)])) as readonly (readonly [
    number,
    { readonly power: string },
  ])[];
  const on = new Set(states.filter(([, s]) => s.power === "running").map(([vmId]) => vmId));
  return {
    plan,
    naming,
    shell,
    power: broken?.power ?? restoring.power,
    ups: broken?.ups ?? restoring.ups,
    foresee: async (hosts) => broken?.foresee(hosts),
    untilStarted: (host) => untilStarted({ host, run: consoleOf(places.socket, vmIdOf(host)) }, ROUTER_START_MS),
    live: new Set(ids.filter((id) => on.has(vmIdOf(id)))),
    configOf: async (router) => {
      const text = await must(shell, router, ["cat", CONFIG_FILE], "", READ_DEADLINE_MS);
      const read = readConfig(text, { file: join(`${router}:`, CONFIG_FILE) });
      if (read.ok) return read.value;
      throw new Fault(
        "ACCEPT_BAD_CONFIG",
        `${router} runs with a file that cannot be read: ${read.errors.map(formatDiagnostic).join("; ")}`,
        "`maquette up` delivers the plan's.",
      );
    },
    close: async () => {
      await broken?.close();
      await client.close();
    },
  };
}

/** Ctrl-C and a polite kill end the work where it stands; what it broke it puts back, then this process ends. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void =>
    controller.abort(
      new Fault("CLI_INTERRUPTED", "Interrupted; what was broken for the test was put back.", "Run it again."),
    );
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}
