import { close, constants, createReadStream, fstat, open, read } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";
import { errnoOf, Fault } from "../core/fault.ts";

/*
 * Files that a user names on the command line. Where a link leads is then the user's own choice, and a pipe is read as a
 * shell's `<(…)` makes one; but nobody waits for a program that is not there, and no memory is filled.
 */

/** How long a pipe that nobody has opened for writing yet may stay so: a shell may start its program after us, and slowly. */
const WRITER_MS = 5_000;
const PAUSE_MS = 50;

const isStandardInput = (file: string): boolean => file === "-" || file === "/dev/stdin";

type Chunks = AsyncIterable<Uint8Array>;

/**
 * A file's bytes; `-` is standard input.
 * @param limit in bytes
 * @param writerMs how long to wait for somebody who writes into a pipe
 * @throws Fault CLI_NO_FILE, CLI_FILE_TOO_LARGE
 */
export async function readNamed(
  file: string,
  limit: number,
  hint = "Give the path of a file.",
  writerMs = WRITER_MS,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of await openNamed(file, hint, limit, writerMs)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) throw tooLarge(file, `more than ${limit}`, limit);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/**
 * The same as they come.
 * @param limit of a regular file; none if left out
 * @throws Fault CLI_NO_FILE, CLI_FILE_TOO_LARGE
 */
export async function openNamed(file: string, hint: string, limit = Infinity, writerMs = WRITER_MS): Promise<Chunks> {
  if (isStandardInput(file)) return process.stdin as Chunks;
  const flags = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);
  const fd = await promisify(open)(file, flags).catch((error: unknown) => {
    throw noFile(file, errnoOf(error), hint, error);
  });
  let chunks: Chunks | undefined;
  try {
    // Open all the time: a program that opens the pipe between two looks would otherwise write to nobody.
    for (const deadline = Date.now() + writerMs; ;) {
      chunks = await chunksOf(fd, file, hint, limit);
      if (chunks !== undefined) return chunks;
      if (Date.now() > deadline) throw noFile(file, "EPIPE", hint);
      // A pipe tells nobody that it was opened for writing.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    if (chunks === undefined) await promisify(close)(fd);
  }
}

/** Undefined for a pipe that nobody writes into. */
async function chunksOf(fd: number, name: string, hint: string, limit: number): Promise<Chunks | undefined> {
  const is = await promisify(fstat)(fd);
  if (is.isFile()) {
    if (is.size > limit) throw tooLarge(name, String(is.size), limit);
    return createReadStream("", { fd, highWaterMark: 1 << 18 }) as Chunks;
  }
  if (!is.isFIFO()) throw noFile(name, is.isDirectory() ? "EISDIR" : "ENODEV", hint);
  const first = Buffer.alloc(1 << 16);
  try {
    const { bytesRead } = await promisify(read)(fd, first, 0, first.length, null);
    return bytesRead === 0 ? undefined : pipeChunks(fd, first.subarray(0, bytesRead));
  } catch (error) {
    // Somebody has it open, and has written nothing yet.
    if (errnoOf(error) === "EAGAIN") return pipeChunks(fd);
    throw error;
  }
}

/** A pipe's bytes without a thread that waits for them, so that Ctrl-C ends it. */
async function* pipeChunks(fd: number, first?: Uint8Array): AsyncGenerator<Uint8Array> {
  const socket = new Socket({ fd, readable: true, writable: false });
  if (first !== undefined) yield first;
  yield* socket as Chunks;
}

function noFile(file: string, errno: string | undefined, hint: string, cause?: unknown): Fault {
  const why =
    {
      ENOENT: "it does not exist",
      EISDIR: "it is a folder",
      EACCES: "this user may not read it",
      ENXIO: "it is a socket",
      ENODEV: "it is a device",
      EPIPE: "it is a pipe, and no program writes into it",
    }[errno ?? ""] ??
    errno ??
    "unknown";
  return new Fault("CLI_NO_FILE", `${file} cannot be read: ${why}.`, hint, cause);
}

const tooLarge = (file: string, size: string, limit: number): Fault =>
  new Fault("CLI_FILE_TOO_LARGE", `${file} has ${size} bytes; at most ${limit} are read.`, "Is it the right file?");
