import { z } from "zod";
import { KINDS, type Action, type Kind } from "./script.ts";

/*
 * What became of a day, by what each machine's program reported of it and by what lies in people's boxes afterwards. Pure.
 */

const passed = z.object({ packets: z.int(), gapMs: z.int() });
/** Of one end of a call: what came in by its machine's cards and what left. */
const said = z.object({ in: passed, out: passed });

const done = z.object({
  id: z.string(),
  who: z.string(),
  kind: z.enum(KINDS),
  began: z.int(),
  ended: z.int(),
  ok: z.boolean(),
  tries: z.int(),
  why: z.string(),
  letters: z.array(z.object({ token: z.string(), taken: z.boolean() })).default([]),
  said: said.optional(),
  stood: z.boolean().default(true),
  stoodWhy: z.string().default(""),
  from: z.int().default(0),
  to: z.int().default(0),
});
const answer = z.object({
  kind: z.literal("answer"),
  who: z.string(),
  from: z.string(),
  began: z.int(),
  ended: z.int(),
  said,
});
const held = z.object({ kind: z.literal("held"), who: z.string(), began: z.int(), ended: z.int() });

export type Done = z.infer<typeof done>;
export type Answer = z.infer<typeof answer>;
export type Held = z.infer<typeof held>;

export interface Reports {
  readonly done: readonly Done[];
  readonly answers: readonly Answer[];
  readonly held: readonly Held[];
}

/** The lines of one machine's program (seat.py); a last one that is cut off is left out. @throws ZodError, SyntaxError */
export function readReports(text: string): Reports {
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly kind?: unknown });
  const of = <T>(schema: z.ZodType<T>, isIt: (kind: unknown) => boolean): readonly T[] =>
    lines.filter((line) => isIt(line.kind)).map((line) => schema.parse(line));
  return {
    done: of(done, (kind) => kind !== "answer" && kind !== "held"),
    answers: of(answer, (kind) => kind === "answer"),
    held: of(held, (kind) => kind === "held"),
  };
}

export const together = (all: readonly Reports[]): Reports => ({
  done: all.flatMap((r) => r.done),
  answers: all.flatMap((r) => r.answers),
  held: all.flatMap((r) => r.held),
});

/** Letters that a server has taken: each of them must be in the box of whom it was for. */
export const tokensFor = (actions: readonly Action[], reports: Reports): ReadonlyMap<string, readonly string[]> => {
  const expected = new Map<string, string[]>();
  for (const { id, letters } of reports.done) {
    const to = actions.find((a) => a.id === id)?.to;
    if (to === null || to === undefined) continue;
    const own = expected.get(to) ?? [];
    expected.set(to, own);
    own.push(...letters.filter((l) => l.taken).map((l) => l.token));
  }
  return expected;
};

/** How long somebody in a call may hear nothing: what a router's loss may cost (accept/drill). */
export const SILENCE_MS = 3_500;

/** Of one kind of action. */
export interface Figures {
  readonly kind: Kind;
  readonly count: number;
  readonly failed: number;
  /** Done again before it went well. */
  readonly again: number;
  /** Of those that went well, what they took with all that was tried; of calls until there was an answer. Null without any. */
  readonly medianMs: number | null;
  readonly slowestMs: number | null;
}

export interface Verdict {
  readonly figures: readonly Figures[];
  readonly letters: { readonly taken: number; readonly lost: number; readonly twice: number };
  readonly calls: {
    readonly stood: number;
    /** The longest that anybody in a call heard nothing. */
    readonly longestMs: number;
    readonly interrupted: number;
  };
  /** What is wrong, in words. */
  readonly faults: readonly string[];
  /** What nobody can tell, and why. */
  readonly unshown: readonly string[];
  /** The longest that one of the programs did not run when it should have, and the latest that an action began. */
  readonly heldMs: number;
  readonly lateMs: number;
}

/**
 * @param actions what was to be done
 * @param found how often each letter is in the box that it was for
 */
