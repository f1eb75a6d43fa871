import { formatAddress, formatNetwork, networksOfRange, rangeOf, type Address, type Network } from "../../core/ip.ts";

/*
 * Sets of IPv4 addresses as sorted, disjoint, non-adjacent intervals: enough to say where a row's ends meet an interface.
 */

export interface Span {
  readonly lo: bigint;
  readonly hi: bigint;
}

export type Ranges = readonly Span[];

export const EVERYTHING: Ranges = [{ lo: 0n, hi: 0xffffffffn }];
export const NOTHING: Ranges = [];

export const ofNetwork = (n: Network): Span => rangeOf(n);
export const ofAddress = (a: Address): Span => ({ lo: a.value, hi: a.value });

export function union(...sets: readonly Ranges[]): Ranges {
  const sorted = sets.flat().sort((a, b) => (a.lo < b.lo ? -1 : a.lo > b.lo ? 1 : 0));
  const out: { lo: bigint; hi: bigint }[] = [];
  for (const { lo, hi } of sorted) {
    const last = out.at(-1);
    if (last && lo <= last.hi + 1n) last.hi = hi > last.hi ? hi : last.hi;
    else out.push({ lo, hi });
  }
  return out;
}

export function complement(set: Ranges): Ranges {
  const out: Span[] = [];
  let next = 0n;
  for (const { lo, hi } of set) {
    if (lo > next) out.push({ lo: next, hi: lo - 1n });
    next = hi + 1n;
  }
  if (next <= 0xffffffffn) out.push({ lo: next, hi: 0xffffffffn });
  return out;
}

export const intersect = (a: Ranges, b: Ranges): Ranges => complement(union(complement(a), complement(b)));

export const contains = (set: Ranges, span: Span): boolean => set.some((s) => s.lo <= span.lo && span.hi <= s.hi);

export const isEmpty = (set: Ranges): boolean => set.length === 0;

/** One text for one set. */
export const keyOf = (set: Ranges): string => set.map((s) => `${s.lo}-${s.hi}`).join(",");

export const isSame = (a: Ranges, b: Ranges): boolean => keyOf(a) === keyOf(b);

/** CIDRs as an alias lists them; a single address without its length. */
export function entriesOf(set: Ranges): readonly string[] {
  return set.flatMap((s) =>
    networksOfRange({ family: 4, ...s }).map((n) =>
      n.prefix === 32 ? formatAddress({ family: 4, value: n.base }) : formatNetwork(n),
    ),
  );
}
