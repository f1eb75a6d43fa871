import type { Resolve } from "../../core/text.ts";
import { kindOf, type DeclaredStep, type ObservedStep } from "./kinds/index.ts";

/** The steps as the host has them: equal to the declared ones where nothing differs. */
export function driftOf(
  steps: readonly DeclaredStep[],
  seen: readonly ObservedStep[],
  resolve: Resolve,
): readonly DeclaredStep[] {
  return steps.map((step, n) => {
    const found = seen[n];
    if (found === undefined) return { ...step, drift: "not known to the host" };
    const words = wordsOfDrift(step, found);
    if (words === undefined) return step;
    return kindOf(step.kind).asFound?.(step, found, words, resolve) ?? { ...step, drift: words };
  });
}

/** What differs, in words; undefined where nothing does. */
export const wordsOfDrift = (step: DeclaredStep, found: ObservedStep): string | undefined =>
  kindOf(step.kind).words(found);
