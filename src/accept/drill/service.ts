import { z } from "zod";
import { Fault, messageOf } from "../../core/fault.ts";
import { formatAddress } from "../../core/ip.ts";
import { fillText, type Resolve } from "../../core/text.ts";
import type { Plan } from "../../plan/types.ts";
import type { Command, Outage } from "../../roles/role.ts";
import { Undo } from "../power.ts";
import { until } from "../router-state.ts";
import { must, python, type GuestShell } from "../../provision/shell.ts";
import type { LabPower } from "../power.ts";
import { unshownOf, type Span } from "./evaluate.ts";
import { startProgram } from "./run.ts";
import CLOCK from "./clock.py";

interface Ask {
  readonly question: string;
  readonly startedUs: number;
  readonly endedUs: number;
  readonly server: string | undefined;
}

export interface ServiceLog {
  readonly asks: readonly Ask[];
  /** When the asking program itself was held up. */
  readonly holdUps: readonly Span[];
}

/** The lines of a client's own questions, and of its hold-ups (asker.py); a last line that is cut off is left out. */
export function readServiceLog(text: string): ServiceLog {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole.split("\n").map((line) => line.split(" "));
  const asks = lines
    .filter(([kind]) => kind === "q")
    .map(([, question = "", started = "", ended = "", server = ""]) => ({
      question,
      startedUs: Number(started),
      endedUs: Number(ended),
      server: server === "-" ? undefined : server,
    }))
    .sort((a, b) => a.startedUs - b.startedUs);
  const holdUps = lines
    .filter(([kind]) => kind === "h")
    .map(([, from = "", to = ""]) => ({ fromUs: Number(from), toUs: Number(to) }));
  return { asks, holdUps };
}

export interface QuestionFigures {
  readonly question: string;
  readonly asked: number;
  readonly failed: number;
  /** From one answer to the next one, where it is the longest: how long a client was without. */
  readonly longestGapMs: number;
  /** Of it, the longest that a hold-up of the client has no part in. */
  readonly shownGapMs: number;
  /** The slowest question that was answered. */
  readonly slowestMs: number;
  /** How many each controller answered. */
  readonly by: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  /** What nobody can tell, in words, and why. */
  readonly unshown: readonly string[];
}

const ms = (us: number): number => Math.round(us / 1000);

/**
 * What one question's clients met with over a span. A client that is held up hears late, or gives up before it has looked:
 * of what it asked then, an answer counts, and that none came does not. Pure.
 */
export function questionFigures(log: ServiceLog, question: string, span: Span, limitMs: number): QuestionFigures {
  const own = log.asks.filter((a) => a.question === question);
  const inside = own.filter((a) => a.endedUs > span.fromUs && a.startedUs < span.toUs);
  const blind = blindOf(own, log.holdUps);
  const answered = own.filter((a) => a.server !== undefined);
  const gaps = answered
    .slice(1)
    .map((a, i) => ({ fromUs: answered[i]!.endedUs, toUs: a.endedUs }))
    .filter((g) => overlaps(g, span));
  const good = inside.filter((a) => a.server !== undefined);
  const by: Record<string, number> = {};
  for (const a of good) by[a.server!] = (by[a.server!] ?? 0) + 1;
  const longest = gaps.toSorted((x, y) => lengthOf(y) - lengthOf(x))[0];
  const longestGapMs = ms(longest ? lengthOf(longest) : 0);
  const shownGapMs = ms(Math.max(0, ...gaps.map((g) => longestOutside(g, blind))));
  const heldUpMs = (within: Span): number =>
    ms(log.holdUps.filter((h) => overlaps(h, within)).reduce((sum, h) => sum + lengthOf(h), 0));
  const telling = inside.filter((a) => a.server !== undefined || !blind.some((b) => overlaps(b, spanOf(a))));
  const faults = [
    ...(inside.length === 0 ? ["nobody asked"] : []),
    ...(telling.length > 0 && telling.at(-1)!.server === undefined ? ["no answer any more"] : []),
    ...(shownGapMs > limitMs ? [`without an answer for ${longestGapMs} ms; the limit is ${limitMs} ms`] : []),
  ];
  const unshown = [
    ...(inside.length > 0 && telling.length === 0 ? [`not shown: held up for ${heldUpMs(span)} ms`] : []),
    ...unshownOf([shownGapMs, longestGapMs], longest ? heldUpMs(longest) : 0, limitMs),
  ];
  return {
    question,
    asked: inside.length,
    failed: inside.length - good.length,
    longestGapMs,
    shownGapMs,
    slowestMs: ms(Math.max(0, ...good.map((a) => lengthOf(spanOf(a))))),
    by,
    faults,
    unshown,
  };
}

