import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isPackage, packagesOf } from "../../bin/modules.js";

/** The repository: bin/load.js says it to what it starts (a bundle does not lie in it); tests run from the sources. */
export function repositoryRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env["MAQUETTE_ROOT"] ?? dirname(dirname(dirname(fileURLToPath(import.meta.url))));
}

/** Where users keep what is their own: in a clone, or beside the node_modules that holds maquette, which are npm's. */
const ownFolder = (root: string): string => (isPackage(root) ? dirname(packagesOf(root)) : root);

/** A stack's Pulumi.<stack>.yaml: the user's own or, where there is none, the one that came with the package. */
export function settingsFile(root: string, stack: string): string {
  const name = `Pulumi.${stack}.yaml`;
  const [own, shipped] = [join(ownFolder(root), name), join(root, name)];
  return !existsSync(own) && existsSync(shipped) ? shipped : own;
}
