// Writes schemas/*.schema.json from the plan's zod schemas and the registry of roles; a test compares them.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonSchemaFiles } from "../src/plan/json-schema.ts";
import { vocabulary } from "../src/roles/registry.ts";

const folder = join(import.meta.dirname, "../schemas");
await mkdir(folder, { recursive: true });
for (const [file, text] of jsonSchemaFiles(vocabulary)) await writeFile(join(folder, file), text);
console.log(`schemas/: ${[...jsonSchemaFiles(vocabulary).keys()].join(", ")}`);
