import { interval } from "../../src/policy/engine/boxes.ts";
import type { Action, Box, Interval, Rule, Slice } from "../../src/policy/engine/types.ts";

/*
 * Rule sets with the shape that ClassBench describes (D. E. Taylor and J. S. Turner, "ClassBench: A Packet
 * Classification Benchmark", INFOCOM 2005; IEEE/ACM Transactions on Networking 15(3), 2007): a protocol mix, port
 * pair classes (WC any, HI 1024-65535, LO 0-1023, AR another range, EM one port), prefix length pairs by port pair
 * class, addresses that branch with a skew and correlate between source and destination, and a smoothness that
 * spreads lengths. Written from the description; the numbers below are ours, chosen to resemble the three families
 * (access lists, firewalls, IP chains), and are no copy of the published parameter files.
 */

export type Family = "acl1" | "fw1" | "fw4" | "ipc1";

type PortClass = "WC" | "HI" | "LO" | "AR" | "EM";
type Weighted<T> = readonly (readonly [weight: number, value: T])[];

interface Seed {
  readonly protocols: Weighted<"tcp" | "udp" | "icmp" | "other" | "any">;
  readonly portPairs: Weighted<readonly [PortClass, PortClass]>;
  readonly prefixPairs: Weighted<readonly [number, number]>;
  /** Distinct values from which the AR and EM ports are drawn. */
  readonly ranges: number;
  readonly exact: number;
  /** Probability that an address bit follows the heavier branch: 0.5 spreads evenly, 1 is one single path. */
  readonly skew: readonly [src: number, dst: number];
  /** Probability that the destination shares the next bit with the source, as long as it has shared all before. */
  readonly correlation: number;
  /** How far a prefix length strays from its pair: the paper's smoothness. */
  readonly smoothness: number;
}

const SEEDS: Record<Family, Seed> = {
  acl1: {
    protocols: [
      [86, "tcp"],
      [3, "udp"],
      [3, "icmp"],
      [8, "any"],
    ],
    portPairs: [
      [22, ["WC", "WC"]],
      [13, ["WC", "AR"]],
      [65, ["WC", "EM"]],
    ],
    prefixPairs: [
      [62, [32, 32]],
      [10, [24, 32]],
      [8, [32, 23]],
      [6, [22, 32]],
      [6, [30, 30]],
      [4, [28, 24]],
      [3, [0, 32]],
      [1, [0, 0]],
    ],
    ranges: 34,
    exact: 70,
    skew: [0.72, 0.66],
    correlation: 0.6,
    smoothness: 2,
  },
  fw1: {
    protocols: [
      [62, "tcp"],
      [24, "udp"],
      [4, "icmp"],
      [2, "other"],
      [8, "any"],
    ],
    portPairs: [
      [16, ["WC", "WC"]],
      [6, ["WC", "HI"]],
      [8, ["HI", "WC"]],
      [34, ["WC", "EM"]],
      [14, ["EM", "WC"]],
      [8, ["HI", "EM"]],
      [4, ["EM", "HI"]],
      [4, ["EM", "EM"]],
      [3, ["WC", "AR"]],
      [2, ["AR", "WC"]],
      [1, ["WC", "LO"]],
    ],
    prefixPairs: [
      [4, [0, 0]],
      [24, [0, 32]],
      [16, [32, 0]],
      [10, [0, 24]],
      [8, [24, 0]],
      [4, [0, 16]],
      [4, [16, 0]],
      [14, [32, 32]],
      [8, [24, 32]],
      [6, [32, 24]],
      [2, [16, 16]],
    ],
    ranges: 14,
    exact: 60,
    skew: [0.64, 0.6],
    correlation: 0.3,
    smoothness: 3,
  },
  fw4: {
    protocols: [
      [60, "tcp"],
      [20, "udp"],
      [6, "icmp"],
      [4, "other"],
      [10, "any"],
    ],
    portPairs: [
      [20, ["WC", "WC"]],
      [10, ["WC", "HI"]],
      [10, ["HI", "WC"]],
      [28, ["WC", "EM"]],
      [14, ["EM", "WC"]],
      [6, ["HI", "EM"]],
      [4, ["LO", "LO"]],
      [5, ["WC", "AR"]],
      [3, ["AR", "HI"]],
    ],
    prefixPairs: [
      [8, [0, 0]],
      [18, [0, 32]],
      [14, [32, 0]],
      [12, [0, 22]],
      [12, [22, 0]],
      [6, [8, 32]],
      [6, [32, 8]],
      [12, [32, 32]],
      [12, [24, 24]],
    ],
    ranges: 20,
    exact: 30,
    skew: [0.66, 0.62],
    correlation: 0.4,
    smoothness: 4,
  },
  ipc1: {
    protocols: [
      [52, "tcp"],
      [26, "udp"],
      [8, "icmp"],
      [2, "other"],
      [12, "any"],
    ],
    portPairs: [
      [42, ["WC", "WC"]],
      [4, ["HI", "HI"]],
      [28, ["WC", "EM"]],
      [6, ["EM", "WC"]],
      [6, ["HI", "EM"]],
      [4, ["WC", "LO"]],
      [6, ["WC", "AR"]],
      [4, ["EM", "EM"]],
    ],
    prefixPairs: [
      [2, [0, 0]],
      [6, [0, 32]],
      [6, [32, 0]],
      [36, [32, 32]],
      [16, [24, 32]],
      [12, [32, 24]],
      [8, [24, 24]],
      [6, [16, 32]],
      [4, [8, 24]],
      [4, [28, 16]],
    ],
    ranges: 24,
    exact: 50,
    skew: [0.7, 0.7],
    correlation: 0.7,
    smoothness: 3,
  },
};

