import type { Meter } from "./tree.ts";

export type { Meter } from "./tree.ts";

/** Steps that one question may take unless the caller says otherwise; about a second of work. */
export const DEFAULT_STEPS = 50_000_000;

/** Pieces that `passing` may hold at once: about 100 bytes each. */
export const DEFAULT_FRAGMENTS = 200_000;

/** Pieces of one changed box in a semantic difference; more would make rows by the hundred, which nobody reads. */
export const DEFAULT_DIFF_PIECES = 10_000;

/**
 * A step counter with a limit; a step is one node or box looked at. Hand the same meter to several questions and the
 * limit is for them together; read `steps` afterwards.
 */
export function makeMeter(limit: number = DEFAULT_STEPS): Meter {
  return { steps: 0, limit };
}

export interface Budgeted {
  /** A fresh meter of {@link DEFAULT_STEPS} when absent. */
  readonly meter?: Meter;
}

/** The same for one rule of a report over a whole list, and for the report: about half a second, and a minute. */
export const DEFAULT_STEPS_PER_RULE = 20_000_000;
export const DEFAULT_STEPS_PER_REPORT = 2_000_000_000;
