/*
 * A reader of ISO 9660 written from ECMA-119 alone: it shares nothing with what writes the CDs, and refuses whatever
 * a careful reader would.
 */
export interface Volume {
  readonly label: string;
  readonly sectors: number;
  readonly files: ReadonlyMap<string, Buffer>;
}

export interface Cd {
  readonly primary: Volume;
  readonly joliet: Volume;
}

const SECTOR = 2048;

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not a CD: ${what}`);
}

function both(b: Buffer, at: number, width: 2 | 4): number {
  const little = width === 2 ? b.readUInt16LE(at) : b.readUInt32LE(at);
  const big = width === 2 ? b.readUInt16BE(at + 2) : b.readUInt32BE(at + 4);
  must(little === big, `byte orders disagree at ${at}`);
  return little;
}

const ucs2 = (b: Buffer): string => Buffer.from(b).swap16().toString("utf16le");

export function readCd(image: Buffer): Cd {
  must(image.length % SECTOR === 0, "not whole sectors");
  must(
    image.subarray(0, 16 * SECTOR).every((b) => b === 0),
    "a system area that is not empty",
  );
  const found = new Map<number, Volume>();
  for (let sector = 16; ; sector++) {
    const d = image.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    must(d.toString("latin1", 1, 6) === "CD001" && d[6] === 1, `no descriptor in sector ${sector}`);
    if (d[0] === 255) break;
    must(d[0] === 1 || (d[0] === 2 && ["%/@", "%/C", "%/E"].includes(d.toString("latin1", 88, 91))), "unknown type");
    found.set(d[0]!, readVolume(image, d, d[0] === 2));
  }
  const [primary, joliet] = [found.get(1), found.get(2)];
  must(primary !== undefined && joliet !== undefined, "a descriptor is missing");
  return { primary: primary!, joliet: joliet! };
}

function readVolume(image: Buffer, d: Buffer, isJoliet: boolean): Volume {
  const text = (b: Buffer): string => (isJoliet ? ucs2(b) : b.toString("latin1"));
  must(both(d, 120, 2) === 1 && both(d, 124, 2) === 1 && both(d, 128, 2) === SECTOR, "a set of volumes");
  must(d[881] === 1, "version of its structure");
  for (const at of [813, 830]) must(/^\d{16}$/.test(d.toString("latin1", at, at + 16)), `date at ${at}`);
  const sectors = both(d, 80, 4);
  must(sectors * SECTOR === image.length, "its size");
  const root = readRecord(d, 156);
  must(root.isFolder, "its root");
  const size = both(d, 132, 4);
  const [little, big] = [image.subarray(d.readUInt32LE(140) * SECTOR), image.subarray(d.readUInt32BE(148) * SECTOR)];
  must(size === 10 && little[0] === 1 && big[0] === 1, "its path table");
  must(little.readUInt32LE(2) === root.sector && big.readUInt32BE(2) === root.sector, "its path table's root");
  const files = new Map<string, Buffer>();
  let last: Buffer | undefined;
  for (let at = root.sector * SECTOR, index = 0; image[at] !== 0 && at < root.sector * SECTOR + root.size; index++) {
    const record = readRecord(image, at);
    at += record.length;
    if (index < 2) {
      must(record.isFolder && record.name.length === 1 && record.name[0] === index, "its . and ..");
      must(record.sector === root.sector, "its . and .. elsewhere");
      continue;
    }
    must(!record.isFolder, "a folder in it");
    must(last === undefined || Buffer.compare(last, record.name) < 0, "names out of order or twice");
    last = record.name;
    must((record.sector + Math.ceil(record.size / SECTOR)) * SECTOR <= image.length, "a file beyond its end");
    const name = text(record.name);
    files.set(name, image.subarray(record.sector * SECTOR, record.sector * SECTOR + record.size));
  }
  return { label: text(d.subarray(40, 72)).trimEnd(), sectors, files };
}

interface Found {
  readonly length: number;
  readonly sector: number;
  readonly size: number;
  readonly isFolder: boolean;
  readonly name: Buffer;
}

function readRecord(b: Buffer, at: number): Found {
  const length = b[at]!;
  const nameLength = b[at + 32]!;
  must(length % 2 === 0 && length >= 33 + nameLength, `a record's length at ${at}`);
  must(both(b, at + 28, 2) === 1, "a record's volume");
  return {
    length,
    sector: both(b, at + 2, 4),
    size: both(b, at + 10, 4),
    isFolder: (b[at + 25]! & 2) !== 0,
    name: Buffer.from(b.subarray(at + 33, at + 33 + nameLength)),
  };
}
