import { GuestDriverError } from "../pve/simulator/guest-driver.ts";

const SECTOR = 2048;
const DESCRIPTORS = 16;
const MAX_DEPTH = 8;
const MAX_FILES = 1000;

/**
 * The files of an ISO 9660 image (ECMA-119), by path without a leading slash. Joliet's names are taken where the
 * image has them; else the plain ones in small letters without their version, as Linux shows them.
 * @throws GuestDriverError when it is no such image
 */
export function readIso(image: Buffer): Map<string, Buffer> {
  const volume = chooseVolume(image);
  const files = new Map<string, Buffer>();
  walk(image, volume.record, "", volume.isJoliet, files, 0);
  return files;
}

interface Record {
  readonly sector: number;
  readonly size: number;
}

const refuse = (why: string): never => {
  throw new GuestDriverError(`the CD in the drive is no ISO 9660 image: ${why}`);
};

function chooseVolume(image: Buffer): { readonly record: Record; readonly isJoliet: boolean } {
  let primary: Record | undefined;
  for (let sector = DESCRIPTORS; (sector + 1) * SECTOR <= image.length; sector++) {
    const at = sector * SECTOR;
    if (image.toString("latin1", at + 1, at + 6) !== "CD001") break;
    const type = image[at]!;
    if (type === 255) break;
    const root = recordAt(image, at + 156);
    if (type === 1) primary = root;
    // Joliet: a supplementary volume with UCS-2's escape sequences (%/@, %/C, %/E).
    if (type === 2 && /^%\/[@CE]/.test(image.toString("latin1", at + 88, at + 91)))
      return { record: root, isJoliet: true };
  }
  return { record: primary ?? refuse("it has no primary volume descriptor"), isJoliet: false };
}

const recordAt = (image: Buffer, at: number): Record => ({
  sector: image.readUInt32LE(at + 2),
  size: image.readUInt32LE(at + 10),
});

function extent(image: Buffer, { sector, size }: Record): Buffer {
  if (sector * SECTOR + size > image.length) refuse("a file lies beyond its end");
  return image.subarray(sector * SECTOR, sector * SECTOR + size);
}

function walk(
  image: Buffer,
  folder: Record,
  path: string,
  isJoliet: boolean,
  files: Map<string, Buffer>,
  depth: number,
): void {
  if (depth > MAX_DEPTH) refuse("its folders are nested too deeply");
  const data = extent(image, folder);
  for (let at = 0; at < data.length;) {
    const length = data[at]!;
    // Records do not cross sectors: the rest of this one is empty.
    if (length === 0) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    if (length < 34 || at + length > data.length) refuse("a folder's record is cut off");
    const record = recordAt(data, at);
    const isFolder = (data[at + 25]! & 2) !== 0;
    const raw = data.subarray(at + 33, at + 33 + data[at + 32]!);
    at += length;
    // The folder itself and its parent.
    if (raw.length === 1 && raw[0]! <= 1) continue;
    const name = nameOf(raw, isJoliet);
    if (name === "" || name === "." || name === ".." || name.includes("/")) refuse("a file bears a forbidden name");
    if (isFolder) walk(image, record, `${path}${name}/`, isJoliet, files, depth + 1);
    else files.set(`${path}${name}`, extent(image, record));
    if (files.size > MAX_FILES) refuse("it has too many files");
  }
}

function nameOf(raw: Buffer, isJoliet: boolean): string {
  const text = isJoliet ? Buffer.from(raw).swap16().toString("utf16le") : raw.toString("latin1").toLowerCase();
  return text.replace(/;\d+$/, "").replace(/\.$/, "");
}
