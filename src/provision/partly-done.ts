import type { Fault } from "../core/fault.ts";

/** A resource that is there, and not as it should be: the engine records it, and its next run goes on with it. */
export class PartlyDone extends Error {
  readonly id: string;
  readonly properties: unknown;
  /** What `provider/server` of the SDK hands to the engine. */
  readonly reasons: readonly string[];

  constructor(fault: Fault, id: string, properties: unknown) {
    const words = `${fault.code} ${fault.message}\n  hint: ${fault.hint}`;
    super(words, { cause: fault });
    this.id = id;
    this.properties = properties;
    this.reasons = [words];
  }
}
