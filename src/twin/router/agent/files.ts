import { chownSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import type { ConfigFile } from "../services/types.ts";

/** A file as it stands; undefined when it does not. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Writes a file in one step: whoever reads it sees the old text or the new one. */
export function writeAtomic(
  path: string,
  data: string | Uint8Array,
  mode = 0o644,
  owner?: { uid: number; gid: number },
): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.maquette-new`;
  writeFileSync(temporary, data, { mode });
  if (owner) chownSync(temporary, owner.uid, owner.gid);
  renameSync(temporary, path);
}

/** Writes what differs; tells whether anything did. */
export function writeChanged(files: readonly ConfigFile[]): boolean {
  let isChanged = false;
  for (const f of files) {
    if (readText(f.path) === f.text) continue;
    writeAtomic(f.path, f.text, f.mode, f.owner === undefined ? undefined : ownerOf(f.owner));
    isChanged = true;
  }
  return isChanged;
}

/** A user's numbers in passwd(5); undefined when there is none of that name. */
function ownerOf(name: string): { uid: number; gid: number } | undefined {
  const line = (readText("/etc/passwd") ?? "").split("\n").find((l) => l.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
