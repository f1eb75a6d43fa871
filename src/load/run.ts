import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { routerEvent, wanEvent, type Scene } from "../accept/drill/events.ts";
import END from "../accept/drill/end.py";
import type { DrillEvent } from "../accept/drill/run.ts";
import { Undo, type LabPower } from "../accept/power.ts";
import { until } from "../accept/router-state.ts";
import { Fault, messageOf } from "../core/fault.ts";
import { fillText, type Resolve, type Text } from "../core/text.ts";
import { programHead, PYTHON } from "../core/program.ts";
import { hostsOf } from "../plan/query.ts";
import type { Plan } from "../plan/types.ts";
import { must, python, type GuestShell } from "../provision/shell.ts";
import BOXES from "./boxes.py";
import { actionsAt, boxesInput, seatInput, type Crowd, type Seat } from "./people.ts";
import { endOf, scriptOf, type Action } from "./script.ts";
import SEAT from "./seat.py";
import { readReports, together, tokensFor, verdictOf, type Reports, type Verdict } from "./verdict.ts";

export const FAULTS = ["router", "dc", "wan"] as const;
export type FaultName = (typeof FAULTS)[number];

/** One day, and what happened to the lab in it. */
export interface Day {
  readonly fault: FaultName | null;
  /** `rtr-a: killed`; null for a day without a fault. */
  readonly what: string | null;
  readonly verdict: Verdict;
  /** Of the fault itself: what did not come, or could not be put back. */
  readonly faults: readonly string[];
}

export interface LoadOptions {
  readonly plan: Plan;
  readonly crowd: Crowd;
  readonly shell: GuestShell;
  readonly power: LabPower;
  /** The value of a secret's place; none is ever printed. */
  readonly resolve: Resolve;
  readonly seed: number;
  readonly minutes: number;
  readonly faults: readonly FaultName[];
  readonly signal?: AbortSignal;
  /** Where it stands, in words; `null` for a day without a fault. */
  readonly onProgress?: (at: Progress) => void;
}

export interface Progress {
  readonly fault: FaultName | null;
  readonly step: "begins" | "works" | "broken" | "boxes";
  readonly done: number;
  readonly of: number;
  readonly seconds: number;
}

const READ_DEADLINE_MS = 20_000;
/** Ten telephones begin, and are registered. */
const READY_SECONDS = 60;
/** On top of the day: an action may be tried for half a minute, and the one after it waits for that. */
const LATE_MS = 120_000;
/** Letters may be kept back by a server that could not ask the directory. */
const BOXES_SECONDS = 60;
/** Telephones end their calls and say goodbye. */
const END_SECONDS = 20;
const LOOK_MS = 1_000;
/** Of the day: when the lab is broken, and when it is put back. */
const BROKEN_AT = 1 / 3;
const BACK_AT = 2 / 3;
const CONTROLLER_DEADLINE_MS = 180_000;

const started = z.union([z.object({ pid: z.int() }), z.object({ failure: z.string() })]);

/** What all days ask of the stack's secrets. */
export const textsOf = (plan: Plan, crowd: Crowd): readonly Text[] => [
  ...crowd.seats.map((seat) => seatInput(plan, seat, [], "")),
  boxesInput(plan, crowd.people, new Map(), "", 0),
];

/**
 * The same day once without a fault and once with each. What was broken is put back and every program ended, also when
 * something fails or somebody interrupts.
 * @throws Fault LOAD_NOT_STARTED, DRILL_NOT_READY, ACCEPT_…
 */
export async function runLoad(options: LoadOptions): Promise<readonly Day[]> {
  const { crowd, seed, minutes, faults } = options;
  const actions = scriptOf(
    seed,
    minutes,
    crowd.people.map((p) => p.login),
  );
  const days: Day[] = [];
  for (const fault of [null, ...faults]) {
    options.signal?.throwIfAborted();
    days.push(await oneDay(options, fault, actions));
  }
  return days;
}

interface Program {
  readonly seat: Seat;
  readonly pid: number;
}

