// `npm run bench [room] [arguments]`: the rooms' own benches, bench/<room>/run.ts.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ensurePackages, root, runNode } from "./packages.js";

ensurePackages();
const folder = join(root, "bench");
const rooms = readdirSync(folder, { withFileTypes: true }).filter(
  (e) => e.isDirectory() && existsSync(join(folder, e.name, "run.ts")),
);
const [asked, ...rest] = process.argv.slice(2);
const chosen = asked === undefined ? rooms.map((e) => e.name) : [asked];
for (const room of chosen) {
  if (!rooms.some((e) => e.name === room)) {
    process.stderr.write(`there is no bench "${room}"; there are ${rooms.map((e) => e.name).join(", ")}\n`);
    process.exit(2);
  }
  process.exitCode =
    runNode(["--import", "./bin/typescript.js", join(folder, room, "run.ts"), ...rest]) || process.exitCode;
}
