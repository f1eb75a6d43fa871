import { bitsOf, formatAddress, formatNetwork, maxOf, networksOfRange, type Family } from "../../core/ip.ts";
import {
  holds,
  holdsAll,
  overlap,
  shared,
  subtract as subtractIntervals,
  type Interval,
  type Intervals,
} from "../../core/intervals.ts";
import type { Box, Packet, Slice } from "./types.ts";

/*
 * The algebra of boxes, on exact numbers. It is what the edges of the engine speak; the hot loops work on ranks
 * (see space.ts) and come back here only to say what they found.
 */

export const FAMILIES: readonly Family[] = [4, 6];
export const SLICES: readonly Slice[] = ["tcp", "udp", "icmp", "other"];
export const DIMENSIONS = ["src", "dst", "a", "b"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** IP protocol numbers that have a slice of their own (IANA registry "Assigned Internet Protocol Numbers"). */
export const PROTOCOL_TCP = 6n;
export const PROTOCOL_UDP = 17n;
export const icmpProtocol = (family: Family): bigint => (family === 4 ? 1n : 58n);

/** An inclusive interval; numbers are taken as they are, so `interval(80)` is one port. */
export function interval(lo: bigint | number, hi: bigint | number = lo): Interval {
  return { lo: BigInt(lo), hi: BigInt(hi) };
}

const ADDRESSES: Record<Family, Interval> = { 4: { lo: 0n, hi: maxOf(4) }, 6: { lo: 0n, hi: maxOf(6) } };
const PORTS: Interval = { lo: 0n, hi: 65535n };
const BYTE: Interval = { lo: 0n, hi: 255n };
const ZERO: Interval = { lo: 0n, hi: 0n };

/** All the values that a dimension of a slice may hold. */
export function fullInterval(family: Family, slice: Slice, dimension: Dimension): Interval {
  if (dimension === "src" || dimension === "dst") return ADDRESSES[family];
  if (slice === "tcp" || slice === "udp") return PORTS;
  return slice === "icmp" || dimension === "a" ? BYTE : ZERO;
}

/** Every packet of one family and slice. */
export function fullBox(family: Family, slice: Slice): Box {
  return makeBox(family, slice, {});
}

/** A box with some dimensions given and the others full: `makeBox(4, "tcp", { b: interval(80) })`. */
export function makeBox(family: Family, slice: Slice, parts: Partial<Record<Dimension, Interval>>): Box {
  return {
    family,
    slice,
    src: parts.src ?? fullInterval(family, slice, "src"),
    dst: parts.dst ?? fullInterval(family, slice, "dst"),
    a: parts.a ?? fullInterval(family, slice, "a"),
    b: parts.b ?? fullInterval(family, slice, "b"),
  };
}

/** Every packet there is (of one family when given): one box a slice. */
export function everything(family?: Family): readonly Box[] {
  const families = family === undefined ? FAMILIES : [family];
  return families.flatMap((f) => SLICES.map((slice) => fullBox(f, slice)));
}

/**
 * A box without the packets that cannot be: in slice `other`, the protocol numbers of the slices that stand apart.
 * At most four boxes; the box itself when nothing has to go.
 */
export function realBoxes(box: Box): readonly Box[] {
  if (box.slice !== "other") return [box];
  const parts = subtractIntervals([box.a], PHANTOMS[box.family]);
  return parts.length === 1 && parts[0] === box.a ? [box] : parts.map((a) => ({ ...box, a }));
}

/** The protocol numbers that slice `other` never holds, in order. */
export const phantomProtocols = (family: Family): readonly bigint[] =>
  family === 4 ? [icmpProtocol(4), PROTOCOL_TCP, PROTOCOL_UDP] : [PROTOCOL_TCP, PROTOCOL_UDP, icmpProtocol(6)];

const phantoms = (family: Family): Intervals => phantomProtocols(family).map((value) => interval(value));
const PHANTOMS: Record<Family, Intervals> = { 4: phantoms(4), 6: phantoms(6) };

// The four dimensions are written out in what follows: a proof asks these small questions by the hundred thousand, most of
// them before anything is optimised.

/** False for a box that holds no packet (an interval upside down). */
export const isInhabited = ({ src, dst, a, b }: Box): boolean =>
  src.lo <= src.hi && dst.lo <= dst.hi && a.lo <= a.hi && b.lo <= b.hi;

/** True when some packet is in both boxes. */
export const meets = (x: Box, y: Box): boolean =>
  x.slice === y.slice &&
  x.family === y.family &&
  overlap(x.dst, y.dst) &&
  overlap(x.b, y.b) &&
  overlap(x.src, y.src) &&
  overlap(x.a, y.a) &&
  isInhabited(x) &&
  isInhabited(y);

/** What two boxes share, or null. */
export function intersect(x: Box, y: Box): Box | null {
  if (!meets(x, y)) return null;
  const { family, slice } = x;
  const [src, dst, a, b] = [shared(x.src, y.src), shared(x.dst, y.dst), shared(x.a, y.a), shared(x.b, y.b)];
  return { family, slice, src, dst, a, b };
}

/** True when every packet of `inner` is in `outer`. */
export const containsBox = (outer: Box, inner: Box): boolean =>
  outer.family === inner.family &&
  outer.slice === inner.slice &&
  holdsAll(outer.dst, inner.dst) &&
  holdsAll(outer.b, inner.b) &&
  holdsAll(outer.src, inner.src) &&
  holdsAll(outer.a, inner.a);

/** What is left of `from` without `what`: at most eight disjoint boxes. */
function subtract(from: Box, what: Box): readonly Box[] {
  if (!meets(from, what)) return [from];
  const out: Box[] = [];
  let rest = from;
  for (const d of DIMENSIONS) {
    for (const piece of subtractIntervals([rest[d]], [what[d]])) out.push({ ...rest, [d]: piece });
    rest = { ...rest, [d]: shared(rest[d], what[d]) };
  }
  return out;
}

/** What is left of a union of boxes without another union. Quadratic: for the small lists of a plan or a test. */
export function subtractAll(from: readonly Box[], what: readonly Box[]): readonly Box[] {
  let left = from;
  for (const w of what) if (left.some((b) => meets(b, w))) left = left.flatMap((b) => subtract(b, w));
  return left;
}

export const equalBoxes = (x: Box, y: Box): boolean => containsBox(x, y) && containsBox(y, x);

export const isInBox = (box: Box, p: Packet): boolean =>
  box.family === p.family &&
  box.slice === p.slice &&
  holds(box.src, p.src) &&
  holds(box.dst, p.dst) &&
  holds(box.a, p.a) &&
  holds(box.b, p.b);

/** How many packets a box holds. */
export const countPackets = (box: Box): bigint => DIMENSIONS.reduce((n, d) => n * (box[d].hi - box[d].lo + 1n), 1n);

// Documentation addresses (RFC 5737, RFC 3849) stand for "anywhere": nobody takes them for a host of the lab.
const ANYWHERE: Record<Family, readonly [bigint, bigint]> = {
  4: [0xcb007101n, 0xc6336401n],
  6: [(0x20010db8n << 96n) | 1n, (0x20010db8n << 96n) | 2n],
};

function readableAddress(i: Interval, family: Family, which: 0 | 1): bigint {
  const anywhere = ANYWHERE[family][which];
  const isWide = i.hi - i.lo >= 1n << BigInt(bitsOf(family) - 8);
  if (isWide && i.lo <= anywhere && anywhere <= i.hi) return anywhere;
  // The lowest address of a network is its name, not a host.
  return i.hi - i.lo >= 2n && (i.lo & 3n) === 0n ? i.lo + 1n : i.lo;
}

// A client's port: the first of the dynamic range (RFC 6335 §6).
const DYNAMIC_PORT = 49152n;

/** A packet of the box that a person can picture: a host rather than a network, a client's source port, the lowest destination port. */
export function readablePacket(box: Box): Packet {
  const isPorts = box.slice === "tcp" || box.slice === "udp";
  const lowest = (i: Interval): bigint => (isPorts && i.lo === 0n && i.hi > 0n ? 1n : i.lo);
  const isDynamicFree = isPorts && box.a.lo <= DYNAMIC_PORT && DYNAMIC_PORT <= box.a.hi;
  return {
    family: box.family,
    slice: box.slice,
    src: readableAddress(box.src, box.family, 0),
    dst: readableAddress(box.dst, box.family, 1),
    a: isDynamicFree ? DYNAMIC_PORT : lowest(box.a),
    b: lowest(box.b),
  };
}

/** `any`, one address, one network, or `first-last`. */
export function formatAddresses(i: Interval, family: Family): string {
  if (i.lo === 0n && i.hi === maxOf(family)) return "any";
  if (i.lo === i.hi) return formatAddress({ family, value: i.lo });
  const networks = networksOfRange({ family, lo: i.lo, hi: i.hi });
  if (networks.length === 1) return formatNetwork(networks[0]!);
  return `${formatAddress({ family, value: i.lo })}-${formatAddress({ family, value: i.hi })}`;
}

/** `80` or `80-443`; the empty string for the full interval. */
export function formatNumbers(i: Interval, full: Interval): string {
  if (i.lo === full.lo && i.hi === full.hi) return "";
  return i.lo === i.hi ? i.lo.toString() : `${i.lo}-${i.hi}`;
}

/** `tcp 80-443`, `udp from 500 to 500`, `icmp type 8 code 0`, `icmp6`, `protocol 50`, `other protocols`. */
export function formatService(family: Family, slice: Slice, a: Interval, b: Interval): string {
  const aText = formatNumbers(a, fullInterval(family, slice, "a"));
  const bText = formatNumbers(b, fullInterval(family, slice, "b"));
  if (slice === "other") return aText === "" ? "other protocols" : `protocol ${aText}`;
  if (slice === "icmp") {
    const name = family === 4 ? "icmp" : "icmp6";
    return `${name}${aText === "" ? "" : ` type ${aText}`}${bText === "" ? "" : ` code ${bText}`}`;
  }
  if (aText === "") return bText === "" ? slice : `${slice} ${bText}`;
  return `${slice} from ${aText}${bText === "" ? "" : ` to ${bText}`}`;
}

/** One line: `192.168.30.0/24 -> 192.168.40.10 tcp 443`; wholly open families read `any (IPv6)`. */
export function formatBox(box: Box): string {
  const name = (i: Interval): string => {
    const text = formatAddresses(i, box.family);
    return text === "any" && box.family === 6 ? "any6" : text;
  };
  return `${name(box.src)} -> ${name(box.dst)} ${formatService(box.family, box.slice, box.a, box.b)}`;
}

/** One line: `192.168.30.1:49152 -> 192.168.40.10:443 tcp`. */
export function formatPacket(p: Packet): string {
  const src = formatAddress({ family: p.family, value: p.src });
  const dst = formatAddress({ family: p.family, value: p.dst });
  const end = (text: string, port: bigint): string => (p.family === 6 ? `[${text}]:${port}` : `${text}:${port}`);
  if (p.slice === "tcp" || p.slice === "udp") return `${end(src, p.a)} -> ${end(dst, p.b)} ${p.slice}`;
  if (p.slice === "icmp") return `${src} -> ${dst} ${p.family === 4 ? "icmp" : "icmp6"} type ${p.a} code ${p.b}`;
  return `${src} -> ${dst} protocol ${p.a}`;
}
