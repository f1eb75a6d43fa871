import type { Place } from "../../core/diagnostics.ts";
import { warn } from "./context.ts";
import type { Context } from "./context.ts";

/** Why a rule is not in pf's list: pfSense leaves it out, or pf refuses the list because of it. */
export class Unusable {
  readonly isRefused: boolean;
  readonly why: string;
  constructor(why: string, isRefused = false) {
    this.why = why;
    this.isRefused = isRefused;
  }
}

/** `PFSENSE_RULE_SKIPPED`, `PFSENSE_RULE_REFUSED`, and the same of `NAT`. */
export function reportUnusable(
  c: Context,
  kind: "RULE" | "NAT",
  what: string,
  place: Place,
  path: string,
  u: Unusable,
): void {
  const code = `PFSENSE_${kind}_${u.isRefused ? "REFUSED" : "SKIPPED"}`;
  const hint = u.isRefused
    ? `pf refuses the whole rule set and keeps the last good one; here the ${what} is left out.`
    : `pfSense leaves the ${what} out.`;
  warn(c, code, place, path, u.why, hint);
}
