import type { Sourced } from "../sourced.ts";

/** A need (N1…) or an objective (O1…), and what of the plan answers it. */
export interface Coverage extends Sourced {
  readonly id: string;
  readonly text: string;
  /** By `kind:id` (host, zone, pool, flow, forward, invariant, service, group); empty only with a reason. */
  readonly by: readonly string[];
  /** What the plan has switched off of what answers it, in its own words. */
  readonly switchedOff: readonly string[];
  /** Why the mock-up does not cover it, or not the whole of it; null where it does. */
  readonly outOfScope: string | null;
}