async function oneDay(options: LoadOptions, fault: FaultName | null, actions: readonly Action[]): Promise<Day> {
  const { plan, crowd, shell, resolve, minutes, signal } = options;
  const run = `${process.pid}-${Date.now()}`;
  const folder = `/run/maquette-load-${run}`;
  const undo = new Undo();
  const programs = new Undo();
  const faults: string[] = [];
  const signalled = signal ? { signal } : {};
  const begun = performance.now();
  const say = (step: Progress["step"], done = 0): void =>
    options.onProgress?.({
      ...{ fault, step, done, of: actions.length },
      seconds: Math.round((performance.now() - begun) / 1000),
    });
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      signal?.throwIfAborted();
      faults.push(messageOf(error));
    }
  };
  const doneAt = async (host: string): Promise<number> => {
    // It ends with 1 where nothing is found.
    const { stdout } = await shell.run(host, ["grep", "-c", '"id"', `${folder}/log`], "", READ_DEADLINE_MS);
    return Number(stdout);
  };
  const dayMs = minutes * 60_000;
  try {
    say("begins");
    const event = fault === null ? null : await eventOf(options, fault);
    const limit = Math.ceil((Math.max(...actions.map(endOf)) + LATE_MS) / 1000) + 2 * READY_SECONDS;
    const all = await Promise.all(
      crowd.seats.map((seat) =>
        startSeat(options, seat, seatInput(plan, seat, actionsAt(seat, actions), run), { folder, limit }, programs),
      ),
    );
    await Promise.all(
      all.map(({ seat, pid }) => must(shell, seat.host.id, ["kill", "-USR1", String(pid)], "", READ_DEADLINE_MS)),
    );
    const startedAt = performance.now();
    let [finished, isBroken] = [0, false];
    const work = until(
      "everybody has done what they had to do",
      Math.max(...actions.map(endOf)) + LATE_MS,
      async () => {
        await quiet(LOOK_MS, signal);
        const counts = await Promise.all(crowd.seats.map((seat) => doneAt(seat.host.id)));
        finished = counts.reduce((a, b) => a + b, 0);
        say(isBroken ? "broken" : "works", finished);
        return finished;
      },
      (n) => n >= actions.length,
      signalled,
    );
    const at = (part: number): Promise<void> =>
      quiet(Math.max(0, part * dayMs - (performance.now() - startedAt)), signal);
    const breakIt = async (): Promise<void> => {
      if (event === null) return;
      await at(BROKEN_AT);
      isBroken = true;
      await attempt(() => event.strike(undo));
      await attempt(() => event.noticed());
      await at(BACK_AT);
      for (const failure of await undo.run()) faults.push(`not put back: ${failure}`);
      await attempt(() => event.recovered());
      isBroken = false;
    };
    // Of both, whatever the other says: nothing goes on behind an error's back.
    const [worked, broken] = await Promise.allSettled([work, breakIt()]);
    signal?.throwIfAborted();
    if (broken.status === "rejected") throw broken.reason;
    // What was not done is in the verdict.
    if (worked.status === "rejected") faults.push(messageOf(worked.reason));
    for (const failure of await programs.run()) faults.push(failure);
    const logins = new Map(crowd.people.map((p) => [String(p.extension), p.login]));
    const reports = together(await Promise.all(crowd.seats.map((seat) => reportsOf(shell, seat, folder, logins))));
    say("boxes", finished);
    const expected = tokensFor(actions, reports);
    const asked = fillText(boxesInput(plan, crowd.people, expected, run, BOXES_SECONDS), resolve);
    const found = z
      .record(z.string(), z.int())
      .parse(await python(shell, crowd.seats[0]!.host.id, BOXES, JSON.parse(asked), 4 * BOXES_SECONDS * 1000));
    return { fault, what: event?.what ?? null, verdict: verdictOf(actions, reports, found), faults };
  } finally {
    const failures = [...(await undo.run()), ...(await programs.run())];
    await Promise.all(
      crowd.seats.map((seat) =>
        shell.run(seat.host.id, ["rm", "-rf", folder], "", READ_DEADLINE_MS).catch(() => undefined),
      ),
    );
    if (failures.length > 0)
      throw new Fault(
        "ACCEPT_NOT_RESTORED",
        `Not put back: ${failures.join("; ")}.`,
        "`maquette up` brings the lab to the plan.",
      );
  }
}

/** @throws Fault LOAD_NOT_STARTED */
async function startSeat(
  { shell, resolve }: LoadOptions,
  seat: Seat,
  input: Text,
  limits: { readonly folder: string; readonly limit: number },
  programs: Undo,
): Promise<Program> {
  const asked = { ...(JSON.parse(fillText(input, resolve)) as object), ...limits, patience: READY_SECONDS };
  const text = programHead(SEAT) + JSON.stringify(asked);
  const stdout = await must(shell, seat.host.id, PYTHON, text, 2 * READY_SECONDS * 1000);
  const answer = started.parse(JSON.parse(stdout));
  if ("failure" in answer)
    throw new Fault(
      "LOAD_NOT_STARTED",
      `${seat.host.id}: people cannot begin: ${answer.failure}.`,
      "`maquette accept` shows what of the lab does not answer; `maquette logs HOST` says more.",
    );
  programs.add(`the program of people at ${seat.host.id}`, async () => {
    await python(shell, seat.host.id, END, { pid: answer.pid, deadline: END_SECONDS }, 2 * END_SECONDS * 1000);
  });
  return { seat, pid: answer.pid };
}

/** Callers are known to a telephone by their numbers. */
async function reportsOf(
  shell: GuestShell,
  seat: Seat,
  folder: string,
  logins: ReadonlyMap<string, string>,
): Promise<Reports> {
  const reports = readReports(await must(shell, seat.host.id, ["cat", `${folder}/log`], "", READ_DEADLINE_MS));
  return { ...reports, answers: reports.answers.map((a) => ({ ...a, from: logins.get(a.from) ?? a.from })) };
}

async function eventOf({ plan, shell, power, signal }: LoadOptions, fault: FaultName): Promise<DrillEvent> {
  const scene: Scene = { plan, shell, power, ...(signal ? { signal } : {}) };
  switch (fault) {
    case "router":
      return routerEvent(scene, { kind: "kill" });
    case "wan":
      return wanEvent(scene);
    case "dc":
      return controllerEvent(scene);
  }
}

/** The first controller loses its power. */
function controllerEvent({ plan, shell, power, signal }: Scene): DrillEvent {
  const [first] = hostsOf(plan, "dc");
  const { id } = first!;
  return {
    what: `${id} stopped`,
    limitMs: CONTROLLER_DEADLINE_MS,
    mayEnd: () => false,
    async strike(undo) {
      undo.add(`power of ${id}`, async () => {
        if (!(await power.isRunning(id))) await power.start(id);
      });
      await power.stop(id);
    },
    // Nobody announces it: whoever asks next finds out.
    noticed: () => Promise.resolve(),
    recovered: async () => {
      await until(
        `${id} serves the directory`,
        CONTROLLER_DEADLINE_MS,
        () => shell.run(id, ["systemctl", "is-active", "samba-ad-dc"], "", READ_DEADLINE_MS),
        ({ exitCode }) => exitCode === 0,
        signal ? { signal } : {},
      );
    },
  };
}

/** Until a time of the day has come, or somebody interrupts. */
async function quiet(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal && { signal }).catch(() => undefined);
  // What ended it is said in the words of whoever did.
  signal?.throwIfAborted();
}
