import { createHash, randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, rename, rm } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";

/**
 * Where what a run leaves behind lives: never in the repository. XDG Base Directory Specification 0.8;
 * keyed by clone and stack, so that two clones on one machine do not disturb each other.
 */
export interface Folders {
  /** Shared by all clones of the user: engine builds, keyed by content. */
  readonly cache: string;
  /** This clone's part of the state folder. */
  readonly clone: string;
  /** Pulumi's checkpoints of this clone, all stacks (a `file://` backend). */
  readonly backend: string;
  /** A private PULUMI_HOME: no login, plugin or setting of the user's own Pulumi is touched. */
  readonly pulumiHome: string;
  /** This stack's part: run files, and the embedded API's disks. */
  readonly stack: string;
  readonly run: string;
  readonly pve: string;
  /** The stack's secret and vault: what makes a rebuilt lab the same lab. */
  readonly secrets: string;
}

/** Short, stable name of a clone: the first 10 hexadecimal digits of SHA-256 over its real path. */
export function cloneKey(root: string): string {
  return createHash("sha256").update(realpathSync(root)).digest("hex").slice(0, 10);
}

export function foldersOf(root: string, stack: string, env: NodeJS.ProcessEnv = process.env): Folders {
  const key = cloneKey(root);
  const xdg = (name: string, fallback: string): string => {
    const value = env[name];
    // The specification says: a relative path is invalid and is to be ignored.
    return join(value && isAbsolute(value) ? value : join(env["HOME"] ?? homedir(), fallback), "maquette");
  };
  const clone = join(xdg("XDG_STATE_HOME", ".local/state"), key);
  const own = join(clone, stack);
  return {
    cache: xdg("XDG_CACHE_HOME", ".cache"),
    clone,
    backend: join(clone, "backend"),
    pulumiHome: join(clone, "pulumi-home"),
    stack: own,
    run: join(own, "run"),
    pve: join(own, "pve"),
    secrets: join(xdg("XDG_DATA_HOME", ".local/share"), key, stack),
  };
}

/** Makes a folder for this user alone (0700) and its parents. */
export async function privateFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    return path;
  } catch (error) {
    throw diskFault(error, `make the folder ${path}`);
  }
}

/** Writes a file for this user alone (0600): a temporary beside it, fsync, rename; never half a file. */
export async function writePrivate(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await put(path, content, mode, (temporary) => rename(temporary, path));
}

/** The same for a file that must not be there yet: of several writers the first one wins, the others leave it alone. */
export async function createPrivate(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await put(path, content, mode, async (temporary) => {
    try {
      await link(temporary, path);
    } catch (error) {
      const code = errnoOf(error);
      if (code === "EEXIST") return;
      // A file system without hard links.
      if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
      await rename(temporary, path);
    }
  });
}

async function put(
  path: string,
  content: string | Uint8Array,
  mode: number,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  await privateFolder(dirname(path));
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, mode);
    await place(temporary);
  } catch (error) {
    throw diskFault(error, `write ${path}`);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Turns a system error about a path into one that says what to do; anything else passes through. */
export function diskFault(error: unknown, doing: string): unknown {
  switch (errnoOf(error)) {
    case "EACCES":
    case "EPERM":
      return new Fault(
        "DISK_NO_RIGHTS",
        `Cannot ${doing}: this user may not write there (${messageOf(error)}).`,
        "Make the folder yours (chown), or choose others with XDG_STATE_HOME, XDG_DATA_HOME and XDG_CACHE_HOME.",
        error,
      );
    case "EROFS":
      // A kernel makes a disk read-only that answered with errors.
      return new Fault(
        "DISK_READ_ONLY",
        `Cannot ${doing}: the disk is read-only (${messageOf(error)}).`,
        "findmnt -T PATH shows how it is mounted, dmesg why. Once it can be written to again (mount -o remount,rw), run the same command; or choose other folders with XDG_STATE_HOME, XDG_DATA_HOME and XDG_CACHE_HOME.",
        error,
      );
    case "ENOSPC":
    case "EDQUOT":
      return new Fault(
        "DISK_FULL",
        `Cannot ${doing}: the disk is full.`,
        "Free some space (maquette needs about 6 GB the first time, mostly under XDG_CACHE_HOME and Go's caches), then run the same command again.",
        error,
      );
    case "ENOTDIR":
    case "EEXIST":
    case "EISDIR":
      return new Fault(
        "DISK_NOT_A_FOLDER",
        `Cannot ${doing}: something else stands at that path (${messageOf(error)}).`,
        "Move it away, or choose other folders with XDG_STATE_HOME, XDG_DATA_HOME and XDG_CACHE_HOME.",
        error,
      );
    case undefined:
    default:
      return error;
  }
}
