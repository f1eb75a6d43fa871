// What `pulumi` runs. The program itself is program.ts; its exports are the stack's outputs.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "../../bin/load.js";

// Pulumi keeps the stack of each of thousands of promises, and has each looked up in source maps, a tenth of a preview.
// Those errors have no message; the one that somebody reads has, and keeps its lines of TypeScript.
const lookUp = Error.prepareStackTrace;
if (lookUp)
  Error.prepareStackTrace = (error, frames) =>
    error.message === "" ? `Error\n    at ${frames.slice(0, 3).join("\n    at ")}` : lookUp(error, frames);

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { run } = await load(root, "program");
export const { guests, mark } = await run(root);
