import { z } from "zod";
import type { DrillEvent } from "../accept/drill/run.ts";
import { startProgram } from "../accept/drill/run.ts";
import { Undo } from "../accept/power.ts";
import { until } from "../accept/router-state.ts";
import { formatAddress } from "../core/ip.ts";
import { messageOf } from "../core/fault.ts";
import { portOf } from "../plan/query.ts";
import type { Host, Plan } from "../plan/types.ts";
import { must, type GuestShell } from "../provision/shell.ts";
import type { Codec } from "./codecs.ts";
import { packetSize, UDP_IP_BYTES } from "./load.ts";
import { callSeen, stream, worstOf, type CallSeen } from "./measure.ts";
import { PLAYOUT_MS, type Quality } from "./quality.ts";
import TALK from "./talk.py";

/* Calls between two guests of the lab while a router of it is lost and comes back: real RTP by the routers that are there. */

export interface ThroughOptions {
  readonly shell: GuestShell;
  readonly plan: Plan;
  readonly event: DrillEvent;
  readonly from: Host;
  readonly to: Host;
  readonly codec: Codec;
  readonly calls: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** Some seconds of all calls in one direction, by when packets were sent. */
export interface Span {
  readonly sentBy: Host["id"];
  /** Before anything was broken, meanwhile, or after all was back. */
  readonly phase: "before" | "broken" | "after";
  readonly calls: readonly CallSeen[];
  readonly worst: Quality | null;
  readonly lost: number;
}

export interface Through {
  readonly what: string;
  readonly windowMs: number;
  /** The worst of each phase and direction. */
  readonly spans: readonly Span[];
  readonly faults: readonly string[];
  readonly heldUpMs: number;
}

const WINDOW_MS = 5_000;
const LIMIT_SECONDS = 280;
const PATIENCE_SECONDS = 10;
const READ_DEADLINE_MS = 20_000;
const WINDOWS_DEADLINE_MS = 60_000;
/** Even, as RTP's are, and the highest that the table opens: the exchange takes its own at random from all of them. */
const portFrom = (hi: number): number => hi - (hi % 2);

const state = z.object({ windows: z.int() });
const told = z.object({
  sent: z.record(z.string(), z.int()),
  came: z.record(z.string(), stream.omit({ sent: true })),
  heldUpMs: z.number(),
});
export type Told = z.infer<typeof told>;

/**
 * @returns what calls met before, during and after
 * @throws Fault DRILL_NOT_STARTED, ACCEPT_… where calls do not get through at all
 */
export async function callsThrough(options: ThroughOptions): Promise<Through> {
  const { shell, plan, event, from, to, codec, calls } = options;
  const faults: string[] = [];
  const programs = new Undo();
  const undo = new Undo();
  const folder = `/run/maquette-voice-${process.pid}-${Date.now()}`;
  const [own, port] = [portFrom(LAST_OWN_PORT), portFrom(lastRtpPort(plan))];
  const common = {
    calls,
    packetMs: codec.packetMs,
    bytes: packetSize(codec, { isTunnelled: false, isTagged: false }).ip - UDP_IP_BYTES,
    windowMs: WINDOW_MS,
    playoutMs: PLAYOUT_MS,
    folder,
    limit: LIMIT_SECONDS,
    patience: PATIENCE_SECONDS,
  };
  const address = (host: Host): string => formatAddress(host.nics[0]!.address);
  const read = async <T>(host: Host, name: string, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(JSON.parse(await must(shell, host.id, ["cat", `${folder}/${name}`], "", READ_DEADLINE_MS)));
  /** Until so many more windows have begun in which every call was heard. */
  const heardFor = async (more: number, since: number): Promise<number> =>
    (
      await until(
        `all calls are heard from ${from.id} at ${to.id}`,
        WINDOWS_DEADLINE_MS,
        () => read(to, "state", state),
        (s) => s.windows >= since + more,
        options.signal ? { signal: options.signal } : {},
      )
    ).windows;
  const clock = async (): Promise<number> =>
    Number(await must(shell, from.id, ["date", "+%s%3N"], "", READ_DEADLINE_MS));
  try {
    await startProgram(shell, to.id, TALK, { ...common, address: address(to), port, peer: null }, programs);
    const peer = [address(to), port];
    await startProgram(shell, from.id, TALK, { ...common, address: address(from), port: own, peer }, programs);
    let heard = await heardFor(3, 0);
    options.onProgress?.(`${calls} calls go on; ${event.what}`);
    const brokenAt = await clock();
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        options.signal?.throwIfAborted();
        faults.push(messageOf(error));
      }
    };
    await attempt(() => event.strike(undo));
    await attempt(() => event.noticed());
    await attempt(async () => (heard = await heardFor(2, heard)));
    for (const failure of await undo.run()) faults.push(`not put back: ${failure}`);
    await attempt(() => event.recovered());
    const backAt = await clock();
    await attempt(() => heardFor(3, heard));
    for (const failure of await programs.run()) faults.push(failure);
    const both = [
      [from, to],
      [to, from],
    ] as const;
    const ends = new Map<Host["id"], Told>();
    for (const host of [from, to]) ends.set(host.id, await read(host, "told", told));
    return {
      what: event.what,
      windowMs: WINDOW_MS,
      spans: both.flatMap(([speaker, listener]) =>
        spansOf(speaker.id, codec, calls, ends.get(speaker.id)!, ends.get(listener.id)!, [brokenAt, backAt]),
      ),
      faults,
      heldUpMs: [...ends.values()].reduce((sum, e) => sum + e.heldUpMs, 0),
    };
  } finally {
    const failures = [...(await undo.run()), ...(await programs.run())];
    for (const host of [from, to])
      await shell.run(host.id, ["rm", "-rf", folder], "", READ_DEADLINE_MS).catch(() => undefined);
    for (const failure of failures) options.onProgress?.(`not put back: ${failure}`);
  }
}

