import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  digestIn,
  judgeArtefact,
  otherVersions,
  type Artefact,
  type Digest,
  type Found,
  type Place,
  type Seen,
} from "../core/artefact.ts";
import { errnoOf, messageOf } from "../core/fault.ts";
import { digestOf } from "../download/digest.ts";
import { readFromZip } from "./zip.ts";

export interface Places {
  /** The folder of the stack's setting. */
  readonly folder: string | null;
  /** `Folders.cache` */
  readonly cache: string;
}

/** Where what was downloaded is kept, for all clones of a user. */
export const cacheOf = (cache: string): string => join(cache, "artefacts");

const MOST_TEXT_BYTES = 2 ** 20;
/** Of all that a zip unpacks to: a host that installs one has some gigabytes. */
const MOST_UNPACKED_BYTES = 2 ** 30;

/** Looks for an artefact where it may be, reading it whole; touches no network. */
export async function look(artefact: Artefact, { folder, cache }: Places): Promise<Found> {
  const places: Place[] = [];
  for (const [kind, at] of [
    ["folder", folder],
    ["cache", cacheOf(cache)],
  ] as const) {
    if (at === null) continue;
    const path = join(at, artefact.fileName);
    const seen = await see(artefact, path, kind === "folder");
    places.push({ kind, path, seen });
    // The first that has anything decides: the rest need not be read.
    if (seen.kind !== "absent") break;
  }
  return judgeArtefact(artefact, places);
}

/** @param mustBe its folder was named by somebody, so that it is not there is a mistake */
async function see(artefact: Artefact, path: string, mustBe: boolean): Promise<Seen> {
  const unreadable = (why: string): Seen => ({ kind: "unreadable", why });
  try {
    const is = await stat(path).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    });
    if (is === undefined) {
      const names = await readdir(dirname(path)).catch((error: unknown) => {
        if (errnoOf(error) === "ENOENT" && !mustBe) return [];
        throw error;
      });
      return { kind: "absent", others: otherVersions(artefact, names).map((name) => join(dirname(path), name)) };
    }
    if (!is.isFile()) return unreadable("it is no file");
    return {
      kind: "file",
      digest: await digestOf(path, artefact.digest?.algorithm),
      beside: artefact.digest === null ? await besideOf(path) : null,
      version: artefact.says === undefined ? null : await versionIn(path, artefact.says),
    };
  } catch (error) {
    return unreadable(errnoOf(error) === "ENOENT" ? `there is no folder ${dirname(path)}` : messageOf(error));
  }
}

/** What `FILE.sha256` beside a file says that it should be. @throws Error in words where it says nothing of it */
async function besideOf(path: string): Promise<Digest | null> {
  const beside = `${path}.sha256`;
  let text: string;
  try {
    text = await readFile(beside, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
  const hex = digestIn(text, basename(path));
  if (hex === null) throw new Error(`${beside} has no SHA-256 of it`);
  return { algorithm: "sha256", hex, by: beside };
}

async function versionIn(path: string, { file, version }: NonNullable<Artefact["says"]>): Promise<string | null> {
  const isIt = (name: string): boolean => name === file || (name.endsWith(`/${file}`) && name.split("/").length === 2);
  const content = await readFromZip(path, isIt, MOST_TEXT_BYTES, MOST_UNPACKED_BYTES);
  return content === null ? null : (version.exec(content.toString("latin1"))?.[1] ?? null);
}
