import { createHash } from "node:crypto";
import type { StorageState, VolumeState } from "../state/state.ts";
import { isFileStorage, usedBytesOf } from "../vm/volumes.ts";

const MIB = 1024 * 1024;

/** What is said of a file at an address that nobody asks: made up, and the same each time. */
export function madeUpFile(url: string): { filename: string; sizeBytes: number; mimetype: string } {
  const filename = decodeURIComponent(
    /([^/?#]+)\/?(?:[?#].*)?$/.exec(url.replace(/^https?:\/\/[^/]*/, ""))?.[1] ?? "index.html",
  );
  const seed = createHash("sha256").update(url).digest().readUInt16BE(0);
  return { filename, sizeBytes: (256 + (seed % 512)) * MIB, mimetype: "application/octet-stream" };
}

/** What a guest sees of a made-up image: 2 GiB, as with the usual cloud images. */
export const MADE_UP_VIRTUAL_BYTES = 2 * 1024 ** 3;

/** How file names of each kind of content must end. */
export const EXTENSIONS: Readonly<Record<string, RegExp>> = {
  iso: /\.(iso|img)$/i,
  vztmpl: /\.tar\.(gz|xz|zst|bz2)$/i,
  import: /\.(ova|ovf|qcow2|raw|vmdk)$/i,
};

export const formatOf = (filename: string): string =>
  /\.(tar\.)?([a-z0-9]+)$/i.exec(filename)?.[0].slice(1).replace("tar.", "t").toLowerCase() ?? "raw";

export function volumeAnswer(storage: StorageState, volume: VolumeState): Record<string, string | number> {
  return {
    volid: volume.volid,
    content: volume.content,
    format: volume.format,
    size: volume.sizeBytes,
    ctime: volume.createdAt,
    ...(volume.content === "images" ? { used: usedBytesOf(storage, volume) } : {}),
    ...(volume.vmid === undefined ? {} : { vmid: volume.vmid }),
    ...(volume.parent === undefined ? {} : { parent: volume.parent }),
    ...(volume.notes === undefined ? {} : { notes: volume.notes }),
    ...(volume.isProtected === true ? { protected: 1 } : {}),
  };
}

/** Where a real node would keep it. */
export function volumePath(storage: StorageState, volume: VolumeState): string {
  const name = volume.volid.slice(volume.volid.indexOf(":") + 1);
  if (!isFileStorage(storage)) return `/dev/pve/${name}`;
  const root = storage.id === "local" ? "/var/lib/vz" : `/mnt/pve/${storage.id}`;
  const folder: Record<string, string> = {
    iso: "template/iso",
    vztmpl: "template/cache",
    import: "import",
    snippets: "snippets",
    backup: "dump",
    images: "images",
  };
  return `${root}/${folder[volume.content] ?? volume.content}/${name.replace(/^(iso|vztmpl|import|snippets|backup)\//, "")}`;
}
