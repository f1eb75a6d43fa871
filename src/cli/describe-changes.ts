import type { Colours } from "./io.ts";
import { brief, isGuest, restartOf, type Change } from "./changes.ts";
import { nameOf } from "./progress.ts";

const signs = { create: "+", update: "~", replace: "±", delete: "-" } as const;

/** What would change, for a terminal: guests with their properties first, the rest counted by kind. */
export function describeChanges(changes: readonly Change[], { red, bold }: Pick<Colours, "red" | "bold">): string {
  const lines: string[] = [];
  for (const change of changes.filter((c) => isGuest(c) || c.op !== "create")) {
    const line = `${signs[change.op]} ${nameOf(change.urn)}`;
    const fate = fateOf(change);
    if (fate !== undefined) lines.push(red(bold(`${line}  ${fate}`)));
    else lines.push([line, restartOf(change) ?? []].flat().join("  "));
    for (const p of change.properties)
      lines.push(
        `    ${p.path}: ${brief(p.before)} → ${brief(p.after)}${p.forcesReplacement ? "  (forces the replacement)" : ""}`,
      );
  }
  const counted = count(changes);
  return [...lines, counted].join("\n");
}

/** What becomes of a guest's disk, where it does not stay. */
function fateOf(change: Change): string | undefined {
  if (!isGuest(change)) return undefined;
  if (change.op === "replace") return "replaced, its data is lost";
  return change.op === "delete" ? "deleted, its data is lost" : undefined;
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
