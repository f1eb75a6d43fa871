import { maxOf, rangeOf } from "../../core/ip.ts";
import type { Address, Family, Network } from "../../core/ip.ts";
import type { Interval } from "../../policy/engine/types.ts";

/** Sorted, disjoint, not adjacent: one text for one set. */
export type Ranges = readonly Interval[];

/**
 * A set that may not be fully known: `must` is certainly inside, nothing outside `may` is. Equal when exact.
 * Negation swaps the two, so that "not an unknown" stays unknown instead of becoming everything.
 */
export interface Fuzzy {
  readonly must: Ranges;
  readonly may: Ranges;
}

/** A set of addresses in each family. */
export interface AddressSet {
  readonly 4: Fuzzy;
  readonly 6: Fuzzy;
}

export const EMPTY: Fuzzy = { must: [], may: [] };

export function normalise(intervals: Iterable<Interval>): Ranges {
  const sorted = [...intervals].filter((i) => i.lo <= i.hi).sort((a, b) => (a.lo < b.lo ? -1 : a.lo > b.lo ? 1 : 0));
  const out: { lo: bigint; hi: bigint }[] = [];
  for (const i of sorted) {
    const last = out[out.length - 1];
    if (last && i.lo <= last.hi + 1n) {
      if (i.hi > last.hi) last.hi = i.hi;
    } else out.push({ lo: i.lo, hi: i.hi });
  }
  return out;
}

/** What of `0..max` is not in the ranges. */
export function complement(ranges: Ranges, max: bigint): Ranges {
  const out: Interval[] = [];
  let next = 0n;
  for (const r of ranges) {
    if (r.lo > next) out.push({ lo: next, hi: r.lo - 1n });
    next = r.hi + 1n;
  }
  if (next <= max) out.push({ lo: next, hi: max });
  return out;
}

export const containsValue = (ranges: Ranges, value: bigint): boolean =>
  ranges.some((r) => r.lo <= value && value <= r.hi);

export const isExact = (f: Fuzzy): boolean =>
  f.must === f.may ||
  (f.must.length === f.may.length && f.must.every((r, i) => r.lo === f.may[i]!.lo && r.hi === f.may[i]!.hi));

export function exact(intervals: Iterable<Interval>): Fuzzy {
  const ranges = normalise(intervals);
  return { must: ranges, may: ranges };
}

export const fuzzyUnion = (a: Fuzzy, b: Fuzzy): Fuzzy =>
  isExact(a) && isExact(b)
    ? exact([...a.must, ...b.must])
    : { must: normalise([...a.must, ...b.must]), may: normalise([...a.may, ...b.may]) };

export function fuzzyNot(f: Fuzzy, max: bigint): Fuzzy {
  if (isExact(f)) {
    const ranges = complement(f.must, max);
    return { must: ranges, may: ranges };
  }
  return { must: complement(f.may, max), may: complement(f.must, max) };
}

const all = (family: Family): Fuzzy => exact([{ lo: 0n, hi: maxOf(family) }]);

export const NOWHERE: AddressSet = { 4: EMPTY, 6: EMPTY };
export const ANYWHERE: AddressSet = { 4: all(4), 6: all(6) };

export const union = (...sets: readonly AddressSet[]): AddressSet => ({
  4: unionOf(sets.map((s) => s[4])),
  6: unionOf(sets.map((s) => s[6])),
});

function unionOf(all: readonly Fuzzy[]): Fuzzy {
  if (all.every(isExact)) return exact(all.flatMap((f) => f.must));
  return { must: normalise(all.flatMap((f) => f.must)), may: normalise(all.flatMap((f) => f.may)) };
}

export const negated = (s: AddressSet): AddressSet => ({ 4: fuzzyNot(s[4], maxOf(4)), 6: fuzzyNot(s[6], maxOf(6)) });

/** Something, nobody knows what, in these families: an FQDN, a table fetched from elsewhere, a dynamic address. */
export const unknownIn = (...families: readonly Family[]): AddressSet => ({
  4: families.includes(4) ? { must: [], may: all(4).may } : EMPTY,
  6: families.includes(6) ? { must: [], may: all(6).may } : EMPTY,
});

export function ofNetworks(networks: Iterable<Network>): AddressSet {
  const by: Record<Family, Interval[]> = { 4: [], 6: [] };
  for (const n of networks) by[n.family].push(rangeOf(n));
  return { 4: exact(by[4]), 6: exact(by[6]) };
}

export function ofAddresses(addresses: Iterable<Address>): AddressSet {
  const by: Record<Family, Interval[]> = { 4: [], 6: [] };
  for (const a of addresses) by[a.family].push({ lo: a.value, hi: a.value });
  return { 4: exact(by[4]), 6: exact(by[6]) };
}

/** The part of a set in one family. */
export const onlyFamily = (s: AddressSet, family: Family): AddressSet => ({ ...NOWHERE, [family]: s[family] });

export const isNowhere = (s: AddressSet): boolean => s[4].may.length === 0 && s[6].may.length === 0;
