import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Folders } from "../../stack/folders.ts";

/** unix(7): 108 bytes, the last of which is zero. */
const LONGEST_PATH = 107;
/** The longest that stands below: Proxmox' ids have nine digits. */
const LONGEST_NAME = "/999999999/ssh".length;

/**
 * Folder of the sockets of a stack's memory guests, `<vmid>/ssh` each: beside the run files, or in the folder for
 * temporary files where that path would be too long for a socket.
 */
export function recorderSockets(folders: Pick<Folders, "run" | "stack">): string {
  const near = join(folders.run, "g");
  if (Buffer.byteLength(near) + LONGEST_NAME <= LONGEST_PATH) return near;
  const key = createHash("sha256").update(folders.stack).digest("hex").slice(0, 8);
  return join(tmpdir(), `maquette-${process.getuid?.() ?? 0}-${key}`);
}
