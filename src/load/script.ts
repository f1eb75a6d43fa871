import { random } from "../core/random.ts";

/*
 * What people do in a day that lasts some minutes: each of them all of it, in an order of their own, with a pause between.
 * A function of the seed: the same day is lived with a fault and without.
 */

export const KINDS = ["send", "read", "web", "vpn", "call"] as const;
export type Kind = (typeof KINDS)[number];

/** Who does it, when, and with whom. */
export interface Action {
  /** Of the script: a number. */
  readonly id: string;
  readonly who: string;
  readonly kind: Kind;
  /** From the start. */
  readonly atMs: number;
  /** To whom, of `send` and `call`; null for the rest. */
  readonly to: string | null;
  /** How long a call is to last; 0 for the rest. */
  readonly seconds: number;
}

/** What it takes on a machine with time to spare, so that somebody is thought busy for as long; of a call on top of its length. */
const TAKES_MS: Readonly<Record<Kind, number>> = { send: 2_000, read: 1_500, web: 1_500, vpn: 6_000, call: 2_000 };
const PAUSE_MS = [500, 2_000] as const;
const CALL_SECONDS = [7, 12] as const;
/** Nobody begins another round after this part of the day. */
const LAST_ROUND = 0.8;
/** Whoever is free by then is asked before somebody whom one would have to wait for. */
const SOON_MS = 1_500;

/**
 * The day of some people, two or more.
 * @returns in the order of time: nobody has two things to do at once, and who calls and who is called are both free
 */
export function scriptOf(seed: number, minutes: number, people: readonly string[]): readonly Action[] {
  const next = random(seed);
  const between = ([from, to]: readonly [number, number]): number => Math.round(from + next() * (to - from));
  const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
  const dayMs = minutes * 60_000;
  const everybody = people.map((login) => ({ login, freeMs: between([0, 3_000]), todo: shuffled(KINDS, next) }));
  type Worker = (typeof everybody)[number];
  const actions: Omit<Action, "id">[] = [];
  for (;;) {
    const busy = everybody.filter((p) => p.todo.length > 0);
    const first = earliest(busy);
    if (first === undefined) break;
    const kind = first.todo.pop()!;
    const others = everybody.filter((p) => p !== first);
    let partner: Worker | undefined;
    let atMs = first.freeMs;
    let seconds = 0;
    if (kind === "call") {
      const free = others.filter((p) => p.freeMs <= first.freeMs + SOON_MS);
      partner = free.length > 0 ? one(free) : earliest(others)!;
      atMs = Math.max(first.freeMs, partner.freeMs);
      seconds = between([CALL_SECONDS[0], CALL_SECONDS[1] + Math.min(20, 3 * (minutes - 1))]);
    }
    const to = kind === "send" ? one(others).login : (partner?.login ?? null);
    actions.push({ who: first.login, kind, atMs, to, seconds });
    const endMs = atMs + TAKES_MS[kind] + seconds * 1000;
    first.freeMs = endMs + between(PAUSE_MS);
    if (partner !== undefined) partner.freeMs = endMs + between(PAUSE_MS);
    if (first.todo.length === 0 && first.freeMs < dayMs * LAST_ROUND) first.todo = shuffled(KINDS, next);
  }
  return actions.sort((a, b) => a.atMs - b.atMs).map((action, n) => ({ id: String(n + 1), ...action }));
}

/** Until when somebody is busy with it. */
export const endOf = ({ atMs, kind, seconds }: Pick<Action, "atMs" | "kind" | "seconds">): number =>
  atMs + TAKES_MS[kind] + seconds * 1000;

const earliest = <T extends { readonly freeMs: number }>(of: readonly T[]): T | undefined =>
  of.reduce<T | undefined>((x, p) => (x !== undefined && x.freeMs <= p.freeMs ? x : p), undefined);

/** Fisher and Yates. */
function shuffled<T>(of: readonly T[], next: () => number): T[] {
  const all = [...of];
  for (let n = all.length - 1; n > 0; n--) {
    const other = Math.floor(next() * (n + 1));
    [all[n], all[other]] = [all[other]!, all[n]!];
  }
  return all;
}