/** A repeatable stream of numbers in [0, 1) (mulberry32). */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function pick<T>(choices: Weighted<T>, random: () => number): T {
  let left = random() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  return choices.at(-1)![1];
}

const clampLength = (n: number): number => Math.min(32, Math.max(1, n));
const FULL_PORTS = interval(0, 65535);

/**
 * @param count rules wanted; exact duplicates are drawn again, as the published tool drops them
 * @param seed of the random numbers; the same arguments give the same list
 * @param permitShare the share of `pass` among the rules; the rest are `block`
 */
export function makeRules(family: Family, count: number, seed = 1, permitShare = 0.7): readonly Rule[] {
  const shape = SEEDS[family];
  const random = makeRandom(seed);
  const exact = Array.from({ length: shape.exact }, () => interval(Math.floor(random() ** 2 * 10_000) + 1));
  const ranges = Array.from({ length: shape.ranges }, () => {
    const lo = 1 + Math.floor(random() * 60_000);
    return interval(lo, Math.min(65535, lo + Math.floor(random() ** 3 * 5000) + 1));
  });
  const heavy = [new Map<string, boolean>(), new Map<string, boolean>()] as const;

  // One bit after another: at each node of the tree of addresses one branch is the heavier one.
  const address = (side: 0 | 1, length: number, like: string | null): string => {
    let bits = "";
    let isAlike = like !== null;
    while (bits.length < length) {
      if (isAlike && bits.length < like!.length && random() < shape.correlation) {
        bits += like![bits.length]!;
        continue;
      }
      isAlike = false;
      // Below 24 bits hosts are numbered evenly.
      const skew = bits.length < 20 ? shape.skew[side] : 0.5;
      let favourite = heavy[side].get(bits);
      if (favourite === undefined) heavy[side].set(bits, (favourite = random() < 0.5));
      bits += random() < skew === favourite ? "1" : "0";
    }
    return bits;
  };
  const prefix = (bits: string): Interval => {
    const base = bits === "" ? 0n : BigInt(`0b${bits}`) << BigInt(32 - bits.length);
    return { lo: base, hi: base + (1n << BigInt(32 - bits.length)) - 1n };
  };
  const stray = (length: number): number =>
    length === 0 || length === 32 || random() < 0.5
      ? length
      : clampLength(length + Math.round((random() * 2 - 1) * shape.smoothness));
  const port = (kind: PortClass): Interval => {
    if (kind === "WC") return FULL_PORTS;
    if (kind === "HI") return interval(1024, 65535);
    if (kind === "LO") return interval(0, 1023);
    const pool = kind === "AR" ? ranges : exact;
    return pool[Math.floor(random() ** 1.5 * pool.length)]!;
  };

  const seen = new Set<string>();
  const rules: Rule[] = [];
  for (let tries = 0; rules.length < count && tries < count * 50; tries++) {
    const [srcLength, dstLength] = pick(shape.prefixPairs, random);
    const srcBits = address(0, stray(srcLength), null);
    const dstBits = address(1, stray(dstLength), srcBits);
    const protocol = pick(shape.protocols, random);
    const [srcClass, dstClass] = pick(shape.portPairs, random);
    const src = prefix(srcBits);
    const dst = prefix(dstBits);
    const boxes = boxesOf(protocol, src, dst, port(srcClass), port(dstClass), random);
    const key = boxes.map((b) => `${b.slice}${srcBits}/${dstBits}/${b.a.lo}-${b.a.hi}/${b.b.lo}-${b.b.hi}`).join();
    if (seen.has(key)) continue;
    seen.add(key);
    const action: Action = random() < permitShare ? "pass" : "block";
    rules.push({ id: `${family}-${rules.length}`, action, boxes });
  }
  return inOrderOfScope(rules);
}

// The paper's last step: "scope" is the logarithm of the number of headers that a filter matches, and the more
// specific filter stands first, so that no single rule hides another one. Unions of rules still may.
function inOrderOfScope(rules: readonly Rule[]): readonly Rule[] {
  const bits = (i: Interval): number => Math.log2(Number(i.hi - i.lo + 1n));
  const scope = (rule: Rule): number => {
    const box = rule.boxes[0]!;
    return Math.round(bits(box.src) + bits(box.dst) + bits(box.a) + bits(box.b)) + (rule.boxes.length > 1 ? 8 : 0);
  };
  return rules
    .map((rule) => ({ rule, scope: scope(rule) }))
    .sort((x, y) => x.scope - y.scope)
    .map(({ rule }) => rule);
}

function boxesOf(
  protocol: Slice | "any",
  src: Interval,
  dst: Interval,
  a: Interval,
  b: Interval,
  random: () => number,
): readonly Box[] {
  const box = (slice: Slice, x: Interval, y: Interval): Box => ({ family: 4, slice, src, dst, a: x, b: y });
  const byte = interval(0, 255);
  switch (protocol) {
    case "tcp":
    case "udp":
      return [box(protocol, a, b)];
    case "icmp":
      return [box("icmp", random() < 0.5 ? byte : interval([0, 3, 8, 11][Math.floor(random() * 4)]!), byte)];
    case "other":
      return [box("other", interval([47, 50, 51, 89][Math.floor(random() * 4)]!), interval(0))];
    case "any":
      return [
        box("tcp", FULL_PORTS, FULL_PORTS),
        box("udp", FULL_PORTS, FULL_PORTS),
        box("icmp", byte, byte),
        box("other", byte, interval(0)),
      ];
  }
}
