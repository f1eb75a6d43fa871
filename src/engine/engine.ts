import { copyFile, link, mkdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "../core/fault.ts";
import { diskFault } from "../stack/folders.ts";
import { buildProgram, builtProgram, hasGo, type BuildOptions } from "./build.ts";
import { download } from "./download/download.ts";
import { releaseOf, type Release, type ReleaseName } from "./download/releases.ts";
import { judge, type Standing } from "./download/verified.ts";
import { isExecutable, pulumiOnPath } from "./on-path.ts";
import { pins } from "./pins.ts";

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
    (wanted === undefined || wanted === "download" ? await cliDownloaded(options.cache, env) : undefined) ??
    (wanted === undefined || wanted === "build" ? await cliBuilt(options) : undefined);
  const released = wanted === "build" ? undefined : await pluginDownloaded(options.cache, env);
  const built =
    wanted === undefined || wanted === "build" ? await builtProgram("pulumi-resource-proxmoxve", options) : undefined;
  const plugin = released ?? (built === undefined ? undefined : bridge(built));
  return { ...cli, ...(plugin ? { plugin } : {}) };
}

/**
 * What stands where a release's programs would, and where that is.
 * @param thorough reads the programs whole
 */
export async function standingDownload(
  name: ReleaseName,
  options: { readonly cache: string; readonly env?: NodeJS.ProcessEnv; readonly thorough: boolean },
): Promise<{ readonly folder: string; readonly standing: Standing } | undefined> {
  const release = releaseHere(name, options.env ?? process.env);
  if (release === undefined) return undefined;
  const folder = join(engineFolder(options.cache), release.folder);
  return { folder, standing: await judge(folder, release, options.thorough) };
}

const engineFolder = (cache: string): string => join(cache, "engine");

/** Undefined where nothing is published for this machine: then there is nothing to find either. */
function releaseHere(name: ReleaseName, env: NodeJS.ProcessEnv): Release | undefined {
  try {
    return releaseOf(name, env);
  } catch (error) {
    if (error instanceof Fault && error.code === "ENGINE_NO_RELEASE") return undefined;
    throw error;
  }
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
  const found = await pulumiOnPath(env);
  if (found === undefined || found.kind === "unfit") return undefined;
  const { file, language, version } = found;
  return { cli: { file, version, source: "path" }, language: { file: language, version, source: "path" } };
}

async function cliDownloaded(cache: string, env: NodeJS.ProcessEnv): Promise<Cli | undefined> {
  const found = await standingDownload("pulumi", { cache, env, thorough: false });
  return found?.standing.kind === "verified" ? cliIn(found.folder) : undefined;
}

const cliIn = (folder: string): Cli => ({
  cli: { file: join(folder, "pulumi"), version: pins.cli, source: "download" },
  language: { file: join(folder, "pulumi-language-nodejs"), version: pins.cli, source: "download" },
});

async function pluginDownloaded(cache: string, env: NodeJS.ProcessEnv): Promise<Program | undefined> {
  const found = await standingDownload("proxmoxve", { cache, env, thorough: false });
  return found?.standing.kind === "verified" ? pluginIn(found.folder) : undefined;
}

const pluginIn = (folder: string): Program => ({
  file: join(folder, "pulumi-resource-proxmoxve"),
  version: pins.plugin,
  source: "download",
});

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
  const found = await pulumiOnPath(env);
  if (wantedSource(env) === "path") {
    throw new Fault(
      "ENGINE_NOT_ON_PATH",
      found?.kind === "unfit"
        ? `The pulumi on PATH does not serve: ${found.why}.`
        : `There is no pulumi ${pins.cliAtLeast} or newer on PATH with its Node language host.`,
      "Install Pulumi (pulumi.com/docs/install), or unset MAQUETTE_ENGINE.",
    );
  }
  if (found?.kind === "unfit" && wantedSource(env) === undefined)
    options.onProgress(`${found.why}: it stays as it is, and another is got for the lab`);
  return downloadElse("pulumi", options, env, cliIn, async () => {
    const cli = await buildProgram("pulumi", options);
    const language = await buildProgram("pulumi-language-nodejs", options);
    return assemble(options.cache, cli, language);
  });
}

async function getPlugin(options: EngineOptions, env: NodeJS.ProcessEnv, cli: Program): Promise<Program> {
  const build = async (): Promise<Program> => bridge(await buildProgram("pulumi-resource-proxmoxve", options));
  // A CLI that had to be built says that nothing outside the registries can be reached: do not wait for it twice.
  return cli.source === "build" ? build() : downloadElse("proxmoxve", options, env, pluginIn, build);
}

/** Downloads a release; where it cannot be reached its programs are built, unless downloads alone are asked for. */
async function downloadElse<T>(
  name: ReleaseName,
  options: EngineOptions,
  env: NodeJS.ProcessEnv,
  use: (folder: string) => T,
  build: () => Promise<T>,
): Promise<T> {
  const wanted = wantedSource(env);
  if (wanted === "build") return build();
  let failure: Fault;
  try {
    const release = releaseOf(name, env);
    options.onProgress(`getting ${name} ${release.version} from ${new URL(release.url).host}`);
    const { onProgress, signal } = options;
    return use(await download(release, { folder: engineFolder(options.cache), env, onProgress, signal }));
  } catch (error) {
    // What came is not what was published, or somebody asked to stop, or the disk is full: no reason to go on with Go.
    if (!(error instanceof Fault) || !["ENGINE_DOWNLOAD", "ENGINE_NO_RELEASE"].includes(error.code)) throw error;
    if (wanted === "download") throw error;
    failure = error;
  }
  if (!(await hasGo())) throw withoutGo(failure);
  options.onProgress(`${failure.message} Building with Go instead, which takes some ten minutes the first time`);
  try {
    return await build();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.code, `${error.message}\n  tried before: ${failure.message}`, error.hint, error);
  }
}

/** Neither network nor Go. */
const withoutGo = (failure: Fault): Fault =>
  new Fault(
    "ENGINE_UNAVAILABLE",
    `Pulumi's engine cannot be had. ${failure.message} And there is no Go ${pins.goAtLeast} or newer here to build it with.`,
    `One of these: let this machine reach github.com (HTTPS_PROXY names a proxy, MAQUETTE_ENGINE_MIRROR a copy of the files: docs/engine.md); install Go ${pins.goAtLeast} or newer (go.dev/doc/install); put Pulumi ${pins.cliAtLeast} or newer on PATH (pulumi.com/docs/install), which saves the larger of the two downloads. Then run the same command again.`,
    failure,
  );

const pluginFile = (home: string): string =>
  join(home, "plugins", `resource-proxmoxve-v${pins.plugin}`, "pulumi-resource-proxmoxve");

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
