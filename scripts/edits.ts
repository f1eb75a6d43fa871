import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pricedEdits } from "../bench/edits/shipped.ts";
import { editsPage } from "../bench/edits/table.ts";
import { repositoryRoot } from "../src/stack/root.ts";

/* Writes docs/edits.md, what every edit of every field of the plan costs; tests/docs/edits.test.ts keeps it. */
await writeFile(join(repositoryRoot(), "docs/edits.md"), editsPage(await pricedEdits()));
