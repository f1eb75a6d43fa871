import { brief, isGuest, type Change } from "./changes.ts";
import { nameOf } from "./progress.ts";

const signs = { create: "+", update: "~", replace: "±", delete: "-" } as const;

/** What would change, for a terminal: guests with their properties first, the rest counted by kind. */
export function describeChanges(changes: readonly Change[]): string {
  const lines: string[] = [];
  for (const change of changes.filter((c) => isGuest(c) || c.op !== "create")) {
    lines.push(
      `${signs[change.op]} ${nameOf(change.urn)}${change.op === "replace" ? "  REPLACED: it is deleted and made anew" : ""}`,
    );
    for (const p of change.properties)
      lines.push(
        `    ${p.path}: ${brief(p.before)} → ${brief(p.after)}${p.forcesReplacement ? "  (forces the replacement)" : ""}`,
      );
  }
  const counted = count(changes);
  return [...lines, counted].join("\n");
}

/** `4 to create, 1 to update`. */
export function count(changes: readonly Change[]): string {
  const ops = (["create", "update", "replace", "delete"] as const).map(
    (op) => [op, changes.filter((c) => c.op === op).length] as const,
  );
  return ops
    .filter(([, n]) => n > 0)
    .map(([op, n]) => `${n} to ${op}`)
    .join(", ");
}
