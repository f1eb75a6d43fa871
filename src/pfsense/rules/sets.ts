import { complement, isSame, normalise, type Interval, type Intervals } from "../../core/intervals.ts";
import { maxOf, rangeOf } from "../../core/ip.ts";
import type { Address, Family, Network } from "../../core/ip.ts";

/**
 * A set that may not be fully known: `must` is certainly inside, nothing outside `may` is. Equal when exact.
 * Negation swaps the two, so that "not an unknown" stays unknown instead of becoming everything.
 */
export interface Fuzzy {
  readonly must: Intervals;
  readonly may: Intervals;
}

/** A set of addresses in each family. */
export interface AddressSet {
  readonly 4: Fuzzy;
  readonly 6: Fuzzy;
}

const EMPTY: Fuzzy = { must: [], may: [] };

export const isExact = (f: Fuzzy): boolean => f.must === f.may || isSame(f.must, f.may);

export function exact(intervals: readonly Interval[]): Fuzzy {
  const ranges = normalise(intervals);
  return { must: ranges, may: ranges };
}

export const fuzzyUnion = (a: Fuzzy, b: Fuzzy): Fuzzy =>
  isExact(a) && isExact(b)
    ? exact([...a.must, ...b.must])
    : { must: normalise([...a.must, ...b.must]), may: normalise([...a.may, ...b.may]) };

/** What of `0..max` is not in the set. */
function fuzzyNot(f: Fuzzy, max: bigint): Fuzzy {
  const whole = { lo: 0n, hi: max };
  const may = complement(f.must, whole);
  return { must: isExact(f) ? may : complement(f.may, whole), may };
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
