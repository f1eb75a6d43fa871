import type { Packet } from "../../policy/engine/index.ts";

/*
 * IPv4 packets as bytes, both ways. A witness is known again by two marks that no router changes: the identification
 * field (RFC 791 §3.1; NAT keeps it) and a tag in its payload.
 */

/** What tells one witness from all else on the wire. */
export interface Tag {
  /** One to a run, 32 bits. */
  readonly run: number;
  /** One to a packet of the run, 16 bits. */
  readonly index: number;
}

const MAGIC = Buffer.from("mqw1", "latin1");
const TAG_BYTES = 12;
const TTL = 32;
const IP_HEADER = 20;

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const SYN = 0x02;

/** 1 to 65535: some systems give a packet with identification 0 another one. */
export const identificationOf = (tag: Tag): number => (tag.run ^ (tag.index * 40_503)) & 0xffff || 1;

export function tagBytes({ run, index }: Tag): Buffer {
  const bytes = Buffer.alloc(TAG_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(run >>> 0, 4);
  bytes.writeUInt32BE(index >>> 0, 8);
  return bytes;
}

/** The first packet of a flow, ready to be sent behind any link-layer header. */
export function buildPacket(packet: Packet, tag: Tag): Buffer {
  if (packet.family !== 4) throw new Error("frames are built for IPv4");
  const [protocol, segment] = segmentOf(packet, tag);
  const header = Buffer.alloc(IP_HEADER);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(IP_HEADER + segment.length, 2);
  header.writeUInt16BE(identificationOf(tag), 4);
  header.writeUInt8(TTL, 8);
  header.writeUInt8(protocol, 9);
  header.writeUInt32BE(Number(packet.src), 12);
  header.writeUInt32BE(Number(packet.dst), 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, segment]);
}

function segmentOf(packet: Packet, tag: Tag): readonly [number, Buffer] {
  const payload = tagBytes(tag);
  const [a, b] = [Number(packet.a), Number(packet.b)];
  switch (packet.slice) {
    case "tcp": {
      const bytes = Buffer.alloc(20 + payload.length);
      bytes.writeUInt16BE(a, 0);
      bytes.writeUInt16BE(b, 2);
      bytes.writeUInt32BE((tag.run ^ (tag.index << 16)) >>> 0, 4);
      bytes.writeUInt8(5 << 4, 12);
      bytes.writeUInt8(SYN, 13);
      bytes.writeUInt16BE(64_240, 14);
      payload.copy(bytes, 20);
      bytes.writeUInt16BE(checksum(pseudoHeader(packet, TCP, bytes.length), bytes), 16);
      return [TCP, bytes];
    }
    case "udp": {
      const bytes = Buffer.alloc(8 + payload.length);
      bytes.writeUInt16BE(a, 0);
      bytes.writeUInt16BE(b, 2);
      bytes.writeUInt16BE(bytes.length, 4);
      payload.copy(bytes, 8);
      // 0 would mean "none computed" (RFC 768).
      bytes.writeUInt16BE(checksum(pseudoHeader(packet, UDP, bytes.length), bytes) || 0xffff, 6);
      return [UDP, bytes];
    }
    case "icmp": {
      const bytes = Buffer.alloc(8 + payload.length);
      bytes.writeUInt8(a, 0);
      bytes.writeUInt8(b, 1);
      bytes.writeUInt16BE(echoIdOf(tag), 4);
      bytes.writeUInt16BE(1, 6);
      payload.copy(bytes, 8);
      bytes.writeUInt16BE(checksum(bytes), 2);
      return [ICMP, bytes];
    }
    case "other":
      return [a, payload];
  }
}

/** The identifier of an echo: one to a packet, as a source port is. */
export const echoIdOf = (tag: Tag): number => identificationOf(tag);

function pseudoHeader(packet: Packet, protocol: number, length: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(Number(packet.src), 0);
  bytes.writeUInt32BE(Number(packet.dst), 4);
  bytes.writeUInt8(protocol, 9);
  bytes.writeUInt16BE(length, 10);
  return bytes;
}

/** RFC 1071, over parts of even length but the last. */
export function checksum(...parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i + 1 < part.length; i += 2) sum += part.readUInt16BE(i);
    if (part.length % 2 === 1) sum += part[part.length - 1]! << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An IPv4 packet as far as a judge needs it. */
export interface Seen {
  readonly src: number;
  readonly dst: number;
  readonly protocol: number;
  readonly identification: number;
  /** TCP and UDP. */
  readonly ports: { readonly source: number; readonly destination: number } | undefined;
  readonly tcpFlags: number | undefined;
  readonly icmp: { readonly type: number; readonly code: number; readonly id: number } | undefined;
  /** The tag of a witness in its payload. */
  readonly tag: Tag | undefined;
  /** What an ICMP error quotes. */
  readonly quoted: Seen | undefined;
}

/** @returns undefined for what is no IPv4, a later fragment, or cut off before its ports */
export function dissect(bytes: Buffer): Seen | undefined {
  if (bytes.length < IP_HEADER || bytes[0]! >> 4 !== 4) return undefined;
  const headerLength = (bytes[0]! & 15) * 4;
  const total = Math.min(bytes.readUInt16BE(2), bytes.length);
  if (headerLength < IP_HEADER || total < headerLength) return undefined;
  if ((bytes.readUInt16BE(6) & 0x1fff) !== 0) return undefined;
  const protocol = bytes[9]!;
  const body = bytes.subarray(headerLength, total);
  const base = {
    src: bytes.readUInt32BE(12),
    dst: bytes.readUInt32BE(16),
    protocol,
    identification: bytes.readUInt16BE(4),
    ports: undefined,
    tcpFlags: undefined,
    icmp: undefined,
    tag: undefined,
    quoted: undefined,
  };
  if (protocol === TCP || protocol === UDP) {
    if (body.length < 8) return undefined;
    const ports = { source: body.readUInt16BE(0), destination: body.readUInt16BE(2) };
    // What an ICMP error quotes may end after eight bytes (RFC 792).
    const offset = protocol === UDP ? 8 : body.length < 14 ? body.length : (body[12]! >> 4) * 4;
    const tcpFlags = protocol === TCP && body.length >= 14 ? body[13]! : undefined;
    return { ...base, ports, tcpFlags, tag: readTag(body.subarray(offset)) };
  }
  if (protocol === ICMP) {
    if (body.length < 8) return undefined;
    const icmp = { type: body[0]!, code: body[1]!, id: body.readUInt16BE(4) };
    const rest = body.subarray(8);
    const isError = icmp.type === 3 || icmp.type === 5 || icmp.type === 11 || icmp.type === 12;
    return { ...base, icmp, ...(isError ? { quoted: dissectQuoted(rest) } : { tag: readTag(rest) }) };
  }
  return { ...base, tag: readTag(body) };
}

// The total length of what is quoted is the original's, most of it left out.
function dissectQuoted(bytes: Buffer): Seen | undefined {
  return bytes.length < IP_HEADER ? undefined : dissect(bytes);
}

function readTag(payload: Buffer): Tag | undefined {
  if (payload.length < TAG_BYTES || !payload.subarray(0, 4).equals(MAGIC)) return undefined;
  return { run: payload.readUInt32BE(4), index: payload.readUInt32BE(8) };
}