export function verdictOf(
  actions: readonly Action[],
  reports: Reports,
  found: Readonly<Record<string, number>>,
): Verdict {
  const byId = new Map(reports.done.map((d) => [d.id, d]));
  const faults: string[] = [];
  const unshown: string[] = [];
  for (const kind of KINDS) {
    const missing = actions.filter((a) => a.kind === kind && !byId.has(a.id)).length;
    if (missing > 0) faults.push(`${kind}: of ${missing} nothing was reported`);
    const failed = reports.done.filter((d) => d.kind === kind && !d.ok);
    if (failed.length > 0) faults.push(`${kind}: ${failed.length} failed; ${failed[0]!.who}: ${failed[0]!.why}`);
  }
  const taken = reports.done.flatMap((d) => d.letters.filter((l) => l.taken).map((l) => l.token));
  const lost = taken.filter((token) => (found[token] ?? 0) === 0);
  const twice = Object.values(found).filter((n) => n > 1).length;
  if (lost.length > 0) faults.push(`letters: ${lost.length} taken and in nobody's box`);
  if (twice > 0) faults.push(`letters: ${twice} more than once in a box`);
  const calls = callsOf(actions, reports);
  const interrupted = calls.filter((c) => c.fault !== null);
  faults.push(...interrupted.map((c) => c.fault!));
  unshown.push(...calls.flatMap((c) => c.unshown ?? []));
  return {
    figures: KINDS.map((kind) => figuresOf(kind, reports.done)),
    letters: { taken: taken.length, lost: lost.length, twice },
    calls: {
      stood: calls.length,
      longestMs: Math.max(0, ...calls.map((c) => c.silenceMs)),
      interrupted: interrupted.length,
    },
    faults,
    unshown,
    heldMs: Math.max(0, ...reports.held.map((h) => h.ended - h.began)),
    lateMs: Math.max(0, ...reports.done.map((d) => d.began - (actions.find((a) => a.id === d.id)?.atMs ?? d.began))),
  };
}

export const isGood = ({ faults, unshown }: Pick<Verdict, "faults" | "unshown">): boolean =>
  faults.length === 0 && unshown.length === 0;

function figuresOf(kind: Kind, all: readonly Done[]): Figures {
  const own = all.filter((d) => d.kind === kind);
  const times = own
    .filter((d) => d.ok)
    .map((d) => d.ended - d.began)
    .sort((a, b) => a - b);
  const middle = times.length >> 1;
  const medianMs = times.length % 2 === 1 ? times[middle]! : Math.round((times[middle - 1]! + times[middle]!) / 2);
  return {
    kind,
    count: own.length,
    failed: own.filter((d) => !d.ok).length,
    again: own.filter((d) => d.tries > 1).length,
    medianMs: times.length === 0 ? null : medianMs,
    slowestMs: times.at(-1) ?? null,
  };
}

interface Call {
  readonly silenceMs: number;
  readonly fault: string | null;
  readonly unshown: string | null;
}

/** Their programs begin within a second or two of each other; a call of the same two before or after is further away. */
const APART_MS = 6_000;

/** Each call that was answered, with both of its ends. */
function callsOf(actions: readonly Action[], reports: Reports): readonly Call[] {
  const left = new Set(reports.answers);
  return reports.done.flatMap((d): readonly Call[] => {
    const to = actions.find((a) => a.id === d.id)?.to;
    if (d.kind !== "call" || !d.ok || d.said === undefined || to === null || to === undefined) return [];
    const name = `${d.who} → ${to}`;
    const far = [...left]
      .filter((a) => a.who === to && a.from === d.who && Math.abs(a.began - d.from) < APART_MS)
      .sort((a, b) => Math.abs(a.began - d.from) - Math.abs(b.began - d.from))[0];
    if (far === undefined)
      return [{ silenceMs: 0, fault: `${name}: the telephone of ${to} reported no such call`, unshown: null }];
    left.delete(far);
    return [callOf(name, d, { caller: d.said, callee: far.said })];
  });
}

function callOf(
  name: string,
  d: Done,
  { caller, callee }: Readonly<Record<"caller" | "callee", Answer["said"]>>,
): Call {
  const ways = [
    { who: "who is called", heard: callee.in, sent: caller.out },
    { who: "the caller", heard: caller.in, sent: callee.out },
  ];
  const silenceMs = Math.max(...ways.map((w) => w.heard.gapMs));
  const none = (fault: string | null, unshown: string | null): Call => ({ silenceMs, fault, unshown });
  if (!d.stood) return none(`${name}: ended by itself after ${d.to - d.from} ms: ${d.stoodWhy || "no word why"}`, null);
  for (const { who, heard, sent } of ways) {
    if (heard.packets === 0) return none(`${name}: no packet of voice came to ${who}`, null);
    if (heard.gapMs <= SILENCE_MS) continue;
    // Who says nothing is not heard: where a telephone stood still for a part of it, nothing is known of that part.
    if (heard.gapMs - sent.gapMs <= SILENCE_MS)
      return none(
        null,
        `${name}: not shown: ${who} heard nothing for ${heard.gapMs} ms, and the other telephone said nothing for up to ${sent.gapMs} ms of that; the limit is ${SILENCE_MS} ms`,
      );
    return none(`${name}: ${who} heard nothing for ${heard.gapMs} ms; the limit is ${SILENCE_MS} ms`, null);
  }
  return none(null, null);
}
