// What `pulumi` runs. The program itself is program.ts; its exports are the stack's outputs.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "../../bin/load.js";

// Pulumi formats a stack for each of thousands of promises, a third of a preview; this much is enough to find a defect.
Error.stackTraceLimit = 3;

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { run } = await load(root, "program");
export const { guests, mark } = await run(root);
