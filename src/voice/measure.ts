import { z } from "zod";
import type { WanShare } from "../pfsense/emit/shaper.ts";
import type { Zone } from "../plan/types.ts";
import { python, type GuestShell } from "../provision/shell.ts";
import type { Codec } from "./codecs.ts";
import type { Direction, VoicePlan } from "./links.ts";
import { packetSize, UDP_IP_BYTES } from "./load.ts";
import { PLAYOUT_MS, qualityOf, type Quality } from "./quality.ts";
import RIG from "./rig.py";

/*
 * Calls measured over an access as the plan has it: real RTP between two network namespaces in a guest, the link between
 * them shaped by the kernel to the plan's rates and full of other traffic, with the routers' queue for voice and without.
 */

/** What one direction of the link is told. */
interface Way {
  /** `tc -batch`, `{device}` for its device. */
  readonly shaper: readonly string[];
  /** The class of voice, as SO_PRIORITY takes it; 0 for none of its own. */
  readonly priority: number;
  readonly bulkKbps: number;
  readonly lossPercent: number;
}

/** The input of rig.py. */
export interface RigInput {
  readonly calls: number;
  readonly packetMs: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly playoutMs: number;
  readonly up: Way;
  readonly down: Way;
}

export const stream = z.object({
  sent: z.int(),
  received: z.int(),
  late: z.int(),
  duplicates: z.int(),
  jitterMs: z.number().nullable(),
  jitterMostMs: z.number().nullable(),
  delayMs: z.object({ least: z.number(), mean: z.number(), most: z.number() }).nullable(),
});
const seen = z.object({ calls: z.array(stream), heldUpMs: z.number(), carriedKbps: z.number() });
export const rigAnswer = z.object({ up: seen, down: seen });

/** One direction of one call. */
export interface CallSeen {
  readonly lossPercent: number;
  /** Came, but after its turn to be played. */
  readonly latePercent: number;
  readonly jitterMs: number | null;
  /** By one clock at both ends. */
  readonly delayMs: { readonly least: number; readonly mean: number; readonly most: number } | null;
  /** Null where nothing came, and for a codec that is not on the scale. */
  readonly quality: Quality | null;
}

export interface Measured {
  readonly wan: Zone["id"];
  readonly direction: Direction;
  readonly hasQos: boolean;
  readonly calls: readonly CallSeen[];
  /** All that the link carried, and how much that must be for it to have been full. */
  readonly carriedKbps: number;
  readonly lineKbps: number;
  readonly isFull: boolean;
  /** For how long the measuring program did not run when it should have. */
  readonly heldUpMs: number;
}

/** What stands in for what, beside each figure. */
export const STANDS_IN = "HTB for ALTQ, no netem";
/** More than this is not sent by one program without being its own measure. */
export const MOST_CALLS = 120;
const SECONDS = 3;
const STEP_DEADLINE_MS = 45_000;
/** Other traffic, over what the link carries. */
const OVERLOAD = 1.5;
/** Of a link's rate: less was no full link. */
const FULL = 0.9;

const VOICE_CLASS = "12";
const DEFAULT_CLASS = "13";
/** 1:12; tc reads and SO_PRIORITY takes the numbers as hexadecimal (tc(8), socket(7)). */
const VOICE_PRIORITY = 0x1_0012;

/** As the router that stands in for pfSense shapes (src/twin/router/compile/shaper.ts): two classes, each with its share. */
export function shaperLines(share: WanShare): readonly string[] {
  const line = share.kbps * 1000;
  const voice = Math.round(Math.max(share.realtimeKbps * 1000, (line * share.voicePercent) / 100));
  const rest = Math.round((line * (100 - share.voicePercent)) / 100);
  return [
    ...htb(DEFAULT_CLASS, line),
    classLine(VOICE_CLASS, voice, line, 0),
    classLine(DEFAULT_CLASS, rest, line, 1),
    fifo(VOICE_CLASS, share.voicePackets),
    fifo(DEFAULT_CLASS, share.defaultPackets),
  ];
}

/** One queue for all, as long as the router's own. */
function plainLines(kbps: number): readonly string[] {
  const line = kbps * 1000;
  return [...htb(DEFAULT_CLASS, line), classLine(DEFAULT_CLASS, line, line, 0), fifo(DEFAULT_CLASS, PLAIN_PACKETS)];
}

/** What an operator's box holds is nobody's to know: as much as the routers' default queue. */
const PLAIN_PACKETS = 500;

const htb = (byDefault: string, bits: number): readonly string[] => [
  `qdisc replace dev {device} root handle 1: htb default ${byDefault}`,
  `class replace dev {device} parent 1: classid 1:1 htb rate ${bits}bit ceil ${bits}bit quantum 1514`,
];
const classLine = (minor: string, bits: number, ceil: number, prio: number): string =>
  `class replace dev {device} parent 1:1 classid 1:${minor} htb rate ${bits}bit ceil ${ceil}bit prio ${prio} quantum 1514`;
const fifo = (minor: string, packets: number): string =>
  `qdisc replace dev {device} parent 1:${minor} handle ${Number(minor) + 100}: pfifo limit ${packets}`;

/** What the rig is asked for calls of the field over an access. @param share what the routers put first; null for nothing */
export function rigInput(codec: Codec, wan: NonNullable<Zone["wan"]>, share: WanShare | null, calls: number): RigInput {
  const way = (kbps: number): Way => ({
    shaper: plainLines(kbps),
    priority: 0,
    bulkKbps: kbps * OVERLOAD,
    lossPercent: 0,
  });
  return {
    calls,
    packetMs: codec.packetMs,
    // As large as they are in the tunnel.
    bytes: packetSize(codec, { isTunnelled: true, isTagged: false }).ip - UDP_IP_BYTES,
    seconds: SECONDS,
    playoutMs: PLAYOUT_MS,
    up: share === null ? way(wan.upKbps) : { ...way(wan.upKbps), shaper: shaperLines(share), priority: VOICE_PRIORITY },
    down: way(wan.downKbps),
  };
}

