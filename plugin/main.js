import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "../bin/load.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { main } = await load(root, "provider");
await main(process.argv.slice(2));
