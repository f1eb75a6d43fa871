import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { roleTemplateNames } from "../roles/registry.ts";
import { seedTemplateNames, type SeedTemplates } from "../roles/seed.ts";

/** Reads `templates/seed/` of the repository. */
export async function readSeedTemplates(root: string): Promise<SeedTemplates> {
  const read = seedTemplateNames.map(
    async (name) => [name, await readFile(join(root, "templates/seed", name), "utf8")] as const,
  );
  return new Map(await Promise.all(read));
}

/** Reads what the roles fill, by `<role>/<file>`. */
export async function readRoleTemplates(root: string): Promise<ReadonlyMap<string, string>> {
  const read = roleTemplateNames.map(
    async (name) => [name, await readFile(join(root, "templates", name), "utf8")] as const,
  );
  return new Map(await Promise.all(read));
}
