import type { Family } from "../../core/ip.ts";
import type { Interval, Intervals } from "../../core/intervals.ts";
import type { Box, Slice } from "../../policy/engine/types.ts";
import { exact, isExact } from "./sets.ts";
import type { AddressSet, Fuzzy } from "./sets.ts";

export const ALL_PORTS: Fuzzy = exact([{ lo: 0n, hi: 65535n }]);
const BYTE: Interval = { lo: 0n, hi: 255n };
const ZERO: Interval = { lo: 0n, hi: 0n };
const PORTS: Interval = { lo: 0n, hi: 65535n };

/** What a rule asks of a packet, before it becomes boxes. */
export interface Match {
  readonly families: readonly Family[];
  /** IP protocol numbers; undefined is every protocol. */
  readonly protocols: readonly number[] | undefined;
  readonly source: AddressSet;
  readonly destination: AddressSet;
  readonly sourcePorts: Fuzzy;
  readonly destinationPorts: Fuzzy;
  /** ICMP types; undefined is every type. */
  readonly icmpTypes: readonly number[] | undefined;
  /** A condition that a packet's line does not tell (DSCP, OS, a schedule …): nothing is certain any more. */
  readonly isConditional: boolean;
  /** Boxes that it may become; a hundred thousand when absent. */
  readonly limit?: number;
}

export interface Boxes {
  readonly boxes: readonly Box[];
  readonly mayBoxes: readonly Box[] | undefined;
}

/** More boxes than this for one rule come only from hostile aliases; the rule becomes undecided instead. */
const MAX_BOXES = 100_000;

/** The boxes of a match: those it certainly covers, and when something is unknown, those it may cover. */
export function boxesOf(m: Match): Boxes & { readonly isTooWide: boolean } {
  const may = generate(m, (f) => f.may);
  if (may === undefined) return { boxes: [], mayBoxes: generate(m, hull) ?? [], isTooWide: true };
  const isKnown =
    !m.isConditional &&
    m.families.every((f) => isExact(m.source[f]) && isExact(m.destination[f])) &&
    isExact(m.sourcePorts) &&
    isExact(m.destinationPorts) &&
    !needsHiddenPorts(m);
  if (isKnown) return { boxes: may, mayBoxes: undefined, isTooWide: false };
  const boxes = m.isConditional ? [] : (generate(m, (f) => f.must, true) ?? []);
  return { boxes, mayBoxes: may, isTooWide: false };
}

/** SCTP has ports, but the slice `other` has no dimension for them. */
function needsHiddenPorts(m: Match): boolean {
  const narrow = [m.sourcePorts, m.destinationPorts].some((p) => !coversAllPorts(p.may));
  return narrow && (m.protocols?.includes(132) ?? false);
}

const coversAllPorts = (r: Intervals): boolean => r.length === 1 && r[0]!.lo <= 1n && r[0]!.hi === 65535n;

const hull = (f: Fuzzy): Intervals =>
  f.may.length === 0 ? [] : [{ lo: f.may[0]!.lo, hi: f.may[f.may.length - 1]!.hi }];

/** @returns undefined when there would be too many */
function generate(m: Match, pick: (f: Fuzzy) => Intervals, isCertain = false): Box[] | undefined {
  const out: Box[] = [];
  const limit = pick === hull ? MAX_BOXES : (m.limit ?? MAX_BOXES);
  for (const family of m.families) {
    const sources = pick(m.source[family]);
    const destinations = pick(m.destination[family]);
    for (const { slice, a, b } of tails(m, family, pick, isCertain)) {
      if (out.length + sources.length * destinations.length * a.length * b.length > limit) return undefined;
      for (const src of sources)
        for (const dst of destinations)
          for (const x of a) for (const y of b) out.push({ family, slice, src, dst, a: x, b: y });
    }
  }
  return out;
}

interface Tail {
  readonly slice: Slice;
  readonly a: Intervals;
  readonly b: Intervals;
}

/** The last two dimensions for each slice that the protocols touch. */
function tails(m: Match, family: Family, pick: (f: Fuzzy) => Intervals, isCertain: boolean): readonly Tail[] {
  const icmpNumber = family === 4 ? 1 : 58;
  const types = m.icmpTypes?.map((t) => ({ lo: BigInt(t), hi: BigInt(t) })) ?? [BYTE];
  if (m.protocols === undefined) {
    return [
      { slice: "tcp", a: [PORTS], b: [PORTS] },
      { slice: "udp", a: [PORTS], b: [PORTS] },
      { slice: "icmp", a: [BYTE], b: [BYTE] },
      { slice: "other", a: [BYTE], b: [ZERO] },
    ];
  }
  return m.protocols.flatMap((p): readonly Tail[] => {
    if (p === 6) return [{ slice: "tcp", a: pick(m.sourcePorts), b: pick(m.destinationPorts) }];
    if (p === 17) return [{ slice: "udp", a: pick(m.sourcePorts), b: pick(m.destinationPorts) }];
    if (p === icmpNumber) return [{ slice: "icmp", a: types, b: [BYTE] }];
    if (p === 132 && isCertain && needsHiddenPorts(m)) return [];
    return [{ slice: "other", a: [{ lo: BigInt(p), hi: BigInt(p) }], b: [ZERO] }];
  });
}
