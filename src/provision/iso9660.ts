/*
 * ISO 9660 (ECMA-119) with Joliet (UCS-2 names), one flat folder: enough for a NoCloud seed ("cidata") and for
 * the CD-ROM that pfSense's External Configuration Locator reads. Dates are constant, so the same files give the
 * same bytes.
 */

const SECTOR = 2048;
/** 1 January 2025, the day on which nothing depends. */
const DATE7 = [125, 1, 1, 0, 0, 0, 0];
const DATE17 = "2025010100000000\0";

interface Entry {
  readonly name: Buffer;
  readonly sector: number;
  readonly size: number;
  readonly isFolder: boolean;
}

/**
 * @param label volume id: at most 16 characters (Joliet's limit); upper and lower case are kept, as blkid shows them
 * @param files name (at most 64 characters, no slash) to content
 */
export function iso9660(label: string, files: ReadonlyMap<string, Uint8Array>): Buffer {
  if (label.length > 16) throw new RangeError(`"${label}" is too long for a volume label: 16 characters at most`);
  const names = [...files.keys()].sort();
  for (const name of names) {
    if (name.length === 0 || name.length > 64 || /[/\0]/.test(name) || name === "." || name === "..")
      throw new RangeError(`"${name}" is no name for a file on a CD`);
  }
  // 16 primary and 17 Joliet descriptor, 18 terminator, 19–22 path tables (L and M of each), 23 and 24 the folders.
  let next = 25;
  const placed = names.map((name) => {
    const content = files.get(name)!;
    const sector = next;
    next += Math.max(1, Math.ceil(content.length / SECTOR));
    return { name, content, sector };
  });
  const image = Buffer.alloc(next * SECTOR);
  const short = shortNames(names);
  const volumes = [
    {
      type: 1,
      sector: 16,
      table: 19,
      folder: 23,
      encode: plainName,
      text: (s: string) => Buffer.from(s, "latin1"),
      pad: 0x20,
    },
    { type: 2, sector: 17, table: 21, folder: 24, encode: ucs2, text: ucs2, pad: 0 },
  ] as const;
  for (const v of volumes) {
    const folder = folderSector(
      v.folder,
      placed.map((p, i) => ({
        name: v.encode(v.type === 1 ? short[i]! : p.name),
        sector: p.sector,
        size: p.content.length,
        isFolder: false,
      })),
    );
    folder.copy(image, v.folder * SECTOR);
    descriptor(v.type, v.text(label), v.pad, next, v.table, v.folder).copy(image, v.sector * SECTOR);
    pathTable(v.folder, false).copy(image, v.table * SECTOR);
    pathTable(v.folder, true).copy(image, (v.table + 1) * SECTOR);
  }
  Buffer.from([255, ...Buffer.from("CD001"), 1]).copy(image, 18 * SECTOR);
  for (const p of placed) image.set(p.content, p.sector * SECTOR);
  return image;
}

const plainName = (name: string): Buffer => Buffer.from(`${name};1`, "latin1");
const ucs2 = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

/** Names of level 1 for readers without Joliet: 8.3, upper case; a long or a repeated one has its position in it. */
function shortNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, position) => {
    const [stem = "", extension = ""] = name.toUpperCase().split(".");
    const clean = (s: string): string => s.replace(/[^A-Z0-9_]/g, "_");
    const end = `.${clean(extension).slice(0, 3)}`;
    let short = clean(stem) + end;
    for (let n = position; stem.length > 8 || taken.has(short); n++) {
      short = `${clean(stem).slice(0, 6)}${String(n).padStart(2, "0")}${end}`;
      if (!taken.has(short)) break;
    }
    taken.add(short);
    return short;
  });
}

/** Both byte orders of a number, as ECMA-119 §7.3.3 wants it. */
function both32(n: number): Buffer {
  const b = Buffer.alloc(8);
  b.writeUInt32LE(n, 0);
  b.writeUInt32BE(n, 4);
  return b;
}

function both16(n: number): Buffer {
  const b = Buffer.alloc(4);
  b.writeUInt16LE(n, 0);
  b.writeUInt16BE(n, 2);
  return b;
}

/** A directory record (ECMA-119 §9.1); its length is even. */
function record(e: Entry): Buffer {
  const length = 33 + e.name.length + (e.name.length % 2 === 0 ? 1 : 0);
  const b = Buffer.alloc(length);
  b[0] = length;
  both32(e.sector).copy(b, 2);
  both32(e.size).copy(b, 10);
  Buffer.from(DATE7).copy(b, 18);
  b[25] = e.isFolder ? 2 : 0;
  both16(1).copy(b, 28);
  b[32] = e.name.length;
  e.name.copy(b, 33);
  return b;
}

function folderSector(sector: number, entries: readonly Entry[]): Buffer {
  const self = { sector, size: SECTOR, isFolder: true };
  const sorted = [...entries].sort((a, b) => Buffer.compare(a.name, b.name));
  const all = [
    record({ ...self, name: Buffer.from([0]) }),
    record({ ...self, name: Buffer.from([1]) }),
    ...sorted.map(record),
  ];
  const body = Buffer.concat(all);
  if (body.length > SECTOR) throw new RangeError("too many files for one folder of a seed");
  return body;
}

/** The path table's one row, the root (ECMA-119 §9.4). */
function pathTable(folder: number, isBigEndian: boolean): Buffer {
  const b = Buffer.alloc(10);
  b[0] = 1;
  if (isBigEndian) {
    b.writeUInt32BE(folder, 2);
    b.writeUInt16BE(1, 6);
  } else {
    b.writeUInt32LE(folder, 2);
    b.writeUInt16LE(1, 6);
  }
  return b;
}

/** A volume descriptor (ECMA-119 §8.4, §8.5); Joliet is told by its escape sequence %/E. */
function descriptor(type: 1 | 2, label: Buffer, pad: number, sectors: number, table: number, folder: number): Buffer {
  const b = Buffer.alloc(SECTOR);
  const fill = (from: number, length: number): void => {
    for (let i = 0; i < length; i++) b[from + i] = pad === 0 ? (i % 2 === 0 ? 0 : 0x20) : pad;
  };
  b[0] = type;
  b.write("CD001", 1, "latin1");
  b[6] = 1;
  fill(8, 32);
  fill(40, 32);
  label.copy(b, 40);
  both32(sectors).copy(b, 80);
  if (type === 2) b.write("%/E", 88, "latin1");
  both16(1).copy(b, 120);
  both16(1).copy(b, 124);
  both16(SECTOR).copy(b, 128);
  both32(10).copy(b, 132);
  b.writeUInt32LE(table, 140);
  b.writeUInt32BE(table + 1, 148);
  record({ name: Buffer.from([0]), sector: folder, size: SECTOR, isFolder: true }).copy(b, 156);
  fill(190, 128 * 4);
  fill(702, 37 * 3);
  for (const at of [813, 830, 847, 864])
    b.write(at === 847 || at === 864 ? `${"0".repeat(16)}\0` : DATE17, at, "latin1");
  b[881] = 1;
  return b;
}
