import { everything } from "./boxes.ts";
import type { Rule } from "./types.ts";

/**
 * The rules that are not in a common subsequence of both lists: added, removed, changed or moved. Wherever none of
 * them matches, the same rules decide in the same order. Rules are the same when action and boxes are, whatever their ids.
 * @param defaultsDiffer when true everything has changed, as far as no rule matches it
 */
export function changedRules(
  before: readonly Rule[],
  after: readonly Rule[],
  defaultsDiffer: boolean,
): readonly Rule[] {
  const kept = longestCommon(before.map(contentOf), after.map(contentOf));
  const isKeptBefore = new Set(kept.map(([i]) => i));
  const isKeptAfter = new Set(kept.map(([, j]) => j));
  const changed = [...before.filter((_, i) => !isKeptBefore.has(i)), ...after.filter((_, j) => !isKeptAfter.has(j))];
  return defaultsDiffer ? [...changed, { id: "default", action: "block", boxes: everything() }] : changed;
}

const contentOf = (rule: Rule): string =>
  `${rule.action} ${rule.boxes
    .map((b) => [b.family, b.slice, b.src.lo, b.src.hi, b.dst.lo, b.dst.hi, b.a.lo, b.a.hi, b.b.lo, b.b.hi].join())
    .sort()
    .join(" ")}`;

/**
 * Pairs of positions with equal keys, ascending on both sides: the n-th of one key is matched with the n-th on the
 * other side, and the longest increasing run of those is kept (patience, O(n log n)). It is the longest common
 * subsequence when keys are unique, and some common subsequence always, which is all that is needed.
 */
export function longestCommon(
  before: readonly string[],
  after: readonly string[],
): readonly (readonly [number, number])[] {
  const places = new Map<string, number[]>();
  after.forEach((key, j) => {
    const list = places.get(key);
    if (list) list.push(j);
    else places.set(key, [j]);
  });
  const used = new Map<string, number>();
  const pairs: (readonly [number, number])[] = [];
  before.forEach((key, i) => {
    const nth = used.get(key) ?? 0;
    const j = places.get(key)?.[nth];
    used.set(key, nth + 1);
    if (j !== undefined) pairs.push([i, j]);
  });
  // tails[l]: the pair with the smallest second place that ends a run of length l + 1.
  const tails: number[] = [];
  const previous: number[] = [];
  pairs.forEach(([, j], p) => {
    let lo = 0;
    let hi = tails.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (pairs[tails[mid]!]![1] < j) lo = mid + 1;
      else hi = mid;
    }
    previous[p] = lo > 0 ? tails[lo - 1]! : -1;
    tails[lo] = p;
  });
  const out: (readonly [number, number])[] = [];
  for (let p = tails.at(-1) ?? -1; p >= 0; p = previous[p]!) out.push(pairs[p]!);
  return out.reverse();
}
