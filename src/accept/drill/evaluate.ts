/*
 * What probes say of an outage. Pure: a log and a span of time in, figures out. Times are microseconds of the one
 * guest that sent the probes.
 *
 * That guest may itself be held up, and nothing is known of a path while nothing is sent. So an outage has two figures:
 * what was shown (from one lost probe to the last one after it, without a hold-up between two of them) and the most that
 * it may have been (from the last answered probe before to the first one after). A limit between the two is neither kept
 * nor broken, as far as anybody knows.
 */

export interface Probe {
  /** The kernel sent it between these two looks at the clock: whoever asked may be held up between them. */
  readonly sentUs: number;
  readonly leftUs: number;
  /** Undefined: nobody answered in time. */
  readonly answeredUs: number | undefined;
}

export interface SessionLog {
  /** When each message left, and when its echo was heard. */
  readonly messages: readonly { readonly sentUs: number; readonly heardUs: number | undefined }[];
  readonly end: { readonly atUs: number; readonly why: string } | undefined;
}

export interface PathLog {
  readonly probes: readonly Probe[];
  readonly session: SessionLog;
}

/** Reads the log of the probe program: see probe.py. A last line that is cut off is left out. */
export function readLog(text: string, paths: number): readonly PathLog[] {
  const probes = Array.from({ length: paths }, (): Probe[] => []);
  const sent = Array.from({ length: paths }, () => new Map<number, number>());
  const heard = Array.from({ length: paths }, () => new Map<number, number>());
  const ends: SessionLog["end"][] = Array.from({ length: paths }, () => undefined);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  for (const line of whole.split("\n")) {
    const [kind, path = "", a = "", b = "", c = ""] = line.split(" ");
    const index = Number(path);
    if (!(index < paths)) continue;
    if (kind === "p")
      probes[index]!.push({ sentUs: Number(a), leftUs: Number(b), answeredUs: c === "-" ? undefined : Number(c) });
    else if (kind === "s") sent[index]!.set(Number(a), Number(b));
    else if (kind === "e") heard[index]!.set(Number(a), Number(b));
    else if (kind === "x") ends[index] = { atUs: Number(a), why: b };
  }
  return probes.map((list, i) => ({
    // They are written as they settle.
    probes: list.toSorted((x, y) => x.sentUs - y.sentUs),
    session: {
      messages: [...sent[i]!].map(([n, sentUs]) => ({ sentUs, heardUs: heard[i]!.get(n) })),
      end: ends[i],
    },
  }));
}

export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
  /** Up to when a session was listened to, where that is later: an answer to a probe is there sooner. */
  readonly heardToUs?: number;
  /** What was said since then has been waited for: a session that lives has heard some of it. */
  readonly saidFromUs?: number;
}

export interface PathFigures {
  readonly probes: number;
  readonly lost: number;
  /** From the last probe that was answered to the next one that was, around the longest loss; 0 without a loss. */
  readonly longestGapMs: number;
  /** Of what was lost the longest that a hold-up of the prober has no part in. */
  readonly shownGapMs: number;
  /** The longest that new flows may have been without a way: also where nothing was sent, and so nothing was lost. */
  readonly mostGapMs: number;
  /** The longest time without a probe in what `mostGapMs` is of. */
  readonly heldUpMs: number;
  /** From the span's beginning until new flows passed again for good; 0 without a loss. */
  readonly backAfterMs: number;
  /** Probes sent at the span's end were answered. */
  readonly isBack: boolean;
  /** The longest time in which no probe was sent at all: the prober's own machine, not the path. */
  readonly longestPauseMs: number;
  readonly session: SessionFigures;
}

export interface SessionFigures {
  readonly isAlive: boolean;
  /** The longest time in which it heard nothing. */
  readonly longestSilenceMs: number;
  /** How it ended, when it did. */
  readonly end: string | undefined;
}

/** One path's figures over a span. A gap that reaches beyond the span's ends is measured whole where the log has it. */
export function figuresOf(log: PathLog, span: Span): PathFigures {
  const { probes } = log;
  const inside = probes.filter((p) => p.sentUs >= span.fromUs && p.sentUs < span.toUs);
  const gaps = gapsOf(probes).filter((g) => g.toUs > span.fromUs && g.fromUs < span.toUs);
  const losses = gaps.filter((g) => g.hasLoss);
  const most = gaps.reduce<Gap | undefined>((x, g) => (x && lengthOf(x) >= lengthOf(g) ? x : g), undefined);
  const last = inside.at(-1);
  const end = losses.at(-1);
  return {
    probes: inside.length,
    lost: inside.filter((p) => p.answeredUs === undefined).length,
    longestGapMs: ms(Math.max(0, ...losses.map(lengthOf))),
    shownGapMs: ms(Math.max(0, ...losses.map((g) => g.shownUs))),
    mostGapMs: ms(most ? lengthOf(most) : 0),
    heldUpMs: ms(most?.pauseUs ?? 0),
    backAfterMs: end === undefined ? 0 : ms(Math.min(end.toUs, span.toUs) - span.fromUs),
    isBack: last?.answeredUs !== undefined,
    longestPauseMs: ms(Math.max(0, ...pausesOf(inside).map(lengthOf))),
    session: sessionOf(log, span),
  };
}

/** Beyond that between two probes, a path may have come back and gone again: what one lost probe showed has ended. */
export const HELD_UP_US = 200_000;

/** From one answered probe to the next one. */
interface Gap {
  readonly fromUs: number;
  readonly toUs: number;
  /** Something was lost. Where nothing was, a prober that was held up is no outage. */
  readonly hasLoss: boolean;
  readonly shownUs: number;
  readonly pauseUs: number;
}

