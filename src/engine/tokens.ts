import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../core/fault.ts";

/** The provider's npm package, in the folder of packages. */
export const NPM_PACKAGE = "@muhlba91/pulumi-proxmoxve";

/**
 * The type tokens of the installed npm package, as JSON for the bridge to embed: its resources' `__pulumiType`
 * and the functions that it invokes. The names are the package's, so a program cannot tell the bridge from the
 * released plugin by them.
 */
export async function npmTokens(packages: string): Promise<string> {
  const folder = join(packages, NPM_PACKAGE);
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string };
  const resources = new Set<string>();
  const functions = new Set<string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".js") || entry.parentPath.startsWith(join(folder, "node_modules")))
      continue;
    const text = await readFile(join(entry.parentPath, entry.name), "utf8");
    for (const m of text.matchAll(/__pulumiType = ["'](proxmoxve:[^"']+)/g)) resources.add(m[1]!);
    for (const m of text.matchAll(/invoke(?:Output)?\(["'](proxmoxve:[^"']+)/g)) functions.add(m[1]!);
  }
  if (resources.size === 0) {
    throw new Fault("ENGINE_NO_TOKENS", `${folder} holds no resource: it is damaged.`, "Run `npm ci`, then try again.");
  }
  return JSON.stringify({ version, resources: [...resources].sort(), functions: [...functions].sort() });
}
