import type { Place } from "../core/diagnostics.ts";

/** Where the YAML says it, for findings of later stages. */
export interface Sourced {
  readonly place: Place;
}
