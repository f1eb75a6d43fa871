import { z } from "zod";
import { Fault, messageOf } from "../../core/fault.ts";
import { formatAddress } from "../../core/ip.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { serviceAccount } from "../../roles/dc/accounts.ts";
import { acceptanceSeat, controllersOf } from "../../roles/dc/directory.ts";
import { Undo } from "../power.ts";
import { until } from "../router-state.ts";
import { must, python, type GuestShell } from "../shell.ts";
import type { LabPower } from "../power.ts";
import { ASK_DOMAIN } from "./dc-script.ts";
import { LIMITS, type Span } from "./evaluate.ts";
import { startProgram } from "./run.ts";
import { CLOCK } from "./scripts.ts";

/** What a member of the domain asks of its controllers. */
export const QUESTIONS = ["dns", "kerberos", "ldaps"] as const;
export type Question = (typeof QUESTIONS)[number];

interface Ask {
  readonly question: string;
  readonly startedUs: number;
  readonly endedUs: number;
  readonly server: string | undefined;
}

/** The lines of a client's own questions; a last line that is cut off is left out. */
export function readDcLog(text: string): readonly Ask[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([kind]) => kind === "q")
    .map(([, question = "", started = "", ended = "", server = ""]) => ({
      question,
      startedUs: Number(started),
      endedUs: Number(ended),
      server: server === "-" ? undefined : server,
    }))
    .sort((a, b) => a.startedUs - b.startedUs);
}