const lengthOf = (s: { readonly fromUs: number; readonly toUs: number }): number => s.toUs - s.fromUs;

function gapsOf(probes: readonly Probe[]): readonly Gap[] {
  const gaps: Gap[] = [];
  let since: Probe[] = [];
  for (const p of probes) {
    since.push(p);
    if (p.answeredUs === undefined) continue;
    if (since.length > 1) gaps.push(gapOf(since));
    since = [p];
  }
  // Never back: as long as it was looked.
  if (since.at(-1)?.answeredUs === undefined && since.length > 0) gaps.push(gapOf(since));
  return gaps;
}

/** @param probes an answered one, those that were lost after it, and an answered one; at the log's ends without either */
function gapOf(probes: readonly Probe[]): Gap {
  const lost = probes.filter((p) => p.answeredUs === undefined);
  const pauses = pausesOf(probes);
  let shownUs = 0;
  let first = lost[0];
  lost.forEach((p, i) => {
    const before = lost[i - 1];
    if (before && p.leftUs - before.sentUs > HELD_UP_US) first = p;
    shownUs = Math.max(shownUs, p.sentUs - first!.leftUs);
  });
  return {
    fromUs: probes[0]!.sentUs,
    toUs: probes.at(-1)!.leftUs,
    hasLoss: lost.length > 0,
    shownUs,
    pauseUs: Math.max(0, ...pauses.map(lengthOf)),
  };
}

/** Between two probes: from before the one left to after the next one has. */
const pausesOf = (probes: readonly Probe[]): readonly Span[] =>
  probes.slice(1).map((p, i) => ({ fromUs: probes[i]!.sentUs, toUs: p.leftUs }));

/** Alive is a session that heard, by the span's end, something that it said lately. */
function sessionOf({ probes, session: { messages, end } }: PathLog, span: Span): SessionFigures {
  const toUs = span.heardToUs ?? span.toUs;
  const isEnded = end !== undefined && end.atUs < toUs;
  const heard = messages
    .flatMap((m) => (m.heardUs === undefined ? [] : [{ sentUs: m.sentUs, heardUs: m.heardUs }]))
    .filter((m) => m.heardUs < toUs);
  const said = messages.filter((m) => m.sentUs >= span.fromUs && m.sentUs < toUs);
  const lastHeard = heard.reduce((most, m) => Math.max(most, m.sentUs), -Infinity);
  const lately = span.saidFromUs ?? Math.max(span.fromUs, beforeOf(toUs, RECENT_US, probes));
  const times = heard
    .map((m) => m.heardUs)
    .filter((at) => at >= span.fromUs)
    .sort((x, y) => x - y);
  const marks = [span.fromUs, ...times, isEnded ? end.atUs : toUs];
  const silences = marks.slice(1).map((at, i) => at - marks[i]!);
  return {
    isAlive: !isEnded && said.length > 0 && lastHeard >= lately,
    longestSilenceMs: ms(Math.max(0, ...silences)),
    end: isEnded ? end.why : undefined,
  };
}

/** Long enough for a retransmission that was due (RFC 6298: its timer doubles), short against any outage that counts. */
const RECENT_US = 1_000_000;

/** So long before a time; that in which the prober was held up does not count, for then it hears nothing. */
function beforeOf(toUs: number, us: number, probes: readonly Probe[]): number {
  let [at, left] = [toUs, us];
  const holdUps = pausesOf(probes).filter((p) => lengthOf(p) > HELD_UP_US && p.fromUs < toUs);
  for (const { fromUs, toUs: endUs } of holdUps.toReversed()) {
    const free = Math.max(0, at - endUs);
    if (free >= left) break;
    left -= free;
    at = fromUs;
  }
  return at - left;
}

const ms = (us: number): number => Math.round(us / 100) / 10;

/**
 * What a drill may cost: CARP's own limit is 3·advbase + skew/256 s, a gateway's is its monitor's; a client of the
 * domain waits for the first controller before it asks the second.
 */
export const LIMITS = { routerMs: 3_500, wanMs: 5_000 } as const;

export interface Judged {
  readonly path: string;
  readonly figures: PathFigures;
  /** Why it is not good, in words; empty when it is. */
  readonly faults: readonly string[];
  /** What nobody can tell, in words, and why. */
  readonly unshown: readonly string[];
}

/**
 * @param mayEnd a session that cannot outlive the event: it bears the address of the access that is lost
 */
export function judgePath(
  path: string,
  figures: PathFigures,
  rule: { readonly limitMs: number; readonly mayEnd: boolean },
): Judged {
  const faults: string[] = [];
  const { session, shownGapMs, mostGapMs } = figures;
  if (figures.probes === 0) faults.push("no probe was sent");
  else if (!figures.isBack) faults.push("new flows do not pass again");
  if (shownGapMs > rule.limitMs)
    faults.push(`new flows passed again after ${figures.longestGapMs} ms; the limit is ${rule.limitMs} ms`);
  if (!session.isAlive && !rule.mayEnd)
    faults.push(`the open session ${session.end === undefined ? "hears nothing any more" : `died (${session.end})`}`);
  return { path, figures, faults, unshown: unshownOf([shownGapMs, mostGapMs], figures.heldUpMs, rule.limitMs) };
}

/** Of a gap that may be longer than its limit, and was not shown to be: what there is to say. */
export function unshownOf(gapMs: readonly [shown: number, most: number], heldUpMs: number, limitMs: number): string[] {
  const [shown, most] = gapMs;
  if (shown > limitMs || most <= limitMs) return [];
  return [
    `not shown: held up for ${heldUpMs} ms: without an answer for ${shown} to ${most} ms, and the limit is ${limitMs} ms`,
  ];
}
