import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Installs what package-lock.json pins, if it is not what is installed; ends the process in words when it cannot. */
export function ensurePackages() {
  // Somebody else's folder by a link (a worktree, a test's clone): npm ci would empty it through the link.
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const installed = join(root, "node_modules", ".package-lock.json");
  const wanted = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  process.stderr.write("installing the packages that package-lock.json pins\n");
  // No scripts of packages are run but esbuild's own check of its binary.
  const ran = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (ran.status === 0) return;
  const why = ran.error ? ran.error.message : `exit ${ran.status}`;
  process.stderr.write(
    `CLI_NO_PACKAGES npm ci failed in ${root} (${why}).\n  hint: check the network and the npm registry (npm ping), the rights on the folder and the disk (df -h .), then run the same command again\n`,
  );
  process.exit(2);
}

/** Runs a script of Node's with our terminal; Ctrl-C reaches it by itself, so we only wait for its end. */
export function runNode(args, env = process.env) {
  process.on("SIGINT", () => undefined);
  const ran = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env });
  return ran.status ?? 130;
}
