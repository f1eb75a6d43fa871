import { isSame as isSameSet } from "../../core/intervals.ts";
import { formatAddress, formatNetwork, networksOfRange, parseNetwork, rangeOf, type Address } from "../../core/ip.ts";
import type { Box } from "../../policy/engine/index.ts";
import { isWithin, makeRanges, meetOf, unite, without, type Ranges } from "../../policy/ranges.ts";

/*
 * Sets of IPv4 addresses. The imported plan speaks IPv4 only, as the files that are emitted do. Loopback addresses are on
 * no wire, so two sets that differ in them alone are the same set.
 */

const network = (text: string): Ranges => [rangeOf(parseNetwork(text)!.network)];

export const LOOPBACK = network("127.0.0.0/8");
export const LINK_LOCAL = network("169.254.0.0/16");
export const EVERYTHING: Ranges = network("0.0.0.0/0");

export const one = (a: Address): Ranges => [{ family: a.family, lo: a.value, hi: a.value }];

/** One side of boxes, IPv4 only. */
export const sideOf = (boxes: readonly Box[], side: "src" | "dst"): Ranges =>
  makeRanges(boxes.filter((b) => b.family === 4).map((b) => ({ family: 4, ...b[side] })));

/** Whether no packet tells the two apart. */
export const isSame = (a: Ranges, b: Ranges): boolean => isSameSet(onWire(a), onWire(b));

export const onWire = (set: Ranges): Ranges => without(set, LOOPBACK);

/** `inner` without what is on no wire lies in `outer`. */
export const isIn = (inner: Ranges, outer: Ranges): boolean => isWithin(onWire(inner), outer);

export const isEmpty = (set: Ranges): boolean => onWire(set).length === 0;

export { makeRanges, meetOf, unite, without, type Ranges };

/** Addresses and networks that make up the set, as the plan writes them; two neighbours are two addresses. */
export const textsOf = (set: Ranges): readonly string[] =>
  set.flatMap((r) =>
    networksOfRange(r).flatMap((n) => {
      const { lo, hi } = rangeOf(n);
      if (n.prefix < 31) return [formatNetwork(n)];
      return (lo === hi ? [lo] : [lo, hi]).map((value) => formatAddress({ family: 4, value }));
    }),
  );
