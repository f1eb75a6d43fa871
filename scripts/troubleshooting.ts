import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { troubleshootingPage } from "../src/cli/french/page.ts";
import { repositoryRoot } from "../src/stack/root.ts";

/* Writes docs/fr/depannage.md, every code with what it is and what to do; tests/docs/troubleshooting.test.ts keeps it. */
await writeFile(join(repositoryRoot(), "docs/fr/depannage.md"), troubleshootingPage());
