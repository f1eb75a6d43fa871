import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errnoOf } from "../../core/fault.ts";
import { digestOf } from "../../download/digest.ts";
import { writePrivate } from "../../stack/folders.ts";
import type { Release } from "./releases.ts";

/** What was verified, kept beside the programs: a file at their place that it does not tell of is nobody's. */
const verifiedSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Of the archive. */
  url: z.string(),
  sha256: z.string(),
  /** `pinned`, or the URL of the checksums file that said so. */
  by: z.string(),
  /** ISO 8601. */
  at: z.string(),
  programs: z.record(z.string(), z.strictObject({ sha256: z.string(), size: z.int(), modifiedMs: z.number() })),
});
export type Verified = z.infer<typeof verifiedSchema>;

const FILE = "verified.json";

export const writeVerified = async (
  folder: string,
  release: Release,
  archive: Pick<Verified, "sha256" | "by">,
): Promise<void> => {
  const programs: Record<string, Verified["programs"][string]> = {};
  for (const name of release.programs.values()) {
    const file = join(folder, name);
    const { size, mtimeMs } = await stat(file);
    programs[name] = { sha256: await digestOf(file), size, modifiedMs: mtimeMs };
  }
  const { name, version, url } = release;
  const record: Verified = { name, version, url, ...archive, at: new Date().toISOString(), programs };
  await writePrivate(join(folder, FILE), JSON.stringify(record, undefined, 2));
};

/** What stands at a release's place. */
export type Standing =
  | { readonly kind: "absent" }
  | { readonly kind: "verified"; readonly record: Verified }
  | { readonly kind: "unverified"; readonly why: string };

/**
 * Judges what stands at a release's place.
 * @param thorough reads the programs whole; else their size and time are compared with what was verified
 */
export async function judge(folder: string, release: Release, thorough: boolean): Promise<Standing> {
  if (!(await isThere(folder))) return { kind: "absent" };
  let record: Verified;
  try {
    record = verifiedSchema.parse(JSON.parse(await readFile(join(folder, FILE), "utf8")));
  } catch {
    return { kind: "unverified", why: `no record beside it says that it was verified (${FILE})` };
  }
  if (record.name !== release.name || record.version !== release.version)
    return { kind: "unverified", why: `its record is of ${record.name} ${record.version}` };
  if (release.pinned !== undefined && record.sha256 !== release.pinned)
    return { kind: "unverified", why: "another archive is pinned than the one that it came from" };
  for (const name of release.programs.values()) {
    const file = join(folder, name);
    const was = record.programs[name];
    const is = await stat(file).catch(() => undefined);
    if (is?.isFile() !== true) return { kind: "unverified", why: `${name} is not there` };
    const isSame =
      was !== undefined && is.size === was.size && is.mtimeMs === was.modifiedMs && (is.mode & 0o100) !== 0;
    if (!isSame || (thorough && (await digestOf(file)) !== was.sha256))
      return { kind: "unverified", why: `${name} is not the file that was verified` };
  }
  return { kind: "verified", record };
}

async function isThere(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return false;
    throw error;
  }
}
