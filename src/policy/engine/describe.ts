import { bitsOf, maxOf, type Family } from "../../core/ip.ts";
import { formatAddresses, formatService } from "./boxes.ts";
import type { Product } from "./merge.ts";
import type { Interval } from "./types.ts";

/** A name for a range of addresses: a zone, a host, a pool. */
export interface AddressLabel {
  readonly name: string;
  readonly family: Family;
  readonly lo: bigint;
  readonly hi: bigint;
}

/** `users, 192.168.40.10 -> dmz tcp 80, tcp 443`: names where a range is exactly a named one, addresses elsewhere. */
export function describeProduct(product: Product, labels: readonly AddressLabel[]): string {
  const ends = (intervals: readonly Interval[]): string => describeIntervals(intervals, product.family, labels);
  const services = product.services.map((s) => formatService(product.family, s.slice, s.a, s.b));
  const isAll = product.family === 4 ? ALL_V4 : ALL_V6;
  const what = services.length === 4 && services.every((s) => isAll.includes(s)) ? "any protocol" : services.join(", ");
  return `${ends(product.src)} -> ${ends(product.dst)} ${what}`;
}

const ALL_V4 = ["tcp", "udp", "icmp", "other protocols"];
const ALL_V6 = ["tcp", "udp", "icmp6", "other protocols"];

function describeIntervals(intervals: readonly Interval[], family: Family, labels: readonly AddressLabel[]): string {
  const plain = intervals.map((i) => nameOf(i, family, labels));
  const holes = holesOf(intervals, family).map((i) => nameOf(i, family, labels));
  // "any except the servers" says more than the ranges around them.
  const isMostlyOpen =
    holes.length > 0 && openBits(intervals) >= bitsOf(family) - 1 && holes.length <= intervals.length;
  return isMostlyOpen ? `any except ${holes.join(", ")}` : plain.join(", ");
}

function nameOf(i: Interval, family: Family, labels: readonly AddressLabel[]): string {
  const label = labels.find((l) => l.family === family && l.lo === i.lo && l.hi === i.hi);
  if (label) return label.name;
  const text = formatAddresses(i, family);
  return text === "any" ? `any IPv${family}` : text;
}

// The gaps of a sorted, disjoint list.
function holesOf(intervals: readonly Interval[], family: Family): readonly Interval[] {
  const holes: Interval[] = [];
  let next = 0n;
  for (const { lo, hi } of intervals) {
    if (lo > next) holes.push({ lo: next, hi: lo - 1n });
    next = hi + 1n;
  }
  if (next <= maxOf(family)) holes.push({ lo: next, hi: maxOf(family) });
  return holes;
}

function openBits(intervals: readonly Interval[]): number {
  const count = intervals.reduce((n, i) => n + i.hi - i.lo + 1n, 0n);
  return count.toString(2).length;
}
