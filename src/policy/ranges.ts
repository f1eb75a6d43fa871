import * as intervals from "../core/intervals.ts";
import { maxOf, type AddressRange, type Family } from "../core/ip.ts";
import { FAMILIES } from "./engine/index.ts";

/** A set of addresses of both families: those of IPv4 first, each family's sorted, disjoint, neighbours joined. */
export type Ranges = readonly AddressRange[];

const inEach = (work: (family: Family) => Ranges): Ranges => FAMILIES.flatMap(work);

const familyOf = (ranges: Ranges, family: Family): Ranges =>
  ranges.every((r) => r.family === family) ? ranges : ranges.filter((r) => r.family === family);

const setOf = (ranges: Ranges, family: Family): Ranges => intervals.normalise(familyOf(ranges, family));

/** Sorts, joins what overlaps or touches, and drops what is upside down. O(n log n). */
export const makeRanges = (ranges: Ranges): Ranges => inEach((family) => setOf(ranges, family));

const whole = (family: Family): AddressRange => ({ family, lo: 0n, hi: maxOf(family) });

/** Every address of both families. */
export const EVERYWHERE: Ranges = FAMILIES.map(whole);

export const unite = (...sets: readonly Ranges[]): Ranges => makeRanges(sets.flat());

export const without = (from: Ranges, what: Ranges): Ranges =>
  inEach((family) => intervals.subtract(setOf(from, family), setOf(what, family)));

export const meetOf = (a: Ranges, b: Ranges): Ranges =>
  inEach((family) => intervals.intersect(setOf(a, family), setOf(b, family)));

export const isWithin = (inner: Ranges, outer: Ranges): boolean => without(inner, outer).length === 0;

export const holdsAddress = (set: Ranges, family: Family, value: bigint): boolean =>
  set.some((r) => r.family === family && intervals.holds(r, value));
