// `npm start`: in a fresh clone nothing is installed yet, so this file needs Node alone.
import { becomeInvoker, isBorrowed } from "./invoker.js";
import { ensurePackages, root, runNode } from "./packages.js";

const [first, ...rest] = process.argv.slice(2);
if (first === "--packages-only") {
  becomeInvoker();
  ensurePackages();
} else {
  // With borrowed root the packages are still the user's; `up` keeps root for the part that needs it.
  if (isBorrowed()) {
    const code = runNode([`${root}/bin/start.js`, "--packages-only"]);
    if (code !== 0) process.exit(code);
  } else ensurePackages();
  process.exitCode = runNode([`${root}/bin/maquette`, "up", ...(first === undefined ? [] : [first, ...rest])]);
}
