import type { Draft } from "./draft.ts";
import type { Problem } from "./problem.ts";

/**
 * A check over the whole plan. It sees a draft: what was broken is left out, so a rule that concludes something from
 * what is absent asks `draft.isWhole` first. A rule never throws and touches nothing.
 */
export type Rule = (draft: Draft) => Iterable<Problem>;

/** The values that stand a second time, each with the one that had it first. */
export function* repeats<T>(things: Iterable<T>, keyOf: (thing: T) => unknown): Generator<{ first: T; again: T }> {
  const seen = new Map<unknown, T>();
  for (const thing of things) {
    const key = keyOf(thing);
    if (key === null) continue;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, thing);
    else yield { first, again: thing };
  }
}
