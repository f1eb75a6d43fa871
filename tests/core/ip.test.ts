import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bitsOf,
  broadcastOf,
  contains,
  formatAddress,
  formatNetwork,
  maxOf,
  networkOf,
  networksOfRange,
  networksOverlap,
  parseAddress,
  parseNetwork,
  rangeOf,
} from "../../src/core/ip.ts";

const v4 = fc.bigInt(0n, (1n << 32n) - 1n).map((value) => ({ family: 4 as const, value }));
const v6 = fc.bigInt(0n, (1n << 128n) - 1n).map((value) => ({ family: 6 as const, value }));

describe("addresses", () => {
  test("what is formatted parses back to the same address", () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), (a) => {
        expect(parseAddress(formatAddress(a))).toEqual(a);
      }),
    );
  });

  test.each([
    "010.0.0.1",
    "10.0.0",
    "10.0.0.256",
    "0x0a.0.0.1",
    "10.0.0.1.",
    "1",
    "",
    " 10.0.0.1",
    "fe80::1%eth0",
    "::1::",
    "10.0.0.1/8",
  ])("%j is refused as an address", (text) => expect(parseAddress(text)).toBeUndefined());

  test("a network with host bits is parsed and says so", () => {
    const parsed = parseNetwork("10.20.30.7/24");
    expect(parsed?.hostBits).toBe(true);
    expect(formatNetwork(parsed!.network)).toBe("10.20.30.0/24");
  });

  test.each(["10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10.0.0.0", "::/129"])("%j is refused as a network", (text) =>
    expect(parseNetwork(text)).toBeUndefined(),
  );

  test("a range is covered exactly by its networks", () => {
    fc.assert(
      fc.property(v4, v4, (a, b) => {
        const [lo, hi] = a.value <= b.value ? [a.value, b.value] : [b.value, a.value];
        const ranges = networksOfRange({ family: 4, lo, hi }).map(rangeOf);
        expect(ranges[0]?.lo).toBe(lo);
        expect(ranges.at(-1)?.hi).toBe(hi);
        for (let i = 1; i < ranges.length; i++) expect(ranges[i]!.lo).toBe(ranges[i - 1]!.hi + 1n);
      }),
    );
  });

  test("overlap is symmetric and follows from a shared address", () => {
    const net = fc
      .tuple(v4, fc.integer({ min: 0, max: 32 }))
      .map(([a, p]) => parseNetwork(`${formatAddress(a)}/${p}`)!.network);
    fc.assert(
      fc.property(net, net, (a, b) => {
        expect(networksOverlap(a, b)).toBe(networksOverlap(b, a));
        const base = { family: 4 as const, value: a.base };
        if (contains(b, base)) expect(networksOverlap(a, b)).toBe(true);
      }),
    );
  });

  test("a family has so many bits, and a last address", () => {
    expect([bitsOf(4), bitsOf(6)]).toEqual([32, 128]);
    expect(formatAddress({ family: 4, value: maxOf(4) })).toBe("255.255.255.255");
    expect(formatAddress({ family: 6, value: maxOf(6) })).toBe("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  });

  test.each([
    ["0.0.0.0", 4, 0n],
    ["255.255.255.255", 4, 0xffffffffn],
    ["192.0.2.1", 4, 0xc0000201n],
    ["249.199.99.9", 4, 0xf9c76309n],
    ["::1", 6, 1n],
    ["2001:db8::8000", 6, 0x20010db8000000000000000000008000n],
    ["::ffff:192.0.2.1", 6, 0xffffc0000201n],
  ] as const)("%s is read as the number it is", (text, family, value) =>
    expect(parseAddress(text)).toEqual({ family, value }),
  );

  test.each([
    ["10.20.30.7/24", "10.20.30.0/24", "10.20.30.0", "10.20.30.255"],
    ["10.20.30.7/32", "10.20.30.7/32", "10.20.30.7", "10.20.30.7"],
    ["10.20.30.7/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"],
    ["2001:db8::7/64", "2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"],
    ["::7/128", "::7/128", "::7", "::7"],
  ])("%s is the network %s, from %s to %s", (text, network, first, last) => {
    const { network: parsed, address, hostBits } = parseNetwork(text)!;
    expect(formatNetwork(parsed)).toBe(network);
    expect(hostBits).toBe(formatAddress(address) !== first);
    const { lo, hi, family } = rangeOf(parsed);
    expect([lo, hi].map((value) => formatAddress({ family, value }))).toEqual([first, last]);
    expect(networkOf(address, parsed.prefix)).toEqual(parsed);
    expect(formatAddress(broadcastOf(parsed))).toBe(last);
  });

  test("a network contains its first and last address, and neither neighbour nor the other family", () => {
    const { network } = parseNetwork("10.20.30.0/25")!;
    const has = (text: string): boolean => contains(network, parseAddress(text)!);
    expect(["10.20.30.0", "10.20.30.127"].map(has)).toEqual([true, true]);
    expect(["10.20.29.255", "10.20.30.128", "::a14:1e00"].map(has)).toEqual([false, false, false]);
  });

  test("networks overlap exactly when one has an address of the other, within a family", () => {
    const small = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }));
    fc.assert(
      fc.property(small, small, ([a, p], [b, q]) => {
        const [x, y] = [networkOf({ family: 4, value: BigInt(a) }, p), networkOf({ family: 4, value: BigInt(b) }, q)];
        const shares = Array.from({ length: 256 }, (_, i) => ({ family: 4 as const, value: BigInt(i) })).some(
          (address) => contains(x, address) && contains(y, address),
        );
        expect(networksOverlap(x, y)).toBe(shares);
        expect(networksOverlap({ ...x, family: 6, prefix: x.prefix + 96 }, y)).toBe(false);
      }),
    );
  });

  test("a range is covered by as few networks as can be", () => {
    const wide = fc.oneof(
      fc.tuple(fc.constant(4 as const), fc.bigInt(0n, 255n), fc.bigInt(0n, 255n)),
      fc.tuple(fc.constant(6 as const), fc.bigInt(0n, 255n), fc.bigInt(0n, 255n)),
    );
    fc.assert(
      fc.property(wide, ([family, a, b]) => {
        const [lo, hi] = a <= b ? [a, b] : [b, a];
        const networks = networksOfRange({ family, lo, hi });
        // Two that could be one would be the halves of it.
        for (let i = 1; i < networks.length; i++) {
          const [left, right] = [networks[i - 1]!, networks[i]!];
          const whole = { ...left, prefix: left.prefix - 1 };
          const areHalves = left.prefix === right.prefix && rangeOf(whole).hi === rangeOf(right).hi;
          expect(areHalves && rangeOf(whole).lo === left.base).toBe(false);
        }
      }),
    );
    for (const family of [4, 6] as const)
      expect(networksOfRange({ family, lo: 0n, hi: maxOf(family) })).toEqual([{ family, base: 0n, prefix: 0 }]);
  });
});
