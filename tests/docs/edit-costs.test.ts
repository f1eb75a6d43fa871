import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pricedEdits } from "../../bench/edits/shipped.ts";
import { editsPage } from "../../bench/edits/table.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

test("docs/edits.md is what every edit of every field costs now (npm run edits)", async () => {
  const page = await readFile(join(repositoryRoot(), "docs/edits.md"), "utf8");
  expect(page).toBe(editsPage(await pricedEdits()));
});
