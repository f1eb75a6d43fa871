import { brief, isGuest, restartOf, type Change } from "./changes.ts";
import { count } from "./describe-changes.ts";
import { nameOf } from "./progress.ts";

const titles = {
  create: "Created",
  update: "Changed",
  replace: "Replaced: deleted and made anew",
  delete: "Deleted",
} as const;

/** Marks the comment, so that a workflow finds and updates its own. */
export const commentMarker = "<!-- maquette preview -->";

/** A short comment for a pull request: what an up would do to guests and resources, and which properties differ. */
export function markdownOf(changes: readonly Change[], stack: string): string {
  const head = [commentMarker, `### maquette preview, stack \`${stack}\``, ""];
  if (changes.length === 0) return [...head, "Nothing would change.", ""].join("\n");
  const replaced = changes.filter((c) => c.op === "replace" && isGuest(c));
  const deleted = changes.filter((c) => c.op === "delete" && isGuest(c));
  const loud =
    replaced.length === 0
      ? []
      : [
          "> [!WARNING]",
          `> **${replaced.length} would be replaced, data lost**: deleted with their disks and made anew; \`maquette up\` refuses that unless \`--replace ${replaced.map((c) => c.name).join(",")}\` is given: ${listed(replaced)}.`,
          "",
        ];
  const gone =
    deleted.length === 0
      ? []
      : ["> [!WARNING]", `> **${deleted.length} would be deleted, data lost**: ${listed(deleted)}.`, ""];
  const lines = [...head, `${count(changes)}.`, "", ...loud, ...gone];
  for (const op of ["replace", "delete", "create", "update"] as const) {
    const some = changes.filter((c) => c.op === op);
    if (some.length === 0) continue;
    lines.push(`**${titles[op]}**`, "");
    // A new lab has a hundred resources; a reviewer wants its guests, and to know how many the rest are.
    const shown = op === "create" ? some.filter(isGuest) : some;
    for (const change of shown) {
      lines.push(`- ${[nameOf(change.urn), restartOf(change) ?? []].flat().join(": ")}`);
      for (const p of change.properties.slice(0, 12)) {
        lines.push(
          `  - ${code(p.path)}: ${code(brief(p.before, 80))} → ${code(brief(p.after, 80))}${p.forcesReplacement ? " **forces the replacement**" : ""}`,
        );
      }
      if (change.properties.length > 12) lines.push(`  - and ${change.properties.length - 12} more properties`);
    }
    if (some.length > shown.length)
      lines.push(
        `- ${shown.length > 0 ? "and " : ""}${some.length - shown.length} other resources (images, templates, seeds, networks)`,
      );
    lines.push("");
  }
  return lines.join("\n");
}

const listed = (changes: readonly Change[]): string => changes.map((c) => `\`${nameOf(c.urn)}\``).join(", ");

/** Inline code that no backtick of a value ends (CommonMark, "code spans"): its fence is longer than any in it. */
function code(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest > 0 || text === "" ? `${fence} ${text} ${fence}` : `${fence}${text}${fence}`;
}
