import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { buildFirmware } from "./firmware.js";
import { installedList, modulesOf } from "./modules.js";
import { programsForEsbuild } from "./programs.js";

/**
 * The programs that start from this repository, each a file of src. They are bundled once for what the sources
 * are now, because a hundred small TypeScript files take longer to read than to run; a changed source is bundled
 * again by itself, so there is no build step to forget.
 */
const entries = {
  cli: "src/cli/main.ts",
  daemon: "src/embedded/daemon.ts",
  program: "src/infra/program.ts",
  provider: "src/provision/main.ts",
  twin: "src/twin/main.ts",
};

/**
 * Imports one of the programs.
 * @param {string} root the repository
 * @param {keyof typeof entries} name
 */
export async function load(root, name) {
  process.env.MAQUETTE_ROOT = root;
  return import(await bundled(root, name));
}

/** The file of a bundled program, made if the sources changed. */
export async function bundled(root, name) {
  const folder = join(bundles(root), keyOf(root));
  const file = join(folder, `${name}.js`);
  if (existsSync(file)) return file;
  const { build } = await import("esbuild");
  mkdirSync(bundles(root), { recursive: true, mode: 0o700 });
  const temporary = `${folder}.${randomBytes(4).toString("hex")}`;
  try {
    await build({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(Object.entries(entries).filter(([, f]) => existsSync(join(root, f)))),
      outdir: temporary,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: true,
      logLevel: "error",
      // What must stay one instance a process, or loads files of its own, is left in node_modules.
      plugins: [programsForEsbuild],
      external: ["@pulumi/*", "@muhlba91/*", "esbuild", "ssh2"],
      banner: {
        js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
      },
    });
    await buildFirmware(root, join(temporary, "router"));
    symlinkSync(modulesOf(root), join(temporary, "node_modules"));
    renameSync(temporary, folder);
  } catch (error) {
    // Nothing half-written stays. Where another process made the same bundle meanwhile, its folder is as good.
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(file)) throw error;
  }
  prune(bundles(root), folder);
  return file;
}

/** XDG_CACHE_HOME/maquette/bundles/<clone>: src/stack/folders.ts says the same, but is what is being bundled. */
function bundles(root) {
  const xdg = process.env.XDG_CACHE_HOME;
  const cache = xdg && isAbsolute(xdg) ? xdg : join(process.env.HOME ?? homedir(), ".cache");
  return join(cache, "maquette", "bundles", createHash("sha256").update(root).digest("hex").slice(0, 10));
}

/** Names, sizes and times of all sources: some hundred stat calls, a few milliseconds. */
function keyOf(root) {
  const hash = createHash("sha256");
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      // What Python keeps beside a program that was run from here is no source.
      if (entry.name === "__pycache__") continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) visit(child);
      else {
        // Of the link itself: editors leave some that lead nowhere.
        const { size, mtimeMs } = lstatSync(child);
        hash.update(`${child}\0${size}\0${mtimeMs}\0`);
      }
    }
  };
  visit(join(root, "src"));
  const own = ["load.js", "firmware.js", "programs.js"].map((name) => join(root, "bin", name));
  for (const file of [...own, installedList(modulesOf(root))]) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** Keeps the newest bundles only; a daemon that still runs from an older one keeps its files open until it is replaced. */
function prune(folder, current) {
  const now = new Date();
  utimesSync(current, now, now);
  const hourMs = 3_600_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (path !== current && now.getTime() - statSync(path).mtimeMs > hourMs)
      rmSync(path, { recursive: true, force: true });
  }
}
