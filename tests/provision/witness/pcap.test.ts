import { describe, expect, it } from "vitest";
import { readCapture } from "../../../src/provision/witness/pcap.ts";
import { readStates } from "../../../src/provision/witness/states.ts";

// pcap-savefile(5): magic, version 2.4, two fields unused, snapshot length, link type.
const header = (order: "LE" | "BE", magic: number, linkType = 276): Buffer => {
  const bytes = Buffer.alloc(24);
  const u32 = (value: number, at: number): number =>
    order === "LE" ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at);
  u32(magic, 0);
  u32(256, 16);
  u32(linkType, 20);
  return bytes;
};

// LINKTYPE_LINUX_SLL2: protocol, reserved, interface, ARPHRD, packet type, address length, address; always big-endian.
const sll2 = (interfaceIndex: number, packetType: number, payload: string): Buffer =>
  Buffer.from(
    `08000000${interfaceIndex.toString(16).padStart(8, "0")}0001${packetType.toString(16).padStart(2, "0")}060200000000010000${payload}`,
    "hex",
  );

const record = (order: "LE" | "BE", seconds: number, fraction: number, body: Buffer, length = body.length): Buffer => {
  const bytes = Buffer.alloc(16);
  [seconds, fraction, body.length, length].forEach((value, i) =>
    order === "LE" ? bytes.writeUInt32LE(value, i * 4) : bytes.writeUInt32BE(value, i * 4),
  );
  return Buffer.concat([bytes, body]);
};

describe("a capture file", () => {
  it.each([
    ["LE", 0xa1b2c3d4, 500_000],
    ["BE", 0xa1b2c3d4, 500_000],
    ["LE", 0xa1b23c4d, 500_000_000],
    ["BE", 0xa1b23c4d, 500_000_000],
  ] as const)("%s, magic %i: interface, direction and time", (order, magic, half) => {
    const file = Buffer.concat([
      header(order, magic),
      record(order, 100, half, sll2(7, 0, "4500aabb")),
      record(order, 101, 0, sll2(9, 4, "4500ccdd"), 900),
    ]);
    const [first, second] = readCapture(file);
    expect(first).toMatchObject({ interfaceIndex: 7, isOutgoing: false, etherType: 0x0800, isCut: false });
    expect(first!.at).toBeCloseTo(100.5, 6);
    expect(first!.bytes.toString("hex")).toBe("4500aabb");
    expect(second).toMatchObject({ interfaceIndex: 9, isOutgoing: true, isCut: true });
  });

  it("packets for us, for all, for a group and for others have all come in", () => {
    const bodies = [0, 1, 2, 3].map((type) => record("LE", 1, 0, sll2(1, type, "45")));
    const file = Buffer.concat([header("LE", 0xa1b2c3d4), ...bodies]);
    expect(readCapture(file).map((p) => p.isOutgoing)).toEqual([false, false, false, false]);
  });

  it("a record that the end of the file cuts off is left out", () => {
    const whole = Buffer.concat([
      header("LE", 0xa1b2c3d4),
      record("LE", 1, 0, sll2(1, 0, "4500")),
      record("LE", 2, 0, sll2(1, 0, "4500aabbccdd")),
    ]);
    expect(readCapture(whole.subarray(0, whole.length - 2))).toHaveLength(1);
    expect(readCapture(whole.subarray(0, whole.length - 30))).toHaveLength(1);
  });

  it.each([
    ["empty", Buffer.alloc(0), /0 bytes/],
    ["no capture", Buffer.alloc(40, 1), /begins with 01010101/],
    ["of another link type", header("LE", 0xa1b2c3d4, 1), /link type is 1/],
  ])("%s: refused in words", (_, file, words) => {
    expect(() => readCapture(file)).toThrow(words);
  });
});

describe("a router's connections", () => {
  it("are read from conntrack's events and its list alike", () => {
    const text = `    [NEW] ipv4     2 tcp      6 120 SYN_SENT src=10.20.30.11 dst=192.0.2.80 sport=50000 dport=443 [UNREPLIED] src=192.0.2.80 dst=198.51.100.4 sport=443 dport=50000
    [NEW] ipv4     2 icmp     1 30 src=10.20.10.10 dst=10.20.10.1 type=8 code=0 id=777 [UNREPLIED] src=10.20.10.1 dst=10.20.10.10 type=0 code=0 id=777
ipv4     2 unknown  240 590 src=10.20.99.1 dst=10.20.99.2 src=10.20.99.2 dst=10.20.99.1 mark=0 use=1
conntrack v1.4.8 (conntrack-tools): 3 flow entries have been shown.
`;
    expect(readStates(text)).toEqual([
      { protocol: 6, src: 0x0a141e0b, dst: 0xc0000250, source: 50_000, destination: 443, icmpId: undefined },
      { protocol: 1, src: 0x0a140a0a, dst: 0x0a140a01, source: undefined, destination: undefined, icmpId: 777 },
      {
        protocol: 240,
        src: 0x0a146301,
        dst: 0x0a146302,
        source: undefined,
        destination: undefined,
        icmpId: undefined,
      },
    ]);
  });
});
