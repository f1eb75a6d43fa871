import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository: bin/load.js says it to what it starts (a bundle does not lie in it); tests run from the sources. */
export function repositoryRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env["MAQUETTE_ROOT"] ?? dirname(dirname(dirname(fileURLToPath(import.meta.url))));
}
