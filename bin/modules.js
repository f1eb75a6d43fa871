import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Is maquette itself an installed package? Then its folder is npm's, and the user's own is the one that holds node_modules.
 * @param {string} root
 */
export const isPackage = (root) => basename(dirname(root)) === "node_modules";

/**
 * The folder that holds the packages we run on: a clone's own node_modules or, where maquette is itself an installed
 * package, the node_modules it lies in. Nothing above is taken: what somebody has there is not what we were tried with.
 * @param {string} root
 */
export const packagesOf = (root) => (isPackage(root) ? dirname(root) : join(root, "node_modules"));

/**
 * The same, once something is installed there.
 * @param {string} root
 * @returns {string | undefined}
 */
export function modulesOf(root) {
  const folder = packagesOf(root);
  return existsSync(installedList(folder)) ? folder : undefined;
}

/** npm's own list of what it installed: it changes whenever a package does. */
export const installedList = (folder) => join(folder, ".package-lock.json");
