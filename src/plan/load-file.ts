import { constants } from "node:fs";
import { lstat, open, readlink, realpath, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errnoOf } from "../core/fault.ts";
import { MAX_BYTES } from "./decode.ts";
import { DOCUMENT_NAMES } from "./names.ts";

/** What keeps a file from being read; a size is that of one which is too large. */
export type NotRead =
  | { readonly errno: string }
  | { readonly kind: "folder" | "link" | "pipe" | "socket" | "device" }
  | { readonly size: number };

export const isRead = (found: Uint8Array | NotRead): found is Uint8Array => found instanceof Uint8Array;

// Not on Windows, which has neither such links to fear for most users, nor pipes with a name in a folder.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;

const CHUNK = 1 << 18;

/**
 * Reads a regular file of a folder, and nothing else: never through a link that leads out of it, and without waiting
 * for anybody. What was opened is what is judged, so nothing can take its place in between.
 * @param limit in bytes; of a larger file none is read
 */
export async function readFileIn(folder: string, name: string, limit: number): Promise<Uint8Array | NotRead> {
  try {
    const path = join(folder, name);
    const found = await readRegular(path, limit);
    if (isRead(found) || !("kind" in found) || found.kind !== "link") return found;
    // One document may stand for another of the same folder.
    const target = resolve(folder, await readlink(path));
    const isInside = [resolve(folder), await realpath(folder)].includes(dirname(target));
    return isInside ? await readRegular(join(folder, basename(target)), limit) : found;
  } catch (error) {
    return { errno: errnoOf(error) ?? "unknown" };
  }
}

/** The documents in a plan's folder by their names, as `loadPlan` reads them; what cannot be read is nobody's content. */
export async function documentsIn(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const read = DOCUMENT_NAMES.map(async (document) => {
    const name = `${document}.yaml`;
    return [name, await readFileIn(folder, name, MAX_BYTES)] as const;
  });
  return new Map((await Promise.all(read)).flatMap(([name, found]) => (isRead(found) ? [[name, found] as const] : [])));
}

async function readRegular(path: string, limit: number): Promise<Uint8Array | NotRead> {
  if (O_NOFOLLOW === 0 && (await lstat(path)).isSymbolicLink()) return { kind: "link" };
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error) ?? "unknown";
    // EMLINK is FreeBSD's word for it; ENXIO is what opening a socket, or a device that is not there, says.
    if (errno === "ELOOP" || errno === "EMLINK") return { kind: "link" };
    return errno === "ENXIO" ? { kind: "socket" } : { errno };
  }
  try {
    return await readOpened(file, limit);
  } finally {
    await file.close();
  }
}

/** The whole of a file that is open, if it is a regular one and no larger than that. */
async function readOpened(file: FileHandle, limit: number): Promise<Uint8Array | NotRead> {
  const is = await file.stat();
  if (is.isDirectory()) return { kind: "folder" };
  if (is.isFIFO()) return { kind: "pipe" };
  if (is.isSocket()) return { kind: "socket" };
  if (!is.isFile()) return { kind: "device" };
  if (is.size > limit) return { size: is.size };
  // It may grow meanwhile, and files of /proc say that they are empty.
  const chunks: Buffer[] = [];
  for (let length = 0; length <= limit;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, length);
    if (bytesRead === 0) return new Uint8Array(Buffer.concat(chunks));
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return { size: limit + 1 };
}
