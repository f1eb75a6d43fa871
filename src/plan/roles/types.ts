import type { Place } from "../../core/diagnostics.ts";
import type { Sourced } from "../sourced.ts";

/** How many hosts must play a role. */
export interface Minimum extends Sourced {
  readonly role: string;
  readonly hosts: number;
}

/** What the plan says to a role, as it was written: a role that leaves something out fills it in itself. */
export interface RoleSettings extends Sourced {
  readonly role: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each part of them stands, by the keys from the document's root, one a line. */
  readonly places: ReadonlyMap<string, Place>;
}
