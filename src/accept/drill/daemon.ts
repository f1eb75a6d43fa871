import { setTimeout as sleep } from "node:timers/promises";
import { Fault, messageOf } from "../../core/fault.ts";
import type { Resolve } from "../../core/text.ts";
import { plays } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import type { Probe, Sessions } from "../../roles/role.ts";
import { inTurn, runProbes, type ProbeWay } from "../probes/index.ts";
import { Undo } from "../power.ts";
import { until } from "../router-state.ts";
import { must, type GuestShell } from "../../provision/shell.ts";

/*
 * What a role's host serves with is killed, as a fault of its program would end it, and must be back by itself. What it is
 * to be back for, its users' questions of acceptance say: those that depend on its units.
 */

/** The units of one host by which a role serves, and the questions of acceptance that depend on them. */
export interface Served {
  readonly host: string;
  readonly units: readonly string[];
  readonly probes: readonly Probe[];
}

/**
 * Of the hosts that play a role, those whose users' questions name units.
 * @param probes the role's own
 */
export function servedBy(plan: Plan, role: string, probes: readonly Probe[]): readonly Served[] {
  return [...plan.hosts.values()]
    .filter((h) => plays(h, role))
    .flatMap((h): Served[] => {
      const own = probes.filter((p) => p.dependsOn?.host === h.id && p.dependsOn.units.some(isDaemon));
      const units = [...new Set(own.flatMap((p) => p.dependsOn!.units))].filter(isDaemon);
      return units.length === 0 ? [] : [{ host: h.id, units, probes: own }];
    });
}

/** What only starts others has no process that could be killed. */
const isDaemon = (unit: string): boolean => !/\.(?:path|socket|timer)$/.test(unit);

export interface UnitFigures {
  readonly unit: string;
  /** From the kill until systemd has another process that is active, ms; undefined where that did not come. */
  readonly backAfterMs: number | undefined;
}

export interface QuestionAfter {
  readonly id: string;
  readonly title: Probe["title"];
  /** From the kill until it was asked and then answered as it must be, ms. */
  readonly answeredAfterMs: number | undefined;
  readonly seen: string;
}

export interface DaemonDrillResult {
  readonly what: string;
  readonly units: readonly UnitFigures[];
  readonly questions: readonly QuestionAfter[];
  /** What was open through it; null where the role does not tell. */
  readonly sessions: { readonly before: readonly string[]; readonly lost: readonly string[] } | null;
  readonly faults: readonly string[];
  readonly isGood: boolean;
}