const LAST_OWN_PORT = 40_000;

const lastRtpPort = (plan: Plan): number => {
  const terms = plan.services.get("rtp")?.terms ?? [];
  return terms.flatMap((t) => (t.protocol === "udp" ? t.ports : [])).at(-1)?.hi ?? portOf(plan, "rtp", "udp") ?? 20_000;
};

/** The worst window of each phase. Windows at a phase's border, and those that were not whole, are left out of before and after. */
export function spansOf(
  sentBy: Host["id"],
  codec: Codec,
  calls: number,
  speaker: Told,
  listener: Told,
  [brokenAt, backAt]: readonly [number, number],
): readonly Span[] {
  const windows = [...new Set(Object.keys(speaker.sent).map((key) => Number(key.split("/")[1])))].sort((a, b) => a - b);
  const spans = windows.slice(1, -1).map((window): Span => {
    const [begin, end] = [window * WINDOW_MS, (window + 1) * WINDOW_MS];
    const phase = end <= brokenAt ? "before" : begin >= backAt ? "after" : "broken";
    const all = Array.from({ length: calls }, (_, call) => {
      const key = `${call}/${window}`;
      const nothing = { received: 0, late: 0, duplicates: 0, jitterMs: null, jitterMostMs: null, delayMs: null };
      return { sent: speaker.sent[key] ?? 0, ...(listener.came[key] ?? nothing) };
    });
    const seen = all.map((s) => callSeen(codec, s));
    const lost = all.reduce((sum, s) => sum + s.sent - s.received, 0);
    return { sentBy, phase, calls: seen, worst: worstOf(seen), lost };
  });
  return PHASES.flatMap((phase) => {
    const of = spans.filter((s) => s.phase === phase);
    return of.length === 0 ? [] : [of.reduce((a, b) => ((b.worst?.r ?? -1) < (a.worst?.r ?? -1) ? b : a))];
  });
}

const PHASES = ["before", "broken", "after"] as const;
