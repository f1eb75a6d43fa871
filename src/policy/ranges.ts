import { maxOf, type AddressRange, type Family } from "../core/ip.ts";
import { FAMILIES } from "./engine/index.ts";

/** A set of addresses of both families: sorted, disjoint, neighbours joined. */
export type Ranges = readonly AddressRange[];

const before = (a: AddressRange, b: AddressRange): number => a.family - b.family || (a.lo < b.lo ? -1 : 1);

/** Sorts, joins what overlaps or touches, and drops what is upside down. O(n log n). */
export function makeRanges(ranges: Iterable<AddressRange>): Ranges {
  const out: AddressRange[] = [];
  for (const r of [...ranges].filter((x) => x.lo <= x.hi).sort(before)) {
    const last = out.at(-1);
    if (last && last.family === r.family && r.lo <= last.hi + 1n) {
      if (r.hi > last.hi) out[out.length - 1] = { ...last, hi: r.hi };
    } else out.push({ family: r.family, lo: r.lo, hi: r.hi });
  }
  return out;
}

const whole = (family: Family): AddressRange => ({ family, lo: 0n, hi: maxOf(family) });

/** Every address of both families. */
export const EVERYWHERE: Ranges = FAMILIES.map(whole);

export const unite = (...sets: readonly Ranges[]): Ranges => makeRanges(sets.flat());

export function without(from: Ranges, what: Ranges): Ranges {
  let left: readonly AddressRange[] = from;
  for (const w of what) {
    left = left.flatMap((r) => {
      if (r.family !== w.family || w.hi < r.lo || w.lo > r.hi) return [r];
      const below = { ...r, hi: w.lo - 1n };
      const above = { ...r, lo: w.hi + 1n };
      return [below, above].filter((x) => x.lo <= x.hi);
    });
  }
  return makeRanges(left);
}

export const meetOf = (a: Ranges, b: Ranges): Ranges =>
  makeRanges(
    a.flatMap((x) =>
      b
        .filter((y) => y.family === x.family)
        .map((y) => ({ family: x.family, lo: x.lo > y.lo ? x.lo : y.lo, hi: x.hi < y.hi ? x.hi : y.hi })),
    ),
  );

export const isWithin = (inner: Ranges, outer: Ranges): boolean => without(inner, outer).length === 0;

export const holdsAddress = (set: Ranges, family: Family, value: bigint): boolean =>
  set.some((r) => r.family === family && r.lo <= value && value <= r.hi);
