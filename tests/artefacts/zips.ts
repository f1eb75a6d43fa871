import { deflateRawSync } from "node:zlib";

export interface Zipped {
  readonly name: string;
  readonly content: string;
  /** Stored as it is; else deflated. */
  readonly isStored?: boolean;
  /** Another method than either. */
  readonly method?: number;
  readonly isEncrypted?: boolean;
  /** Of Unix, with the file's kind. */
  readonly mode?: number;
  /** What it says that it unpacks to, whatever it is. */
  readonly says?: number;
}

/** A zip made entry by entry: no tool would write some of them. */
export function zipOf(entries: readonly Zipped[], comment = ""): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const {
    name,
    content,
    isStored = false,
    method = isStored ? 0 : 8,
    isEncrypted = false,
    mode = 0,
    says,
  } of entries) {
    const plain = Buffer.from(content, "latin1");
    const packed = isStored ? plain : deflateRawSync(plain);
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(isEncrypted ? 1 : 0, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(says ?? plain.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, nameBytes, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), common, tail, nameBytes);
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, listed, end, Buffer.from(comment, "latin1")]);
}
