import { rangeOf } from "../../core/ip.ts";
import { equivalent, type Rule } from "../../policy/engine/index.ts";
import { ingressRules } from "../rules/flatten.ts";
import type { Leg } from "./legs.ts";
import type { Notes } from "./notes.ts";
import { scoped, settledBoxes } from "./settled.ts";
import { sourcesAt, type Site } from "./site.ts";

/**
 * The legs whose rules become rows. The flow table knows one Internet, so that accesses with the same rules are said once;
 * where they differ all are said, one after the other, and the difference is noted.
 */
export function legsToSay(site: Site, notes: Notes): readonly Leg[] {
  const [first, ...others] = site.legs.filter((l) => l.kind === "wan");
  if (!first || others.length === 0) return site.legs;
  const near = [first, ...others].map((l) => rangeOf(l.subnet));
  const settled = [first, ...others].flatMap((l) => settledBoxes(site.ruleset, l.key, "in"));
  const listOf = (leg: Leg): readonly Rule[] =>
    scoped(ingressRules(site.ruleset, leg.key), { from: sourcesAt(site, leg), notTo: near, settled });
  const different = others.filter((l) => equivalent(listOf(first), listOf(l)).kind !== "proven");
  for (const l of different) {
    const fact = `its rules are not those of "${first.key}"`;
    const hint = "A row from the Internet holds for every access; see the verdict for what becomes of it.";
    notes.lost("IMPORT_WANS_DIFFER", l.config.place, `interfaces.${l.key}`, fact, hint);
  }
  return different.length > 0 ? site.legs : site.legs.filter((l) => l.kind !== "wan" || l === first);
}
