import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  contains,
  formatAddress,
  formatNetwork,
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
});
