// `npm test`: installs what is pinned; the run itself is tests/run.
import { ensurePackages, root, runNode } from "./packages.js";

ensurePackages();
process.exitCode = runNode(["--import", "./bin/typescript.js", `${root}/tests/run/main.ts`, ...process.argv.slice(2)]);
