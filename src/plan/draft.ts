import type { DocumentName } from "./names.ts";
import type { Where } from "./problem.ts";
import type { Documents } from "./schemas.ts";
import type { Domain, Plan } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A plan as far as its documents are sound: what could not be resolved is left out, and already reported. */
export interface Draft extends Omit<Plan, "name" | "domain" | "artefacts"> {
  readonly name: string | null;
  readonly domain: Domain | null;
  /** Every end that rows and invariants name, as written. */
  readonly namedEnds: readonly string[];
  /** How many nodes the stack has; rules of placement need it. */
  readonly nodes: number;
  /** The roles that there are; undefined where nobody said. */
  readonly roles: Vocabulary | undefined;
  /** Where a zone, host, flow … of this draft stands, so that a rule can point at its parts. */
  origin(entity: object): Where;
  /** Whether nothing of a section was left out; rules about what is absent ask first. */
  isWhole<N extends DocumentName>(document: N, section: keyof Documents[N] & string): boolean;
}