const spanOf = (a: Ask): Span => ({ fromUs: a.startedUs, toUs: a.endedUs });

const lengthOf = (s: Span): number => s.toUs - s.fromUs;

const overlaps = (x: Span, y: Span): boolean => x.fromUs < y.toUs && y.fromUs < x.toUs;

/** From each hold-up until a question is asked after it: what was asked before may be given up for want of time alone. */
const blindOf = (asks: readonly Ask[], holdUps: readonly Span[]): readonly Span[] =>
  holdUps.map((h) => ({ fromUs: h.fromUs, toUs: asks.find((a) => a.startedUs >= h.toUs)?.startedUs ?? Infinity }));

/** The longest piece of a span in which none of the others lies. @param others in the order of time */
function longestOutside(span: Span, others: readonly Span[]): number {
  let [longest, at] = [0, span.fromUs];
  for (const o of others.filter((x) => overlaps(x, span))) {
    longest = Math.max(longest, o.fromUs - at);
    at = Math.max(at, o.toUs);
  }
  return Math.max(longest, span.toUs - at);
}

export interface ServiceDrillResult {
  readonly what: string;
  readonly phases: readonly { readonly name: "lost" | "back"; readonly questions: readonly QuestionFigures[] }[];
  /** From power to all questions answered by it again, ms. */
  readonly answersAfterMs: number | undefined;
  /** From power to that being there which was written meanwhile, ms; null where nothing is. */
  readonly caughtUpAfterMs: number | undefined | null;
  readonly faults: readonly string[];
  readonly isGood: boolean;
}

