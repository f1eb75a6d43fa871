import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { digestIn } from "../../core/artefact.ts";
import { Fault, messageOf } from "../../core/fault.ts";
import { isOfDisk } from "../../download/failures.ts";
import { fetchFile, fetchText, type FetchOptions, type Purpose } from "../../download/fetch.ts";
import { diskFault } from "../../stack/folders.ts";
import { alone } from "../alone.ts";
import type { Release } from "./releases.ts";
import { unpack } from "./unpack.ts";
import { judge, writeVerified } from "./verified.ts";

/** The largest archive has some 120 MiB, a checksums file a few lines. */
const MOST_ARCHIVE_BYTES = 2 ** 30;
const MOST_SUMS_BYTES = 2 ** 20;

const purpose: Purpose = {
  code: "ENGINE",
  hint: "Check the network; HTTPS_PROXY names a proxy, MAQUETTE_ENGINE_MIRROR a copy of the files (docs/engine.md). Then run the same command again.",
};

export interface DownloadOptions extends Omit<FetchOptions, "purpose"> {
  /** `Folders.cache`/engine */
  readonly folder: string;
}

/**
 * Downloads a release, holds its archive against the digest that is pinned or published, and puts its programs at their
 * place in one step, with a record of what was verified. What was downloaded before is not asked for again; what stands
 * at its place without such a record is replaced.
 * @returns the folder of its programs
 * @throws Fault ENGINE_DOWNLOAD, ENGINE_DIGEST, ENGINE_ARCHIVE, ENGINE_PROXY, ENGINE_INTERRUPTED, DISK_…
 */
export async function download(release: Release, options: DownloadOptions): Promise<string> {
  const place = join(options.folder, release.folder);
  try {
    return await alone(options.folder, async () => {
      if ((await judge(place, release, false)).kind === "verified") return place;
      // A name that the next one to come clears away, should this process be killed.
      const temporary = await mkdtemp(join(options.folder, ".download-"));
      try {
        await rename(await bring(release, temporary, { ...options, purpose }), await emptied(place));
        return place;
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    });
  } catch (error) {
    throw diskFault(error, `download ${release.archive} into ${options.folder}`);
  }
}

async function bring(release: Release, temporary: string, options: FetchOptions): Promise<string> {
  const { archive, url } = release;
  const wanted = release.pinned ?? publishedDigest(await fetchText(release.sums, MOST_SUMS_BYTES, options), release);
  const by = release.pinned === undefined ? release.sums : "pinned";
  const file = join(temporary, "archive");
  const sha256 = await fetchFile(url, file, MOST_ARCHIVE_BYTES, options);
  if (sha256 !== wanted) {
    throw new Fault(
      "ENGINE_DIGEST",
      `${url} is not what was published: its SHA-256 is ${sha256}, and ${by === "pinned" ? "src/engine/pins.ts" : by} says ${wanted}. It was not unpacked.`,
      `Somebody on the way may have changed it, or a mirror may hold another version. Find out before you go on; MAQUETTE_ENGINE=build builds the engine from pinned modules instead.`,
    );
  }
  options.onProgress(`unpacking ${archive}`);
  const folder = join(temporary, "programs");
  await mkdir(folder, { mode: 0o700 });
  try {
    await unpack(file, release.programs, folder);
  } catch (error) {
    if (isOfDisk(error)) throw error;
    throw new Fault(
      "ENGINE_ARCHIVE",
      `${url} cannot be unpacked: ${messageOf(error)}.`,
      "It is what was published, so this is for the publisher or us to mend: report it. MAQUETTE_ENGINE=build builds the engine instead.",
      error,
    );
  }
  await writeVerified(folder, release, { sha256, by });
  return folder;
}

/** @throws Fault ENGINE_DIGEST where the sums have none of the archive */
function publishedDigest(text: string, { archive, sums: url }: Release): string {
  const digest = digestIn(text, archive);
  if (digest !== null) return digest;
  throw new Fault(
    "ENGINE_DIGEST",
    `${url} has no SHA-256 of ${archive}, so nothing tells whether it is what was published.`,
    "A mirror may hold another version. MAQUETTE_ENGINE=build builds the engine from pinned modules instead.",
  );
}

async function emptied(place: string): Promise<string> {
  await rm(place, { recursive: true, force: true });
  return place;
}
