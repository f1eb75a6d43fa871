import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Header } from "tar";

/** One entry of an archive, as its publisher or somebody else would make it. */
export interface Entry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly type?: "File" | "SymbolicLink" | "Link" | "Directory" | "FIFO";
  /** Of a link. */
  readonly to?: string;
  /** Another size than the content's. */
  readonly size?: number;
}

/** A `.tar` made entry by entry: no tool would write some of them. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, content = "", type = "File", to, size } of entries) {
    const body = Buffer.from(content);
    const header = new Header({
      path,
      mode: 0o755,
      size: size ?? body.length,
      type,
      mtime: new Date(0),
      uid: 0,
      gid: 0,
      ...(to === undefined ? {} : { linkpath: to }),
    });
    const block = Buffer.alloc(512);
    header.encode(block);
    blocks.push(block, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export const archiveOf = (entries: readonly Entry[]): Buffer => gzipSync(tarOf(entries));

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

export const shell = (body: string): string => `#!/bin/sh\n${body}\n`;
