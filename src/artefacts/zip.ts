import { open, type FileHandle } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";

/*
 * One file out of a zip, into memory (APPNOTE.TXT 6.3.10). Nothing of it reaches the disk. No zip64, no encryption, no
 * method but stored and deflated: what is not read says so.
 */

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const MOST_COMMENT_BYTES = 0xffff;
const MOST_DIRECTORY_BYTES = 2 ** 26;

/**
 * @param isWanted of the entries' paths; the shortest that is wanted is read
 * @param mostUnpacked what all of it may have once it is unpacked
 * @returns null where none is wanted
 * @throws Error in words; also of a zip that would reach beyond the folder in which it is unpacked, or fill its disk
 */
export async function readFromZip(
  path: string,
  isWanted: (name: string) => boolean,
  mostBytes: number,
  mostUnpacked: number = Number.POSITIVE_INFINITY,
): Promise<Buffer | null> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = await read(file, Math.max(0, size - END_BYTES - MOST_COMMENT_BYTES), size);
    const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
    if (at < 0 || at + END_BYTES > tail.length || tail.readUInt32LE(at) !== END) throw new Error("it is no zip");
    const bytes = tail.readUInt32LE(at + 12);
    const from = tail.readUInt32LE(at + 16);
    if (from + bytes > size || bytes > MOST_DIRECTORY_BYTES) throw new Error("it is no zip that is read here");
    const entries = entriesOf(await read(file, from, from + bytes));
    refuseWhatLeaves(entries);
    const unpacked = entries.reduce((sum, e) => sum + e.wholeBytes, 0);
    if (unpacked > mostUnpacked) throw new Error(`it unpacks to ${unpacked} bytes, and ${mostUnpacked} are the most`);
    const wanted = entries.filter((e) => isWanted(e.name));
    const entry = wanted.sort((a, b) => a.name.length - b.name.length)[0];
    return entry === undefined ? null : await contentOf(file, entry, mostBytes);
  } finally {
    await file.close();
  }
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly bytes: number;
  readonly wholeBytes: number;
  readonly at: number;
  /** Of Unix, with the file's kind; 0 where another system made it. */
  readonly mode: number;
}

const [KIND, FILE, FOLDER] = [0o170000, 0o100000, 0o040000];

/** Nothing is a link or a device, and no path leads out of the folder. @throws Error in words */
function refuseWhatLeaves(entries: readonly Entry[]): void {
  for (const { name, mode } of entries) {
    const kind = mode & KIND;
    if (kind !== 0 && kind !== FILE && kind !== FOLDER) throw new Error(`${name} in it is neither a file nor a folder`);
    if (name.startsWith("/") || /[\\:\0]/.test(name) || name.split("/").includes(".."))
      throw new Error(`${JSON.stringify(name)} in it leads out of it`);
  }
}

function entriesOf(directory: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY;) {
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString("utf8", at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      isEncrypted: (directory.readUInt16LE(at + 8) & 1) !== 0,
      bytes: directory.readUInt32LE(at + 20),
      wholeBytes: directory.readUInt32LE(at + 24),
      at: directory.readUInt32LE(at + 42),
      mode: directory.readUInt32LE(at + 38) >>> 16,
    });
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function contentOf(file: FileHandle, entry: Entry, mostBytes: number): Promise<Buffer> {
  const { name, bytes, wholeBytes } = entry;
  if (entry.isEncrypted) throw new Error(`${name} in it is encrypted`);
  if (Math.max(bytes, wholeBytes) > mostBytes) throw new Error(`${name} in it has more than ${mostBytes} bytes`);
  const head = await read(file, entry.at, entry.at + 30);
  if (head.length < 30 || head.readUInt32LE(0) !== LOCAL) throw new Error(`${name} is not where its directory says`);
  const from = entry.at + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  const content = await read(file, from, from + bytes);
  if (content.length < bytes) throw new Error(`${name} in it is cut off`);
  if (entry.method === 0) return content;
  if (entry.method === 8) return inflateRawSync(content, { maxOutputLength: mostBytes });
  throw new Error(`${name} in it is packed by method ${entry.method}, which is not read here`);
}

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(to - from);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}