/** What was seen of one direction of one call, and R and MOS of it. */
export function callSeen(codec: Codec, { sent, received, late, jitterMs, delayMs }: z.infer<typeof stream>): CallSeen {
  const percent = (n: number): number => (sent === 0 ? 0 : (n * 100) / sent);
  const lossPercent = percent(sent - received);
  const latePercent = percent(late);
  const quality = delayMs === null ? null : qualityOf(codec, delayMs.least, Math.min(100, lossPercent + latePercent));
  return { lossPercent, latePercent, jitterMs, delayMs, quality };
}

/** How many calls at a time are measured: a few, as many as fit by arithmetic, and a third more. */
export function stepsOf(fits: number): readonly number[] {
  const most = [fits, Math.ceil(fits * 1.3)].map((n) => Math.min(n, MOST_CALLS));
  return [...new Set([1, 2, 5, 10, ...most])].filter((n) => n > 0).sort((a, b) => a - b);
}

export interface MeasureOptions {
  readonly shell: GuestShell;
  /** The guest in which namespaces are made. */
  readonly host: string;
  readonly voice: VoicePlan;
  readonly codec: Codec;
  readonly stepsFor: (wan: Zone) => readonly number[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/**
 * Each access, with the routers' queue for voice and without, one number of calls after the other.
 * @throws Fault ACCEPT_… where the guest cannot be asked
 */
export async function measure(options: MeasureOptions): Promise<readonly Measured[]> {
  const { shell, host, voice, codec } = options;
  const out: Measured[] = [];
  for (const zone of voice.wans) {
    const share = voice.shares.find((s) => s.wan === zone.id) ?? null;
    for (const qos of share === null ? [null] : [share, null])
      for (const calls of options.stepsFor(zone)) {
        options.signal?.throwIfAborted();
        options.onProgress?.(`${zone.id}, ${qos === null ? "without QoS" : "with QoS"}: ${calls} calls`);
        const input = rigInput(codec, zone.wan!, qos, calls);
        const answer = rigAnswer.parse(await python(shell, host, RIG, input, STEP_DEADLINE_MS));
        // Down, the routers' queues are not on the way: what was seen there beside them is no other case.
        for (const direction of qos === null ? (["up", "down"] as const) : (["up"] as const)) {
          const { calls: streams, carriedKbps, heldUpMs } = answer[direction];
          const lineKbps = direction === "down" ? zone.wan!.downKbps : qos === null ? zone.wan!.upKbps : qos.kbps;
          out.push({
            wan: zone.id,
            direction,
            hasQos: qos !== null,
            calls: streams.map((s) => callSeen(codec, s)),
            carriedKbps,
            lineKbps,
            isFull: carriedKbps >= lineKbps * FULL,
            heldUpMs,
          });
        }
      }
  }
  return out;
}

/** How many calls were well, at every number measured up to that one; null where the link was not full. */
export interface Verdict {
  readonly wan: Zone["id"];
  readonly direction: Direction;
  readonly hasQos: boolean;
  /** 0 where not even the fewest were. */
  readonly upTo: number;
  /** The first number at which one was not well, and the worst MOS then; null where all were. */
  readonly fails: { readonly calls: number; readonly mos: number | null } | null;
  readonly measured: readonly number[];
}

/** "Satisfied" (ITU-T G.109, table 1). */
export const GOOD_R = 80;

/** @returns none for a codec that has no R, and of a link that was not full */
export function verdictsOf(codec: Codec, all: readonly Measured[]): readonly Verdict[] {
  if (codec.impairment === null) return [];
  const groups = new Map<string, Measured[]>();
  for (const m of all) {
    const key = `${m.wan}/${m.direction}/${m.hasQos}`;
    groups.set(key, [...(groups.get(key) ?? []), m]);
  }
  return [...groups.values()].flatMap((group): Verdict[] => {
    const full = group.filter((m) => m.isFull).sort((a, b) => a.calls.length - b.calls.length);
    const [first] = full;
    if (first === undefined) return [];
    const fails = full.find((m) => !isWell(m));
    const before = full.filter((m) => fails === undefined || m.calls.length < fails.calls.length);
    return [
      {
        wan: first.wan,
        direction: first.direction,
        hasQos: first.hasQos,
        upTo: before.at(-1)?.calls.length ?? 0,
        fails: fails === undefined ? null : { calls: fails.calls.length, mos: worstOf(fails.calls)?.mos ?? null },
        measured: full.map((m) => m.calls.length),
      },
    ];
  });
}

/** Nineteen of twenty calls, and so all of fewer: a machine that stops for a moment has one packet late, and a call with it. */
const WELL = 0.95;

const isWell = ({ calls }: Measured): boolean =>
  calls.filter((c) => c.quality !== null && c.quality.r >= GOOD_R).length >= calls.length * WELL;

/** Of the call that sounded worst; null where one of them did not sound at all. */
export function worstOf(calls: readonly CallSeen[]): Quality | null {
  const all = calls.map((c) => c.quality);
  if (all.some((q) => q === null)) return null;
  return (all as readonly Quality[]).reduce<Quality | null>((a, b) => (a === null || b.r < a.r ? b : a), null);
}
