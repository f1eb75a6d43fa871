import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * The folder that holds the packages we run on: a clone's own node_modules or, where maquette is itself an installed
 * package, the node_modules it lies in. Nothing above is taken: what somebody has there is not what we were tried with.
 * @param {string} root
 * @returns {string | undefined} undefined where nothing is installed yet
 */
export function modulesOf(root) {
  const folder = basename(dirname(root)) === "node_modules" ? dirname(root) : join(root, "node_modules");
  return existsSync(installedList(folder)) ? folder : undefined;
}

/** npm's own list of what it installed: it changes whenever a package does. */
export const installedList = (folder) => join(folder, ".package-lock.json");
