import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { packagesOf } from "../../bin/modules.js";
import { Fault } from "../core/fault.ts";
import { diskFault } from "../stack/folders.ts";
import { alone } from "./alone.ts";
import { compareVersions, pins } from "./pins.ts";
import { run } from "./run.ts";
import { NPM_PACKAGE, npmTokens } from "./tokens.ts";

/** One of the three programs of the engine that the Go client builds. */
export type ProgramName = "pulumi" | "pulumi-language-nodejs" | "pulumi-resource-proxmoxve";

interface Recipe {
  readonly name: ProgramName;
  /** Folder under tools/engine. */
  readonly module: string;
  readonly command: string;
  readonly ldflags: string;
  /** Commands to run between: what generates files that the command embeds. */
  readonly prepare?: (source: string, go: GoRunner) => Promise<void>;
}

type GoRunner = (args: readonly string[], cwd: string) => Promise<void>;

const recipes: readonly Recipe[] = [
  {
    name: "pulumi",
    module: "cli",
    command: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ldflags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pins.cli}`,
  },
  {
    name: "pulumi-language-nodejs",
    module: "language",
    command: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    ldflags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pins.language}`,
  },
  {
    name: "pulumi-resource-proxmoxve",
    module: "proxmoxve",
    command: "./cmd/pulumi-resource-proxmoxve",
    ldflags: "-s -w",
    async prepare(source, go) {
      const generator = join(source, "pulumi-tfgen-proxmoxve");
      await go(
        ["build", "-v", "-trimpath", "-ldflags", "-s -w", "-o", generator, "./cmd/pulumi-tfgen-proxmoxve"],
        source,
      );
      const out = join(source, "cmd", "pulumi-resource-proxmoxve");
      const made = await run(generator, ["schema", "--skip-docs", "--skip-examples", "--out", out], {
        cwd: source,
        deadlineMs: 300_000,
      });
      if (made.code !== 0) {
        throw new Fault(
          "ENGINE_SCHEMA",
          `The bridge over bpg's provider ${pins.bpg} could not write its schema: ${made.stderr.slice(-800)}`,
          "This is a defect of tools/engine/proxmoxve against the installed @muhlba91/pulumi-proxmoxve: run `npm ci`, then try again.",
        );
      }
    },
  },
];

