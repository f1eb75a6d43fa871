import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildPacket, checksum, dissect, identificationOf, tagBytes } from "../../../src/provision/witness/frame.ts";
import type { Packet } from "../../../src/policy/engine/index.ts";

const address = fc.integer({ min: 1, max: 0xfffffffe }).map(BigInt);
const port = fc.integer({ min: 1, max: 65_535 }).map(BigInt);
const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({
    family: fc.constant(4 as const),
    slice: fc.constantFrom("tcp" as const, "udp" as const),
    src: address,
    dst: address,
    a: port,
    b: port,
  }),
  fc.record({
    family: fc.constant(4 as const),
    slice: fc.constant("icmp" as const),
    src: address,
    dst: address,
    a: fc.constantFrom(8n, 13n, 0n),
    b: fc.constant(0n),
  }),
  fc.record({
    family: fc.constant(4 as const),
    slice: fc.constant("other" as const),
    src: address,
    dst: address,
    a: fc.constantFrom(2n, 47n, 240n),
    b: fc.constant(0n),
  }),
);
const tag = fc.record({
  run: fc.integer({ min: 0, max: 0xffffffff }),
  index: fc.integer({ min: 1, max: 65_535 }),
});

/** Over a whole that bears its own checksum the sum is 0 (RFC 1071). */
function sumsUp(bytes: Buffer, p: Packet): boolean {
  const body = bytes.subarray(20);
  if (checksum(bytes.subarray(0, 20)) !== 0) return false;
  if (p.slice === "icmp") return checksum(body) === 0;
  if (p.slice === "other") return true;
  const pseudo = Buffer.alloc(12);
  bytes.copy(pseudo, 0, 12, 20);
  pseudo.writeUInt8(bytes[9]!, 9);
  pseudo.writeUInt16BE(body.length, 10);
  return checksum(pseudo, body) === 0;
}

describe("packets as bytes", () => {
  it("bear sound checksums, and are read back as they were meant, tag included", () => {
    fc.assert(
      fc.property(packet, tag, (p, t) => {
        const bytes = buildPacket(p, t);
        const seen = dissect(bytes)!;
        expect(sumsUp(bytes, p)).toBe(true);
        expect([BigInt(seen.src), BigInt(seen.dst)]).toEqual([p.src, p.dst]);
        expect(seen.identification).toBe(identificationOf(t));
        expect(seen.tag).toEqual(t);
        if (seen.ports) expect([BigInt(seen.ports.source), BigInt(seen.ports.destination)]).toEqual([p.a, p.b]);
        if (p.slice === "tcp") expect(seen.tcpFlags).toBe(0x02);
        if (p.slice === "icmp") expect(seen.icmp?.type).toBe(Number(p.a));
      }),
    );
  });

  it("a changed byte of an address is found by the checksum", () => {
    const p: Packet = { family: 4, slice: "tcp", src: 0x0a141e0bn, dst: 0x0a14140bn, a: 50_000n, b: 389n };
    const bytes = buildPacket(p, { run: 7, index: 1 });
    bytes[15]! ^= 1;
    expect(sumsUp(bytes, p)).toBe(false);
  });

  it("are the bytes that RFC 791 and RFC 768 draw", () => {
    const p: Packet = { family: 4, slice: "udp", src: 0xc0000201n, dst: 0xc0000202n, a: 4096n, b: 53n };
    const bytes = buildPacket(p, { run: 0, index: 1 });
    expect(bytes.subarray(0, 10).toString("hex")).toBe(
      `45000028${identificationOf({ run: 0, index: 1 }).toString(16).padStart(4, "0")}00002011`,
    );
    expect(bytes.subarray(12, 26).toString("hex")).toBe("c0000201c0000202100000350014");
    expect(bytes.subarray(28).equals(tagBytes({ run: 0, index: 1 }))).toBe(true);
  });

  it("an ICMP error is known by the packet that it quotes", () => {
    const p: Packet = { family: 4, slice: "udp", src: 0xc0000201n, dst: 0xc0000202n, a: 4096n, b: 53n };
    const quoted = buildPacket(p, { run: 9, index: 3 });
    const outer = buildPacket({ ...p, slice: "icmp", src: p.dst, dst: p.src, a: 3n, b: 3n }, { run: 0, index: 9 });
    const error = Buffer.concat([outer.subarray(0, 28), quoted.subarray(0, 28)]);
    error.writeUInt16BE(error.length, 2);
    const seen = dissect(error)!;
    expect(seen.tag).toBeUndefined();
    expect(seen.quoted).toMatchObject({ src: 0xc0000201, ports: { source: 4096, destination: 53 } });
  });

  it("what is cut off, a later fragment or another protocol is not taken for a packet", () => {
    const p: Packet = { family: 4, slice: "tcp", src: 1n, dst: 2n, a: 3n, b: 4n };
    const bytes = buildPacket(p, { run: 1, index: 1 });
    expect(dissect(bytes.subarray(0, 24))).toBeUndefined();
    const later = Buffer.from(bytes);
    later.writeUInt16BE(1, 6);
    expect(dissect(later)).toBeUndefined();
    expect(dissect(Buffer.from("600000000000", "hex"))).toBeUndefined();
  });
});
