import { z } from "zod";
import { Fault, messageOf } from "../../core/fault.ts";
import { formatAddress } from "../../core/ip.ts";
import { Undo } from "../power.ts";
import { until } from "../router-state.ts";
import { python, type GuestShell } from "../../provision/shell.ts";
import { figuresOf, judgePath, readLog, type Judged, type Span } from "./evaluate.ts";
import type { Path } from "./paths.ts";
import CLOCK from "./clock.py";
import ECHO from "./echo.py";
import END from "./end.py";
import PROBE from "./probe.py";

/** Something that happens to the lab, and how it is put back. */
export interface DrillEvent {
  /** `rtr-a killed`. */
  readonly what: string;
  readonly limitMs: number;
  /** Sessions that the event ends by its nature: they bear the address of an access that is lost. */
  readonly mayEnd: (path: Path) => boolean;
  /** Breaks it; what has to be put back is noted first. It may take as long as a reboot. */
  strike(undo: Undo): Promise<void>;
  /** Settles when the lab has taken notice: another router or access is in use. @throws Fault at a deadline */
  noticed(): Promise<void>;
  /** Settles when all is as it was, what was put back included. @throws Fault at a deadline */
  recovered(): Promise<void>;
}

export interface DrillOptions {
  readonly shell: GuestShell;
  readonly paths: readonly Path[];
  readonly event: DrillEvent;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

export interface DrillResult {
  readonly what: string;
  /** While it was broken, and while what was broken came back. */
  readonly phases: readonly { readonly name: "lost" | "back"; readonly paths: readonly Judged[] }[];
  /** From putting back to all being as before. */
  readonly recoveredMs: number | undefined;
  /** Beside those of the paths. */
  readonly faults: readonly string[];
  /** Nothing is wrong, and nothing is left that nobody can tell. */
  readonly isGood: boolean;
}

const EVERY_MS = 10;
/** Below the second after which the kernel sends a SYN again (tcp(7)). */
const PROBE_TIMEOUT_MS = 900;
/** How long answers must have come before a path counts as up. */
const STEADY_US = 300_000;
/** Programs end by themselves after this. */
const LIMIT_SECONDS = 300;
const PATIENCE_SECONDS = 10;
const STEADY_DEADLINE_MS = 20_000;
const READ_DEADLINE_MS = 20_000;

/** Where one phase ends and the next begins: the last probe that was answered on every path, and what sessions heard by then. */
interface Mark {
  readonly answeredUs: number;
  readonly heardUs: number;
  /** Of what sessions said since then, they had heard something; undefined where that was waited for in vain. */
  readonly saidUs?: number;
}

const startedAnswer = z.union([z.object({ pid: z.int() }), z.object({ failure: z.string() })]);
const clockAnswer = z.object({ now: z.number() });
const stateAnswer = z.object({
  now: z.number(),
  answered: z.array(z.number()),
  heard: z.array(z.number()),
  open: z.array(z.boolean()),
});

/**
 * One drill: sessions and probes on every path, the event, what it costs, and all back. Whatever was broken is put
 * back, whatever was started ended, also when something fails or somebody interrupts.
 */
export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const { shell, paths, event } = options;
  const say = options.onProgress ?? ((): void => undefined);
  const client = paths[0]!.from;
  const faults: string[] = [];
  const programs = new Undo();
  const undo = new Undo();
  const folder = `/run/maquette-drill-${process.pid}-${Date.now()}`;
  const clock = async (): Promise<number> =>
    clockAnswer.parse(await python(shell, client, CLOCK, {}, READ_DEADLINE_MS)).now;
  /**
   * Until every path answers, and every session that must live hears what it says, for a while after a point of time.
   * @returns up to when that was seen. What comes later is the next phase's: a router that returns takes over zone by
   * zone, and to ask for the time once more takes long enough for that to begin
   */
  const steadyAfter = async (sinceUs: number, mayEnd: (path: Path) => boolean): Promise<Mark> => {
    const seen = await until(
      `answers on ${paths.map((p) => p.name).join(" and ")}`,
      STEADY_DEADLINE_MS,
      async () => {
        const { exitCode, stdout, stderr } = await shell.run(client, ["cat", `${folder}/state`], "", READ_DEADLINE_MS);
        if (exitCode !== 0) throw new Error(`${client}: ${stderr.trim()}`);
        return stateAnswer.parse(JSON.parse(stdout));
      },
      (s) =>
        paths.every(
          (p, i) =>
            s.answered[i]! >= sinceUs + STEADY_US && (mayEnd(p) || !s.open[i] || s.heard[i]! >= sinceUs + STEADY_US),
        ),
      { ...(options.signal ? { signal: options.signal } : {}) },
    );
    return { answeredUs: Math.min(...seen.answered) + 1, heardUs: seen.now, saidUs: sinceUs + STEADY_US };
  };
  try {
    for (const path of paths) {
      const wanted = {
        port: path.port,
        client: path.client === null ? null : formatAddress(path.client),
        limit: LIMIT_SECONDS,
        patience: PATIENCE_SECONDS,
      };
      await startProgram(shell, path.to, ECHO, wanted, programs);
    }
    await startProgram(
      shell,
      client,
      PROBE,
      {
        paths: paths.map((p) => ({ address: formatAddress(p.address), port: p.port })),
        every: EVERY_MS,
        timeout: PROBE_TIMEOUT_MS,
        folder,
        limit: LIMIT_SECONDS,
        patience: PATIENCE_SECONDS,
      },
      programs,
    );
    await steadyAfter(await clock(), () => false);
    say(`${event.what}: sessions are open, probes every ${EVERY_MS} ms`);
    const marks: Mark[] = [];
    const nowMark = async (): Promise<Mark> => {
      const now = await clock();
      return { answeredUs: now, heardUs: now };
    };
    let recoveredMs: number | undefined;
    const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        // Somebody interrupts: nothing is measured any more, all is put back.
        options.signal?.throwIfAborted();
        faults.push(messageOf(error));
        return undefined;
      }
    };
    marks.push(await nowMark());
    const striking = event.strike(undo);
    // Awaited below; what it has to say is not lost meanwhile.
    striking.catch(() => undefined);
    await attempt(() => event.noticed());
    const noticedAt = await clock();
    marks.push((await attempt(() => steadyAfter(noticedAt, event.mayEnd))) ?? (await nowMark()));
    say(`${event.what}: over; putting back`);
    await attempt(() => striking);
    const before = performance.now();
    for (const failure of await undo.run()) faults.push(`not put back: ${failure}`);
    await attempt(async () => {
      await event.recovered();
      recoveredMs = Math.round(performance.now() - before);
    });
    const recoveredAt = await clock();
    marks.push((await attempt(() => steadyAfter(recoveredAt, event.mayEnd))) ?? (await nowMark()));
    await programs.run();
    const { stdout } = await shell.run(client, ["cat", `${folder}/log`], "", READ_DEADLINE_MS);
    const logs = readLog(stdout, paths.length);
    const phase = (name: "lost" | "back", span: Span): DrillResult["phases"][number] => ({
      name,
      paths: paths.map((p, i) =>
        judgePath(p.name, figuresOf(logs[i]!, span), { limitMs: event.limitMs, mayEnd: event.mayEnd(p) }),
      ),
    });
    const between = (from: Mark, to: Mark): Span => ({
      fromUs: from.answeredUs,
      toUs: to.answeredUs,
      heardToUs: to.heardUs,
      ...(to.saidUs === undefined ? {} : { saidFromUs: to.saidUs }),
    });
    const phases = [phase("lost", between(marks[0]!, marks[1]!)), phase("back", between(marks[1]!, marks[2]!))];
    const isGood = faults.length === 0 && phases.every((p) => p.paths.every(isFine));
    return { what: event.what, phases, recoveredMs, faults, isGood };
  } finally {
    const failures = [...(await undo.run()), ...(await programs.run())];
    await shell.run(client, ["rm", "-rf", folder], "", READ_DEADLINE_MS).catch(() => undefined);
    for (const failure of failures) say(`not put back: ${failure}`);
  }
}

const isFine = (j: Judged): boolean => j.faults.length === 0 && j.unshown.length === 0;

/** Starts a program of a drill in a guest; how it ends is noted in `programs`. @throws Fault DRILL_NOT_STARTED */
export async function startProgram(
  shell: GuestShell,
  host: string,
  script: string,
  input: unknown,
  programs: Undo,
): Promise<void> {
  const answer = startedAnswer.parse(await python(shell, host, script, input, 2 * PATIENCE_SECONDS * 1000));
  if ("failure" in answer)
    throw new Fault(
      "DRILL_NOT_STARTED",
      `${host}: ${answer.failure}.`,
      "`maquette verify` shows what the routers let pass; `maquette logs HOST` shows more.",
    );
  programs.add(`the drill's program on ${host}`, async () => {
    await python(shell, host, END, { pid: answer.pid, deadline: 5 }, READ_DEADLINE_MS);
  });
}
