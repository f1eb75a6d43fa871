import { Fault } from "../../core/fault.ts";

/*
 * A capture file of `tcpdump -i any -y LINUX_SLL2` (pcap-savefile(5), LINKTYPE_LINUX_SLL2): for each packet the
 * interface it was seen at, and whether it came in or went out.
 */

export interface CapturedPacket {
  /** Seconds since the epoch, by the clock of whoever captured. */
  readonly at: number;
  readonly interfaceIndex: number;
  readonly isOutgoing: boolean;
  /** From the network layer on; IPv4 and others alike. */
  readonly etherType: number;
  readonly bytes: Buffer;
  /** Longer on the wire than here. */
  readonly isCut: boolean;
}

const LINKTYPE_SLL2 = 276;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const SLL2_HEADER = 20;
/** Packet type of SLL2: sent by us. */
const OUTGOING = 4;

/**
 * @throws Fault ACCEPT_CAPTURE when the file is no such capture
 * @returns its packets; a record that the end of the file cuts off is left out
 */
export function readCapture(file: Buffer): readonly CapturedPacket[] {
  if (file.length < FILE_HEADER) throw bad(`it has ${file.length} bytes`);
  const magic = file.readUInt32LE(0);
  const order = { 0xa1b2c3d4: "LE-6", 0xd4c3b2a1: "BE-6", 0xa1b23c4d: "LE-9", 0x4d3cb2a1: "BE-9" }[magic];
  if (order === undefined) throw bad(`it begins with ${file.subarray(0, 4).toString("hex")}`);
  const isLittle = order.startsWith("LE");
  const u32 = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const fraction = order.endsWith("6") ? 1e-6 : 1e-9;
  const linkType = u32(20) & 0x0fff_ffff;
  if (linkType !== LINKTYPE_SLL2) throw bad(`its link type is ${linkType}, not ${LINKTYPE_SLL2}`);
  const packets: CapturedPacket[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length;) {
    const length = u32(at + 8);
    const body = at + RECORD_HEADER;
    if (body + length > file.length) break;
    if (length >= SLL2_HEADER)
      packets.push({
        at: u32(at) + u32(at + 4) * fraction,
        etherType: file.readUInt16BE(body),
        interfaceIndex: file.readUInt32BE(body + 4),
        isOutgoing: file[body + 10] === OUTGOING,
        bytes: file.subarray(body + SLL2_HEADER, body + length),
        isCut: u32(at + 12) > length,
      });
    at = body + length;
  }
  return packets;
}

const bad = (why: string): Fault =>
  new Fault(
    "ACCEPT_CAPTURE",
    `A router's capture cannot be read: ${why}.`,
    "Its tcpdump may be too old for LINUX_SLL2 (libpcap 1.10), or its disk full.",
  );
