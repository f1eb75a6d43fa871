import { constants } from "node:fs";
import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, Fault, messageOf } from "../../../core/fault.ts";

const FILE = "state.json";

/** The fault of a state folder that cannot be written. */
export function storageFault(path: string, error: unknown): Fault {
  const errno = errnoOf(error);
  const hint =
    errno === "ENOSPC" || errno === "EDQUOT"
      ? "the disk is full: free some space; the last complete state is kept"
      : errno === "EROFS"
        ? "the disk is read-only, as the kernel makes one that answered with errors (dmesg): it is written to again once it can be; the last complete state is kept"
        : errno === "EACCES" || errno === "EPERM"
          ? "choose a folder that you can write to, or give this one to your user"
          : "check that the folder exists and is on a local disk";
  return new Fault(
    "PVE_STATE_NOT_WRITABLE",
    `cannot write the lab's state in ${path}: ${messageOf(error)}`,
    hint,
    error,
  );
}

/**
 * One JSON document on disk, replaced whole: temporary file, fsync, rename. (The folder itself is
 * not synced: after a power cut of the machine the last moments may be missing, a half document never appears.)
 * Requests that ask at the same time share one write.
 */
export class StateStore<T> {
  readonly #dir: string;
  readonly #read: () => T;
  #isDirty = false;
  #writing: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  /** Set for tests of a full disk. */
  writeFault: NodeJS.ErrnoException | undefined;

  private constructor(dir: string, read: () => T) {
    this.#dir = dir;
    this.#read = read;
  }

  /** @param read the document as it is at the time of a write */
  static async open<T>(dir: string, read: () => T): Promise<StateStore<T>> {
    await prepareDirectory(dir);
    return new StateStore(dir, read);
  }

  /** The document has changed; the next {@link flush} writes it. */
  touch(): void {
    this.#isDirty = true;
  }

  /**
   * Resolves once everything touched before the call is on disk.
   * @throws {Fault} PVE_STATE_NOT_WRITABLE; the former document is untouched
   */
  async flush(): Promise<void> {
    if (this.#queued !== undefined) return this.#queued;
    if (this.#writing !== undefined) {
      if (!this.#isDirty) return this.#writing;
      this.#queued = this.#writing.then(
        () => this.#startWrite(),
        () => this.#startWrite(),
      );
      return this.#queued;
    }
    if (this.#isDirty) await this.#startWrite();
  }

  #startWrite(): Promise<void> {
    this.#queued = undefined;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    this.#isDirty = false;
    const temporary = join(this.#dir, `${FILE}.tmp`);
    try {
      if (this.writeFault !== undefined) throw this.writeFault;
      await writeDurably(temporary, JSON.stringify(this.#read()));
      await rename(temporary, join(this.#dir, FILE));
    } catch (error) {
      this.#isDirty = true;
      await rm(temporary, { force: true }).catch(() => undefined);
      throw storageFault(this.#dir, error);
    }
  }
}

/** @returns the document that was last written whole, or undefined in a new folder */
export async function loadState(dir: string): Promise<unknown> {
  const path = join(dir, FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw new Fault(
      "PVE_STATE_NOT_READABLE",
      `cannot read ${path}: ${messageOf(error)}`,
      "check who owns the file",
      error,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const hint = "it was not written by this program: move it away to start an empty lab";
    throw new Fault("PVE_STATE_DAMAGED", `${path} is not JSON: ${messageOf(error)}`, hint, error);
  }
}

/** Makes a private folder; an existing one is made private. */
export async function prepareDirectory(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
  } catch (error) {
    throw storageFault(dir, error);
  }
}

/** Writes a private file and waits until it is on the disk. */
export async function writeDurably(path: string, data: string): Promise<void> {
  const flags = constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}