export interface DaemonScene {
  readonly served: Served;
  readonly sessions: Sessions | undefined;
  readonly shell: GuestShell;
  /** The value of a secret's place; none is ever printed. */
  readonly resolve: Resolve;
  readonly limits?: DaemonLimits;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

const READ_DEADLINE_MS = 20_000;
/** Between two times that a question is asked. */
const AGAIN_MS = 250;

export interface DaemonLimits {
  /** A unit that is back by itself later than that is a fault, whatever ended it. */
  readonly backMs: number;
  /** One that is not back by then is started by hand. */
  readonly startedMs: number;
  /** Clients that have a patience of their own are back by then. */
  readonly answeredMs: number;
}
const LIMITS: DaemonLimits = { backMs: 10_000, startedMs: 60_000, answeredMs: 120_000 };

/**
 * Kills the main process of each unit at once, and waits until it is back by itself and its users' questions are answered.
 * @throws Fault DRILL_NOT_READY where something is not as it must be before; ACCEPT_… from the host
 */
export async function runDaemonDrill(scene: DaemonScene): Promise<DaemonDrillResult> {
  const { served, shell, resolve, limits = LIMITS } = scene;
  const { host, units, probes } = served;
  const say = scene.onProgress ?? ((): void => undefined);
  const signalled = scene.signal ? { signal: scene.signal } : {};
  const way: ProbeWay = (on, { argv, input = "" }, deadlineMs) => shell.run(on, argv, input, deadlineMs);
  const ask = async (
    asked: readonly Probe[],
  ): Promise<readonly { readonly isGood: boolean; readonly seen: string }[]> =>
    // Of its own: Node takes many who listen to one signal for a leak.
    runProbes({ probes: asked, way, resolve, ...(scene.signal && { signal: AbortSignal.any([scene.signal]) }) });
  const open = async (): Promise<readonly string[] | null> =>
    scene.sessions === undefined
      ? null
      : scene.sessions.read(await must(shell, host, scene.sessions.run.argv, "", READ_DEADLINE_MS));

  const early = await open();
  say(`asking ${probes.length} of its users' questions`);
  const first = await ask(probes);
  const red = probes.flatMap((p, n) => (first[n]!.isGood ? [] : [`${p.id}: ${first[n]!.seen}`]));
  if (red.length > 0)
    throw new Fault(
      "DRILL_NOT_READY",
      `A drill begins with everything as it must be; now ${red.join("; ")}.`,
      "`maquette accept` shows the lab as users meet it; `maquette up` brings it to the plan.",
    );
  const pids = await Promise.all(units.map((unit) => mainPid(shell, host, unit)));
  const idle = units.filter((_, n) => pids[n] === 0);
  if (idle.length > 0)
    throw new Fault(
      "DRILL_NOT_READY",
      `${host}: ${idle.join(", ")} has no main process that could be killed.`,
      `\`maquette logs ${host}\` says more; \`maquette up\` brings it to the plan.`,
    );
  // What the questions themselves opened and is not closed yet is nobody's loss.
  const before = (await open())?.filter((s) => early!.includes(s)) ?? null;
  const undo = new Undo();
  const faults: string[] = [];
  const what = `${units.join(", ")} on ${host} killed`;
  try {
    for (const unit of units)
      undo.add(unit, async () => {
        const { exitCode } = await shell.run(host, ["systemctl", "is-active", "--quiet", unit], "", READ_DEADLINE_MS);
        if (exitCode !== 0) await must(shell, host, ["systemctl", "restart", unit], "", READ_DEADLINE_MS);
      });
    await must(shell, host, ["kill", "-9", ...pids.map(String)], "", READ_DEADLINE_MS);
    const killed = performance.now();
    const since = (): number => Math.round(performance.now() - killed);
    say(`${what}${before === null || before.length === 0 ? "" : `; open was ${before.join(", ")}`}`);
    const figures = await Promise.all(
      units.map(async (unit, n): Promise<UnitFigures> => {
        try {
          await until(
            `${unit} is back by itself`,
            limits.startedMs,
            () => stateOf(shell, host, unit),
            ({ pid, state }) => state === "active" && pid !== 0 && pid !== pids[n],
            signalled,
          );
          return { unit, backAfterMs: since() };
        } catch (error) {
          scene.signal?.throwIfAborted();
          faults.push(messageOf(error));
          return { unit, backAfterMs: undefined };
        }
      }),
    );
    for (const { unit, backAfterMs } of figures)
      if (backAfterMs !== undefined && backAfterMs > limits.backMs)
        faults.push(`${unit} was back after ${backAfterMs} ms; the limit is ${limits.backMs} ms`);
    // One that is back, and does not say yet what is open, has nothing open.
    const after = await open().catch((): readonly string[] => []);
    say(`${units.join(", ")} is back; asking its users' questions`);
    const untilAnswered = async (probe: Probe): Promise<QuestionAfter> => {
      for (;;) {
        const askedAfterMs = since();
        const [answer] = await ask([probe]);
        const { isGood, seen } = answer!;
        const told = { id: probe.id, title: probe.title, seen };
        if (isGood) return { ...told, answeredAfterMs: askedAfterMs };
        if (since() > limits.answeredMs) return { ...told, answeredAfterMs: undefined };
        // A refusal takes no time: nobody is to be asked a hundred times a second.
        await sleep(AGAIN_MS);
      }
    };
    const questions: QuestionAfter[] = [];
    await Promise.all(
      inTurn(probes).map(async (turn) => {
        for (const index of turn) questions[index] = await untilAnswered(probes[index]!);
      }),
    );
    for (const q of questions) if (q.answeredAfterMs === undefined) faults.push(`${q.id}: ${q.seen}`);
    const lost = before === null || after === null ? null : before.filter((s) => !after.includes(s));
    return {
      what,
      units: figures,
      questions,
      sessions: lost === null ? null : { before: before!, lost },
      faults,
      isGood: faults.length === 0,
    };
  } finally {
    for (const failure of await undo.run()) say(`not put back: ${failure}`);
  }
}

const mainPid = async (shell: GuestShell, host: string, unit: string): Promise<number> =>
  (await stateOf(shell, host, unit)).pid;

async function stateOf(
  shell: GuestShell,
  host: string,
  unit: string,
): Promise<{ readonly pid: number; readonly state: string }> {
  const shown = await must(
    shell,
    host,
    ["systemctl", "show", "-p", "MainPID", "-p", "ActiveState", unit],
    "",
    READ_DEADLINE_MS,
  );
  return {
    pid: Number(/^MainPID=(\d+)$/m.exec(shown)?.[1] ?? 0),
    state: /^ActiveState=(\S+)$/m.exec(shown)?.[1] ?? "",
  };
}