export interface QuestionFigures {
  readonly question: string;
  readonly asked: number;
  readonly failed: number;
  /** From one answer to the next one, where it is the longest: how long a client was without. */
  readonly longestGapMs: number;
  /** The slowest question that was answered. */
  readonly slowestMs: number;
  /** How many each controller answered. */
  readonly by: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

const ms = (us: number): number => Math.round(us / 1000);

/** What one question's clients met with over a span. Pure. */
export function dcFigures(asks: readonly Ask[], question: string, span: Span, limitMs: number): QuestionFigures {
  const own = asks.filter((a) => a.question === question);
  const inside = own.filter((a) => a.endedUs > span.fromUs && a.startedUs < span.toUs);
  const answered = own.filter((a) => a.server !== undefined);
  const gaps = answered
    .slice(1)
    .map((a, i) => ({ fromUs: answered[i]!.endedUs, toUs: a.endedUs }))
    .filter((g) => g.toUs > span.fromUs && g.fromUs < span.toUs);
  const good = inside.filter((a) => a.server !== undefined);
  const by: Record<string, number> = {};
  for (const a of good) by[a.server!] = (by[a.server!] ?? 0) + 1;
  const longestGapMs = ms(Math.max(0, ...gaps.map((g) => g.toUs - g.fromUs)));
  const faults = [
    ...(inside.length === 0 ? ["nobody asked"] : []),
    ...(inside.length > 0 && inside.at(-1)!.server === undefined ? ["no answer any more"] : []),
    ...(longestGapMs > limitMs ? [`without an answer for ${longestGapMs} ms; the limit is ${limitMs} ms`] : []),
  ];
  return {
    question,
    asked: inside.length,
    failed: inside.length - good.length,
    longestGapMs,
    slowestMs: ms(Math.max(0, ...good.map((a) => a.endedUs - a.startedUs))),
    by,
    faults,
  };
}

export interface DcDrillResult {
  readonly what: string;
  readonly phases: readonly { readonly name: "lost" | "back"; readonly questions: readonly QuestionFigures[] }[];
  /** From power to all three questions answered by it again, ms. */
  readonly answersAfterMs: number | undefined;
  /** From power to an object being there that the other one made meanwhile, ms. */
  readonly caughtUpAfterMs: number | undefined;
  readonly faults: readonly string[];
  readonly isGood: boolean;
}

export interface DcScene {
  readonly plan: Plan;
  readonly shell: GuestShell;
  readonly power: LabPower;
  /** Of the acceptance account, as which everything is asked; never printed. */
  readonly password: string;
  /** PEM of the lab's CA. */
  readonly authority: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

const EVERY_MS = 250;
/** What a client waits for the first controller before it asks the second. */
const PATIENCE_MS = 1_000;
const LIMIT_SECONDS = 600;
const READ_DEADLINE_MS = 20_000;
const READY_DEADLINE_MS = 30_000;
const LOST_DEADLINE_MS = 60_000;
const BACK_DEADLINE_MS = 180_000;
/** So long answers must come before they count as coming. */
const STEADY_US = 8_000_000;
/** Replication is pulled soon after a controller's start, and every five minutes. */
const CAUGHT_UP_DEADLINE_MS = 330_000;
const LDB = "/var/lib/samba/private/sam.ldb";

const clockAnswer = z.object({ now: z.number() });
const stateAnswer = z.object({
  now: z.number(),
  answered: z.record(z.string(), z.number()),
  direct: z.record(z.string(), z.object({ at: z.number(), good: z.boolean() })),
  why: z.record(z.string(), z.string()),
});
type State = z.infer<typeof stateAnswer>;

/**
 * Cuts the power of the first controller while a workstation asks, writes to the other one meanwhile, gives power back
 * and waits until it answers again and has what was written. What was taken away is given back, also when something
 * fails or somebody interrupts.
 */
export async function runDcDrill(scene: DcScene): Promise<DcDrillResult> {
  const { plan, shell, power } = scene;
  const say = scene.onProgress ?? ((): void => undefined);
  const { first, second, client } = partsOf(plan);
  const { login } = serviceAccount(plan, "accept");
  const programs = new Undo();
  const undo = new Undo();
  const faults: string[] = [];
  const folder = `/run/maquette-drill-${process.pid}-${Date.now()}`;
  const signalled = scene.signal ? { signal: scene.signal } : {};
  const base = plan.domain.name
    .split(".")
    .map((l) => `DC=${l}`)
    .join(",");
  const object = `CN=maquette-drill-${process.pid}-${Date.now()},CN=Users,${base}`;
  const clock = async (): Promise<number> =>
    clockAnswer.parse(await python(shell, client.id, CLOCK, {}, READ_DEADLINE_MS)).now;
  const state = async (): Promise<State> =>
    stateAnswer.parse(JSON.parse(await must(shell, client.id, ["cat", `${folder}/state`], "", READ_DEADLINE_MS)));
  const isGoodSince = (s: State, server: Host, sinceUs: number): boolean =>
    QUESTIONS.every((q) => {
      const last = s.direct[`${q} ${server.id}`];
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
    await startProgram(
      shell,
      client.id,
      ASK_DOMAIN,
      {
        servers: [first, second].map((h) => ({ name: h.id, address: formatAddress(h.nics[0]!.address) })),
        domain: plan.domain.name,
        realm: plan.domain.realm,
        base,
        login,
        password: scene.password,
        authority: scene.authority,
        every: EVERY_MS,
        timeout: PATIENCE_MS,
        folder,
        limit: LIMIT_SECONDS,
        patience: 10,
      },
      programs,
    );
    await untilReady(state, (s) => isGoodSince(s, first, 0) && isGoodSince(s, second, 0), signalled);
    const what = `${first.id} killed`;
    say(`${client.id} asks ${QUESTIONS.join(", ")} every ${EVERY_MS} ms, as ${login}`);
    const marks = [await clock()];
    undo.add(`power of ${first.id}`, async () => {
      if (!(await power.isRunning(first.id))) await power.start(first.id);
    });
    await power.stop(first.id);
    say(`${what}; asking goes on`);
    const killedAt = await clock();
    await attempt(async () =>
      until(
        `every question is answered without ${first.id}`,
        LOST_DEADLINE_MS,
        state,
        (s) => QUESTIONS.every((q) => (s.answered[q] ?? 0) >= killedAt + STEADY_US),
        signalled,
      ),
    );
    await attempt(async () => {
      undo.add(object, async () => {
        await shell.run(second.id, ["ldbdel", "-H", LDB, object], "", READ_DEADLINE_MS);
      });
      await must(shell, second.id, ["ldbadd", "-H", LDB], `dn: ${object}\nobjectClass: contact\n`, READ_DEADLINE_MS);
    });
    marks.push(await clock());
    say(`${what}: over; power again`);
    let answersAfterMs: number | undefined;
    let caughtUpAfterMs: number | undefined;
    const began = performance.now();
    const backAt = await clock();
    await attempt(async () => {
      if (!(await power.isRunning(first.id))) await power.start(first.id);
      await until(
        `${first.id} answers every question`,
        BACK_DEADLINE_MS,
        state,
        (s) => isGoodSince(s, first, backAt),
        signalled,
      );
      answersAfterMs = Math.round(performance.now() - began);
      say(`${first.id} answers; waiting for what ${second.id} wrote meanwhile`);
      await until(
        `${first.id} has what ${second.id} wrote meanwhile`,
        CAUGHT_UP_DEADLINE_MS,
        () => shell.run(first.id, ["ldbsearch", "-H", LDB, "-b", object, "-s", "base", "dn"], "", READ_DEADLINE_MS),
        ({ exitCode, stdout }) => exitCode === 0 && stdout.includes(object),
        { ...signalled, hint: `\`maquette ssh ${first.id} -- sudo samba-tool drs showrepl\` says what keeps it.` },
      );
      caughtUpAfterMs = Math.round(performance.now() - began);
    });
    const endedAt = await clock();
    await attempt(async () =>
      until(
        "every question is answered",
        LOST_DEADLINE_MS,
        state,
        (s) => QUESTIONS.every((q) => (s.answered[q] ?? 0) >= endedAt),
        signalled,
      ),
    );
    marks.push(await clock());
    for (const failure of await programs.run()) faults.push(failure);
    const asks = readDcLog(await must(shell, client.id, ["cat", `${folder}/log`], "", READ_DEADLINE_MS));
    const phase = (name: "lost" | "back", span: Span): DcDrillResult["phases"][number] => ({
      name,
      questions: QUESTIONS.map((q) => dcFigures(asks, q, span, LIMITS.dcMs)),
    });
    const phases = [
      phase("lost", { fromUs: marks[0]!, toUs: marks[1]! }),
      phase("back", { fromUs: marks[1]!, toUs: marks[2]! }),
    ];
    for (const failure of await undo.run()) faults.push(`not put back: ${failure}`);
    const isGood = faults.length === 0 && phases.every((p) => p.questions.every((q) => q.faults.length === 0));
    return { what, phases, answersAfterMs, caughtUpAfterMs, faults, isGood };
  } finally {
    const failures = [...(await undo.run()), ...(await programs.run())];
    await shell.run(client.id, ["rm", "-rf", folder], "", READ_DEADLINE_MS).catch(() => undefined);
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
      "every controller answers every question",
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
      `A drill begins with all controllers answering; now ${missing.join("; ") || messageOf(error)}.`,
      "`maquette accept --need O2` shows the domain as users meet it; `maquette up` brings it to the plan.",
      error,
    );
  }
}

function partsOf(plan: Plan): { readonly first: Host; readonly second: Host; readonly client: Host } {
  const [first, second] = controllersOf(plan);
  const client = acceptanceSeat(plan);
  if (first && second && client) return { first, second, client };
  throw new Fault(
    "DRILL_NOT_READY",
    "The plan has no two domain controllers, or no workstation.",
    "This drill takes all of them.",
  );
}
