import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allFields } from "../../bench/edits/fields.ts";
import { shippedTexts } from "../../bench/edits/shipped.ts";
import { edited, nameOf, singleEdits } from "../../bench/edits/singles.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

/*
 * docs/edits.md speaks of every field of the plan. What it says of costs is made again in edit-costs.test.ts.
 */

const texts = shippedTexts();
const singles = singleEdits(texts);
const idOf = (f: { readonly document: string; readonly name: string }): string => `${f.document}:${f.name}`;

test("every field of the schemas is edited, but those of what the lab has none of, which comes and goes as one", () => {
  const tried = new Set(singles.map((s) => idOf(s.field)));
  expect(
    allFields()
      .map(idOf)
      .filter((name) => !tried.has(name)),
  ).toEqual([
    "flows:waivers.*.code",
    "flows:waivers.*.flow",
    "flows:waivers.*.owner",
    "flows:waivers.*.reason",
    "flows:waivers.*.expires",
  ]);
});

test("every edit has a name of its own, and changes its documents", () => {
  const names = singles.map(nameOf);
  expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
  const idle = singles.filter((s) => JSON.stringify(edited(texts, s.of)) === JSON.stringify(edited(texts, {})));
  expect(idle.map(nameOf)).toEqual([]);
});

test("every field that is edited stands in docs/edits.md", async () => {
  const page = await readFile(join(repositoryRoot(), "docs/edits.md"), "utf8");
  const missing = singles.filter((s) => {
    const name = s.field.name.replace(/^atLeast\..*/, "atLeast.*");
    return !page.slice(page.indexOf(`\n## ${s.field.document}.yaml`)).includes(`\`${name}\``);
  });
  expect([...new Set(missing.map((s) => idOf(s.field)))]).toEqual([]);
});
