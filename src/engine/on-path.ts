import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { errnoOf, Fault } from "../core/fault.ts";
import { compareVersions, pins } from "./pins.ts";
import { run } from "./run.ts";

/** A `pulumi` on PATH: with its Node language host, or why it does not serve. */
export type OnPath =
  | { readonly kind: "fit"; readonly file: string; readonly version: string; readonly language: string }
  | { readonly kind: "unfit"; readonly file: string; readonly why: string };

/** The first `pulumi` on PATH; undefined when there is none. */
export async function pulumiOnPath(env: NodeJS.ProcessEnv): Promise<OnPath | undefined> {
  const file = await which("pulumi", env);
  if (file === undefined) return undefined;
  const unfit = (why: string): OnPath => ({ kind: "unfit", file, why: `${file} ${why}` });
  const version = await versionOf(file, env);
  if (version === undefined) return unfit("does not say its version");
  if (compareVersions(version, pins.cliAtLeast) < 0)
    return unfit(`is ${version}, and ${pins.cliAtLeast} or newer is needed`);
  if (compareVersions(version, pins.cliBelow) >= 0)
    return unfit(`is ${version}, and nothing of ${pins.cliBelow} or newer was tried`);
  const language = await which("pulumi-language-nodejs", env, [dirname(file)]);
  if (language === undefined) return unfit("has no pulumi-language-nodejs beside it or on PATH");
  return { kind: "fit", file, version, language };
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

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return false;
    throw error;
  }
}
