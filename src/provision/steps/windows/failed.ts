import type { FailEvent } from "../observed.ts";

type Facts = Omit<FailEvent, "event" | "role" | "step">;

/** What failed of a step on a Windows host, as far as its kind knows. */
export class StepFailed extends Error {
  readonly facts: Facts;

  constructor(facts: Facts) {
    super(facts.what);
    this.facts = facts;
  }
}