export interface BuildOptions {
  /** The repository. */
  readonly root: string;
  /** `Folders.cache`. */
  readonly cache: string;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** The file of a program if it was built before from the same sources, else undefined. */
export async function builtProgram(
  name: ProgramName,
  options: Pick<BuildOptions, "root" | "cache">,
): Promise<string | undefined> {
  const file = join(await programFolder(name, options), name);
  return (await isFile(file)) ? file : undefined;
}

/**
 * Builds a program from its pinned Go module, or returns the one built before. One build at a time a cache.
 * @throws Fault ENGINE_NO_GO, ENGINE_BUILD, ENGINE_DEADLINE, ENGINE_INTERRUPTED, DISK_…
 */
export async function buildProgram(name: ProgramName, options: BuildOptions): Promise<string> {
  const recipe = recipes.find((r) => r.name === name)!;
  const folder = await programFolder(name, options);
  const file = join(folder, name);
  if (await isFile(file)) return file;
  await requireGo();
  try {
    return await build(recipe, folder, options);
  } catch (error) {
    throw diskFault(error, `build ${name} in ${dirname(folder)}`);
  }
}

async function build(recipe: Recipe, folder: string, options: BuildOptions): Promise<string> {
  const { name } = recipe;
  const file = join(folder, name);
  return alone(dirname(folder), async () => {
    if (await isFile(file)) return file;
    // Out of the repository: the generator writes beside the sources.
    const source = await mkdtemp(join(dirname(folder), `.build-${name}-`));
    try {
      await cp(join(options.root, "tools/engine", recipe.module), source, { recursive: true });
      if (recipe.module === "proxmoxve") {
        await writeFile(join(source, "bridge/tokens.json"), await npmTokens(packagesOf(options.root)));
      }
      const go = goRunner(name, options);
      await recipe.prepare?.(source, go);
      const built = join(source, `built-${name}`);
      await go(["build", "-v", "-trimpath", "-ldflags", recipe.ldflags, "-o", built, recipe.command], source);
      await chmod(built, 0o755);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await rename(built, file);
    } finally {
      await rm(source, { recursive: true, force: true });
    }
    return file;
  });
}

function goRunner(name: ProgramName, options: BuildOptions): GoRunner {
  return async (args, cwd) => {
    let packages = 0;
    let downloads = 0;
    const started = Date.now();
    let shown = 0;
    const onLine = (line: string): void => {
      if (line.startsWith("go: downloading")) downloads++;
      else if (!line.startsWith("go: ") && /^[\w.-]+(\/|$)/.test(line)) packages++;
      // A line every five seconds is progress; a line a package is noise.
      if (Date.now() - shown < 5_000) return;
      shown = Date.now();
      const seconds = Math.round((shown - started) / 1000);
      options.onProgress(
        `building ${name}: ${downloads} modules downloaded, ${packages} packages compiled, ${seconds} s`,
      );
    };
    const result = await run("go", args, {
      cwd,
      env: { ...process.env, GOFLAGS: "-mod=mod -buildvcs=false", GOWORK: "off", CGO_ENABLED: "0" },
      deadlineMs: 45 * 60_000,
      onLine,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (result.code !== 0) {
      const last = result.stderr
        .split("\n")
        .filter((l) => !l.startsWith("go: downloading"))
        .slice(-6)
        .join("\n  ");
      throw new Fault(
        "ENGINE_BUILD",
        `Building ${name} with Go failed (exit ${result.code}):\n  ${last}`,
        "Check that Go's module proxy can be reached (`go env GOPROXY`) and that the disk has 6 GB free; then run the same command again, it goes on where it stopped.",
      );
    }
  };
}

/** @throws Fault ENGINE_NO_GO */
async function requireGo(): Promise<void> {
  const found = await goVersion();
  if (found === undefined || compareVersions(found, pins.goAtLeast) < 0) {
    throw new Fault(
      "ENGINE_NO_GO",
      found === undefined
        ? "There is no Go here to build the engine with."
        : `Go ${found} is too old to build the engine: ${pins.goAtLeast} or newer is needed.`,
      `Install Go ${pins.goAtLeast} or newer (go.dev/doc/install), or put Pulumi ${pins.cliAtLeast} or newer on PATH (pulumi.com/docs/install), or let this machine reach github.com. Then run the same command again.`,
    );
  }
}

/** Whether there is a Go that can build the engine. */
export async function hasGo(): Promise<boolean> {
  const found = await goVersion();
  return found !== undefined && compareVersions(found, pins.goAtLeast) >= 0;
}

/** `1.26.8`, or undefined when there is no Go on PATH. */
export async function goVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run("go", ["env", "GOVERSION"], { deadlineMs: 30_000 });
    return /go(\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  } catch (error) {
    if (error instanceof Fault && error.code === "ENGINE_NO_PROGRAM") return undefined;
    throw error;
  }
}

/** Keyed by what is in it: the module's files, the recipe and, for the bridge, the npm package's names. */
async function programFolder(name: ProgramName, options: Pick<BuildOptions, "root" | "cache">): Promise<string> {
  const recipe = recipes.find((r) => r.name === name)!;
  const hash = createHash("sha256").update(`${recipe.command}\0${recipe.ldflags}\0${process.platform}-${process.arch}`);
  const folder = join(options.root, "tools/engine", recipe.module);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile());
  for (const path of files.map((e) => join(e.parentPath, e.name)).sort()) {
    hash.update(`\0${relative(folder, path)}\0`).update(await readFile(path));
  }
  if (recipe.module === "proxmoxve") {
    hash.update(await readFile(join(packagesOf(options.root), NPM_PACKAGE, "package.json")));
  }
  return join(options.cache, "engine", `${name}-${hash.digest("hex").slice(0, 16)}`);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (s) => s.isFile(),
    () => false,
  );
}