export interface ServiceScene {
  readonly plan: Plan;
  readonly outage: Outage;
  readonly shell: GuestShell;
  readonly power: LabPower;
  /** The value of a secret's place; none is ever printed. */
  readonly resolve: Resolve;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

const EVERY_MS = 250;
/** What a client waits for one server before it asks the next. */
const PATIENCE_MS = 1_000;
const LIMIT_SECONDS = 600;
const READ_DEADLINE_MS = 20_000;
const READY_DEADLINE_MS = 30_000;
const LOST_DEADLINE_MS = 60_000;
const BACK_DEADLINE_MS = 180_000;
/** So long answers must come before they count as coming. */
const STEADY_US = 8_000_000;
/** What is pulled may be pulled every five minutes, as a controller's replication is. */
const CAUGHT_UP_DEADLINE_MS = 330_000;

const clockAnswer = z.object({ now: z.number() });
const stateAnswer = z.object({
  now: z.number(),
  answered: z.record(z.string(), z.number()),
  direct: z.record(z.string(), z.object({ at: z.number(), good: z.boolean() })),
  why: z.record(z.string(), z.string()),
});
type State = z.infer<typeof stateAnswer>;

/**
 * Cuts the power of the first server while a user's seat asks, has something written meanwhile, gives power back and
 * waits until it answers again and has what was written. What was taken away is given back, also when something fails
 * or somebody interrupts.
 */
export async function runServiceDrill(scene: ServiceScene): Promise<ServiceDrillResult> {
  const { plan, outage, shell, power, resolve } = scene;
  const { seat, questions } = outage;
  const [first] = outage.servers as [string];
  const say = scene.onProgress ?? ((): void => undefined);
  const programs = new Undo();
  const undo = new Undo();
  const faults: string[] = [];
  const own = `${process.pid}-${Date.now()}`;
  const folder = `/run/maquette-drill-${own}`;
  const meanwhile = outage.meanwhile?.(`maquette-drill-${own}`);
  const signalled = scene.signal ? { signal: scene.signal } : {};
  const run = (host: string, { argv, input = "" }: Command): ReturnType<GuestShell["run"]> =>
    shell.run(host, argv, fillText(input, resolve), READ_DEADLINE_MS);
  const clock = async (): Promise<number> =>
    clockAnswer.parse(await python(shell, seat, CLOCK, {}, READ_DEADLINE_MS)).now;
  const state = async (): Promise<State> =>
    stateAnswer.parse(JSON.parse(await must(shell, seat, ["cat", `${folder}/state`], "", READ_DEADLINE_MS)));
  const isGoodSince = (s: State, server: string, sinceUs: number): boolean =>
    questions.every((q) => {
      const last = s.direct[`${q} ${server}`];
      return last !== undefined && last.good && last.at >= sinceUs;
    });
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      scene.signal?.throwIfAborted();
      faults.push(messageOf(error));
    }
  };
  try {
    const given = JSON.parse(fillText(outage.input, resolve)) as Record<string, unknown>;
    const servers = outage.servers.map((name) => {
      const host = plan.hosts.get(name)!;
      return { name, address: formatAddress(host.nics[0]!.address) };
    });
    const limits = { every: EVERY_MS, timeout: PATIENCE_MS, folder, limit: LIMIT_SECONDS, patience: 10 };
    await startProgram(shell, seat, outage.program, { ...given, ...limits, servers }, programs);
    await untilReady(state, (s) => outage.servers.every((server) => isGoodSince(s, server, 0)), signalled);
    const what = `${first} killed`;
    say(`${seat} asks ${questions.join(", ")} every ${EVERY_MS} ms, as ${outage.as}`);
    const marks = [await clock()];
    undo.add(`power of ${first}`, async () => {
      if (!(await power.isRunning(first))) await power.start(first);
    });
    await power.stop(first);
    say(`${what}; asking goes on`);
    const killedAt = await clock();
    await attempt(async () =>
      until(
        `every question is answered without ${first}`,
        LOST_DEADLINE_MS,
        state,
        (s) => questions.every((q) => (s.answered[q] ?? 0) >= killedAt + STEADY_US),
        signalled,
      ),
    );
    if (meanwhile !== undefined)
      await attempt(async () => {
        undo.add(`what was written on ${meanwhile.on}`, async () => {
          await run(meanwhile.on, meanwhile.undo);
        });
        const { argv, input = "" } = meanwhile.write;
        await must(shell, meanwhile.on, argv, fillText(input, resolve), READ_DEADLINE_MS);
      });
    marks.push(await clock());
    say(`${what}: over; power again`);
    let answersAfterMs: number | undefined;
    let caughtUpAfterMs: number | undefined | null = meanwhile === undefined ? null : undefined;
    const began = performance.now();
    const backAt = await clock();
    await attempt(async () => {
      if (!(await power.isRunning(first))) await power.start(first);
      await until(
        `${first} answers every question`,
        BACK_DEADLINE_MS,
        state,
        (s) => isGoodSince(s, first, backAt),
        signalled,
      );
      answersAfterMs = Math.round(performance.now() - began);
      if (meanwhile === undefined) return;
      say(`${first} answers; waiting for what ${meanwhile.on} wrote meanwhile`);
      await until(
        `${first} has what ${meanwhile.on} wrote meanwhile`,
        CAUGHT_UP_DEADLINE_MS,
        () => run(first, meanwhile.arrived),
        ({ exitCode }) => exitCode === 0,
        { ...signalled, hint: meanwhile.hint },
      );
      caughtUpAfterMs = Math.round(performance.now() - began);
    });
    const endedAt = await clock();
    await attempt(async () =>
      until(
        "every question is answered",
        LOST_DEADLINE_MS,
        state,
        (s) => questions.every((q) => (s.answered[q] ?? 0) >= endedAt),
        signalled,
      ),
    );
    marks.push(await clock());
    for (const failure of await programs.run()) faults.push(failure);
    const log = readServiceLog(await must(shell, seat, ["cat", `${folder}/log`], "", READ_DEADLINE_MS));
    const phase = (name: "lost" | "back", span: Span): ServiceDrillResult["phases"][number] => ({
      name,
      questions: questions.map((q) => questionFigures(log, q, span, outage.limitMs)),
    });
    const phases = [
      phase("lost", { fromUs: marks[0]!, toUs: marks[1]! }),
      phase("back", { fromUs: marks[1]!, toUs: marks[2]! }),
    ];
    for (const failure of await undo.run()) faults.push(`not put back: ${failure}`);
    const isGood =
      faults.length === 0 &&
      phases.every((p) => p.questions.every((q) => q.faults.length === 0 && q.unshown.length === 0));
    return { what, phases, answersAfterMs, caughtUpAfterMs, faults, isGood };
  } finally {
    const failures = [...(await undo.run()), ...(await programs.run())];
    await shell.run(seat, ["rm", "-rf", folder], "", READ_DEADLINE_MS).catch(() => undefined);
    for (const failure of failures) say(`not put back: ${failure}`);
  }
}

async function untilReady(
  state: () => Promise<State>,
  holds: (s: State) => boolean,
  signalled: { readonly signal?: AbortSignal },
): Promise<void> {
  let last: State | undefined;
  try {
    await until(
      "every server answers every question",
      READY_DEADLINE_MS,
      async () => (last = await state()),
      holds,
      signalled,
    );
  } catch (error) {
    signalled.signal?.throwIfAborted();
    const missing = Object.entries(last?.direct ?? {}).flatMap(([key, d]) =>
      d.good ? [] : [`${key}: ${last?.why[key] ?? "no answer"}`],
    );
    throw new Fault(
      "DRILL_NOT_READY",
      `A drill begins with all servers answering; now ${missing.join("; ") || messageOf(error)}.`,
      "`maquette accept` shows the lab as users meet it; `maquette up` brings it to the plan.",
      error,
    );
  }
}
