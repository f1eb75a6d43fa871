/*
 * What probes say of an outage. Pure: a log and a span of time in, figures out. Times are microseconds of the one
 * guest that sent the probes.
 */

export interface Probe {
  readonly sentUs: number;
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

/** Reads the log of the probe program: see scripts.ts. A last line that is cut off is left out. */
export function readLog(text: string, paths: number): readonly PathLog[] {
  const probes = Array.from({ length: paths }, (): Probe[] => []);
  const sent = Array.from({ length: paths }, () => new Map<number, number>());
  const heard = Array.from({ length: paths }, () => new Map<number, number>());
  const ends: SessionLog["end"][] = Array.from({ length: paths }, () => undefined);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  for (const line of whole.split("\n")) {
    const [kind, path = "", a = "", b = ""] = line.split(" ");
    const index = Number(path);
    if (!(index < paths)) continue;
    if (kind === "p") probes[index]!.push({ sentUs: Number(a), answeredUs: b === "-" ? undefined : Number(b) });
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
}

export interface PathFigures {
  readonly probes: number;
  readonly lost: number;
  /** From the last probe that was answered to the next one that was, around the longest loss; 0 without a loss. */
  readonly longestGapMs: number;
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
  const longest = Math.max(0, ...gaps.map((g) => g.toUs - g.fromUs));
  const last = inside.at(-1);
  const end = gaps.at(-1);
  const pauses = inside.slice(1).map((p, i) => p.sentUs - inside[i]!.sentUs);
  return {
    probes: inside.length,
    lost: inside.filter((p) => p.answeredUs === undefined).length,
    longestGapMs: ms(longest),
    backAfterMs: end === undefined ? 0 : ms(Math.min(end.toUs, span.toUs) - span.fromUs),
    isBack: last?.answeredUs !== undefined,
    longestPauseMs: ms(Math.max(0, ...pauses)),
    session: sessionOf(log.session, { ...span, toUs: span.heardToUs ?? span.toUs }),
  };
}

/**
 * Times without an answer: from the last probe before a loss that was answered to the first one after it. Nothing was
 * lost, nothing is a gap: a prober that was held up is no outage.
 */
function gapsOf(probes: readonly Probe[]): readonly Span[] {
  const gaps: Span[] = [];
  let up: number | undefined;
  let lostSince: number | undefined;
  for (const p of probes) {
    if (p.answeredUs === undefined) lostSince ??= up ?? p.sentUs;
    else {
      if (lostSince !== undefined) gaps.push({ fromUs: lostSince, toUs: p.sentUs });
      lostSince = undefined;
      up = p.sentUs;
    }
  }
  // Never back: as long as it was looked.
  if (lostSince !== undefined) gaps.push({ fromUs: lostSince, toUs: probes.at(-1)!.sentUs });
  return gaps;
}

/** Alive is a session that heard, by the span's end, something it said in the span's last part. */
function sessionOf({ messages, end }: SessionLog, span: Span): SessionFigures {
  const isEnded = end !== undefined && end.atUs < span.toUs;
  const heard = messages
    .flatMap((m) => (m.heardUs === undefined ? [] : [{ sentUs: m.sentUs, heardUs: m.heardUs }]))
    .filter((m) => m.heardUs < span.toUs);
  const said = messages.filter((m) => m.sentUs >= span.fromUs && m.sentUs < span.toUs);
  const lastHeard = heard.reduce((most, m) => Math.max(most, m.sentUs), -Infinity);
  const recent = span.toUs - Math.min(RECENT_US, span.toUs - span.fromUs);
  const times = heard
    .map((m) => m.heardUs)
    .filter((at) => at >= span.fromUs)
    .sort((x, y) => x - y);
  const marks = [span.fromUs, ...times, isEnded ? end.atUs : span.toUs];
  const silences = marks.slice(1).map((at, i) => at - marks[i]!);
  return {
    isAlive: !isEnded && said.length > 0 && lastHeard >= recent,
    longestSilenceMs: ms(Math.max(0, ...silences)),
    end: isEnded ? end.why : undefined,
  };
}

/** Long enough for a retransmission that was due (RFC 6298: its timer doubles), short against any outage that counts. */
const RECENT_US = 1_000_000;

const ms = (us: number): number => Math.round(us / 100) / 10;

/**
 * What a drill may cost: CARP's own limit is 3·advbase + skew/256 s, a gateway's is its monitor's; a client of the
 * domain waits for the first controller before it asks the second.
 */
export const LIMITS = { routerMs: 3_500, wanMs: 5_000, dcMs: 5_000 } as const;

export interface Judged {
  readonly path: string;
  readonly figures: PathFigures;
  /** Why it is not good, in words; empty when it is. */
  readonly faults: readonly string[];
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
  const { session } = figures;
  if (figures.probes === 0) faults.push("no probe was sent");
  else if (!figures.isBack) faults.push("new flows do not pass again");
  if (figures.longestGapMs > rule.limitMs)
    faults.push(`new flows passed again after ${figures.longestGapMs} ms; the limit is ${rule.limitMs} ms`);
  if (!session.isAlive && !rule.mayEnd)
    faults.push(`the open session ${session.end === undefined ? "hears nothing any more" : `died (${session.end})`}`);
  return { path, figures, faults };
}
