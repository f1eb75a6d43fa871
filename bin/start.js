// `npm start`: in a fresh clone nothing is installed yet, so this file needs Node alone.
import { becomeInvoker } from "./invoker.js";
import { ensurePackages, root, runNode } from "./packages.js";

becomeInvoker();
ensurePackages();
process.exitCode = runNode([`${root}/bin/maquette`, "up", ...process.argv.slice(2)]);
