import {
  complement as complementIn,
  holdsAll,
  normalise,
  type Interval,
  type Intervals,
} from "../../core/intervals.ts";
import {
  formatAddress,
  formatNetwork,
  maxOf,
  networksOfRange,
  rangeOf,
  type Address,
  type Network,
} from "../../core/ip.ts";

/* Sets of IPv4 addresses: enough to say where a row's ends meet an interface. */

const WHOLE: Interval = { lo: 0n, hi: maxOf(4) };

export const EVERYTHING: Intervals = [WHOLE];

export const ofNetwork = (n: Network): Interval => rangeOf(n);
export const ofAddress = (a: Address): Interval => ({ lo: a.value, hi: a.value });

export const union = (...sets: readonly Intervals[]): Intervals => normalise(sets.flat());

export const complement = (set: Intervals): Intervals => complementIn(set, WHOLE);

export const contains = (set: Intervals, part: Interval): boolean => set.some((i) => holdsAll(i, part));

export const isEmpty = (set: Intervals): boolean => set.length === 0;

/** CIDRs as an alias lists them; a single address without its length. */
export function entriesOf(set: Intervals): readonly string[] {
  return set.flatMap(({ lo, hi }) =>
    networksOfRange({ family: 4, lo, hi }).map((n) =>
      n.prefix === 32 ? formatAddress({ family: 4, value: n.base }) : formatNetwork(n),
    ),
  );
}
