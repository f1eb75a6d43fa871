import { access, constants, copyFile, link, mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { diskFault } from "../stack/folders.ts";
import { alone, buildProgram, builtProgram, type BuildOptions } from "./build.ts";
import { compareVersions, pins, pluginServer } from "./pins.ts";
import { run } from "./run.ts";

/** Where a program of the engine came from. `build` is a stand-in: said so by `doctor`. */
export type Source = "path" | "download" | "build";

export interface Program {
  readonly file: string;
  readonly version: string;
  readonly source: Source;
}

/** Pulumi's three programs: the CLI (its language host stands beside it or on PATH) and the provider plugin. */
export interface Engine {
  readonly cli: Program;
  readonly language: Program;
  readonly plugin: Program;
}

export interface EngineOptions extends BuildOptions {
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Finds the engine, or gets it: `pulumi` on PATH if recent enough, else the official downloads, else builds of
 * pinned Go modules. MAQUETTE_ENGINE=path|download|build asks for one source only.
 * @throws Fault ENGINE_…, with every source that was tried and why it failed
 */
export async function getEngine(options: EngineOptions): Promise<Engine> {
  const found = await findEngine(options);
  const env = options.env ?? process.env;
  const { cli, language } =
    found.cli && found.language ? { cli: found.cli, language: found.language } : await getCli(options, env);
  const plugin = found.plugin ?? (await getPlugin(options, env, cli));
  return { cli, language, plugin };
}

/** What is here already, without getting anything. */
export async function findEngine(options: Omit<EngineOptions, "onProgress">): Promise<Partial<Engine>> {
  const env = options.env ?? process.env;
  const wanted = wantedSource(env);
  const cli =
    (wanted === undefined || wanted === "path" ? await cliOnPath(env) : undefined) ??
    (wanted === undefined || wanted === "download" ? await cliDownloaded(options.cache) : undefined) ??
    (wanted === undefined || wanted === "build" ? await cliBuilt(options) : undefined);
  const released = wanted === "build" ? undefined : await pluginReleased(options.cache);
  const built =
    wanted === undefined || wanted === "build" ? await builtProgram("pulumi-resource-proxmoxve", options) : undefined;
  const plugin = released ?? (built === undefined ? undefined : bridge(built));
  return { ...cli, ...(plugin ? { plugin } : {}) };
}

function wantedSource(env: NodeJS.ProcessEnv): Source | undefined {
  const value = env["MAQUETTE_ENGINE"];
  if (value === undefined || value === "") return undefined;
  if (value === "path" || value === "download" || value === "build") return value;
  throw new Fault(
    "ENGINE_SOURCE",
    `MAQUETTE_ENGINE is "${value}".`,
    "Use path, download or build, or unset it to try all three in this order.",
  );
}

type Cli = Pick<Engine, "cli" | "language">;

async function cliOnPath(env: NodeJS.ProcessEnv): Promise<Cli | undefined> {
  const file = await which("pulumi", env);
  if (file === undefined) return undefined;
  const version = await versionOf(file, env);
  if (version === undefined || compareVersions(version, pins.cliAtLeast) < 0) return undefined;
  const language = (await which("pulumi-language-nodejs", env, [dirname(file)])) ?? undefined;
  if (language === undefined) return undefined;
  return { cli: { file, version, source: "path" }, language: { file: language, version, source: "path" } };
}

async function cliDownloaded(cache: string): Promise<Cli | undefined> {
  const file = join(downloadFolder(cache), "bin", "pulumi");
  const language = join(dirname(file), "pulumi-language-nodejs");
  if (!(await isExecutable(file)) || !(await isExecutable(language))) return undefined;
  return {
    cli: { file, version: pins.cli, source: "download" },
    language: { file: language, version: pins.cli, source: "download" },
  };
}

async function cliBuilt(options: Pick<BuildOptions, "root" | "cache">): Promise<Cli | undefined> {
  const cli = await builtProgram("pulumi", options);
  const language = await builtProgram("pulumi-language-nodejs", options);
  if (cli === undefined || language === undefined) return undefined;
  return assemble(options.cache, cli, language);
}

/** The CLI looks for its language host beside itself, so both are linked into one folder. */
async function assemble(cache: string, cli: string, language: string): Promise<Cli> {
  const folder = join(cache, "engine", `bin-${dirname(cli).slice(-16)}-${dirname(language).slice(-16)}`);
  const put = async (from: string): Promise<string> => {
    const to = join(folder, from.slice(dirname(from).length + 1));
    if (await isExecutable(to)) return to;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = `${to}.${process.pid}.tmp`;
    await rm(temporary, { force: true });
    await link(from, temporary).catch(async () => copyFile(from, temporary));
    await rename(temporary, to);
    return to;
  };
  return {
    cli: { file: await put(cli), version: pins.cli, source: "build" },
    language: { file: await put(language), version: pins.language, source: "build" },
  };
}

const bridge = (file: string): Program => ({ file, version: pins.plugin, source: "build" });

async function getCli(options: EngineOptions, env: NodeJS.ProcessEnv): Promise<Cli> {
  const wanted = wantedSource(env);
  const tried: string[] = [];
  if (wanted === "path") {
    throw new Fault(
      "ENGINE_NOT_ON_PATH",
      `There is no pulumi ${pins.cliAtLeast} or newer on PATH with its Node language host.`,
      "Install Pulumi (pulumi.com/docs/install), or unset MAQUETTE_ENGINE.",
    );
  }
  if (wanted !== "build") {
    options.onProgress(`getting Pulumi ${pins.cli} from pulumi.com`);
    try {
      return await downloadCli(options.cache);
    } catch (error) {
      tried.push(`download: ${messageOf(error)}`);
      if (wanted === "download") throw unavailable(tried, error);
      options.onProgress(
        `no download (${messageOf(error)}); building it with Go instead, which takes some ten minutes the first time`,
      );
    }
  }
  try {
    const cli = await buildProgram("pulumi", options);
    const language = await buildProgram("pulumi-language-nodejs", options);
    return await assemble(options.cache, cli, language);
  } catch (error) {
    throw withTried(tried, error);
  }
}

async function getPlugin(options: EngineOptions, env: NodeJS.ProcessEnv, cli: Program): Promise<Program> {
  const wanted = wantedSource(env);
  const tried: string[] = [];
  // A CLI that had to be built says that nothing outside the registries can be reached: do not wait for it twice.
  if (wanted !== "build" && cli.source !== "build") {
    options.onProgress(`getting the Proxmox VE provider plugin ${pins.plugin}`);
    try {
      return await downloadPlugin(options.cache, cli, env);
    } catch (error) {
      tried.push(`download: ${messageOf(error)}`);
      if (wanted === "download") throw unavailable(tried, error);
      options.onProgress(`no download (${messageOf(error)}); building a bridge over bpg's provider with Go instead`);
    }
  }
  try {
    return bridge(await buildProgram("pulumi-resource-proxmoxve", options));
  } catch (error) {
    throw withTried(tried, error);
  }
}

function unavailable(tried: readonly string[], cause: unknown): Fault {
  return new Fault(
    "ENGINE_UNAVAILABLE",
    `Pulumi's engine cannot be had: ${tried.join("; ")}.`,
    "Check the network, or unset MAQUETTE_ENGINE so that it may be built with Go.",
    cause,
  );
}

function withTried(tried: readonly string[], error: unknown): unknown {
  if (!(error instanceof Fault) || tried.length === 0) return error;
  return new Fault(error.code, `${error.message}\n  tried before: ${tried.join("; ")}`, error.hint, error);
}

const downloadFolder = (cache: string): string => join(cache, "engine", `download-${pins.cli}`);

/** Beside its place, then moved there in one step: a download that was killed half-way is not taken for a whole one. */
async function downloadCli(cache: string): Promise<Cli> {
  const root = downloadFolder(cache);
  return alone(dirname(root), async () => {
    const before = await cliDownloaded(cache);
    if (before) return before;
    const temporary = await mkdtemp(join(dirname(root), ".download-"));
    try {
      const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
      const semver = await import("semver");
      const install = PulumiCommand.install({ version: new semver.SemVer(pins.cli), root: temporary });
      await withDeadline(install, 300_000, "downloading Pulumi");
      await rm(root, { recursive: true, force: true });
      await rename(temporary, root);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    const got = await cliDownloaded(cache);
    if (!got) throw new Error("the installer left no pulumi behind");
    return got;
  });
}

const pluginHome = (cache: string): string => join(cache, "engine", `plugin-${pins.plugin}`);
const pluginFile = (home: string): string =>
  join(home, "plugins", `resource-proxmoxve-v${pins.plugin}`, "pulumi-resource-proxmoxve");

async function pluginReleased(cache: string): Promise<Program | undefined> {
  const file = pluginFile(pluginHome(cache));
  return (await isExecutable(file)) ? { file, version: pins.plugin, source: "download" } : undefined;
}

async function downloadPlugin(cache: string, cli: Program, env: NodeJS.ProcessEnv): Promise<Program> {
  const home = pluginHome(cache);
  const args = ["plugin", "install", "resource", "proxmoxve", pins.plugin, "--server", pluginServer];
  const result = await run(cli.file, args, {
    env: {
      ...env,
      PULUMI_HOME: home,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "",
    },
    deadlineMs: 300_000,
  });
  const got = await pluginReleased(cache);
  if (result.code !== 0 || !got)
    throw new Error(result.stderr.trim().split("\n").at(-1) ?? "pulumi plugin install failed");
  return got;
}

/**
 * Makes a private PULUMI_HOME in which the CLI finds the plugin under its released name, whatever its source.
 * @param home `Folders.pulumiHome`
 */
export async function installPlugin(home: string, plugin: Program): Promise<void> {
  const file = pluginFile(home);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await rm(temporary, { force: true });
    await symlink(plugin.file, temporary);
    await rename(temporary, file);
  } catch (error) {
    throw diskFault(error, `write ${file}`);
  }
}

async function versionOf(file: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const result = await run(file, ["version"], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    deadlineMs: 30_000,
  }).catch((error: unknown) => {
    // One that cannot say its version is not one to rely on.
    if (error instanceof Fault) return { stdout: "" };
    throw error;
  });
  return /v?(\d+\.\d+\.\d+)/.exec(result.stdout)?.[1];
}

async function which(name: string, env: NodeJS.ProcessEnv, first: readonly string[] = []): Promise<string | undefined> {
  const folders = [...first, ...(env["PATH"] ?? "").split(delimiter)].filter((f) => f !== "");
  for (const folder of folders) {
    const file = join(folder, name);
    // The `pulumi` of `maquette env` is our own wrapper: it is not an engine.
    if ((await isExecutable(file)) && !(await isExecutable(join(folder, ".maquette-wrapper")))) return file;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return false;
    throw error;
  }
}

async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
