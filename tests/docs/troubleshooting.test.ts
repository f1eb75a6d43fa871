import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { troubleshootingPage } from "../../src/cli/french/page.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

test("docs/fr/depannage.md is what the catalogue says; `npm run troubleshooting` writes it", async () => {
  expect(await readFile(join(repositoryRoot(), "docs/fr/depannage.md"), "utf8")).toBe(troubleshootingPage());
});
