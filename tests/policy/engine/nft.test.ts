import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../src/core/ip.ts";
import { everything, fullBox } from "../../../src/policy/engine/boxes.ts";
import { compile } from "../../../src/policy/engine/compile.ts";
import { buildDiagram, countDiagram, DiagramForest } from "../../../src/policy/engine/idd.ts";
import { decide } from "../../../src/policy/engine/interpret.ts";
import { readNft } from "../../../src/policy/engine/nft.ts";
import { rulesFor } from "../../../src/policy/engine/nft/flatten.ts";
import type { Packet, Slice } from "../../../src/policy/engine/types.ts";
import { uncovered } from "../../../src/policy/engine/uncovered.ts";

/*
 * The fixtures are what `nft -j list ruleset` (nftables 1.0.6) printed after loading the .nft file beside them.
 */
const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`nft-fixtures/${name}.json`, import.meta.url), "utf8"));

const TABLES = readNft(fixture("tables"));

function packet(text: string): Packet {
  const [src, dst, slice, a, b] = text.split(" ") as [string, string, Slice, string, string];
  const from = parseAddress(src)!;
  return { family: from.family, slice, src: from.value, dst: parseAddress(dst)!.value, a: BigInt(a), b: BigInt(b) };
}

const fate = (text: string, iif = "lan", oif = "dmz"): string => {
  const { rules } = rulesFor(TABLES, { hook: "forward", iif, oif });
  return decide(rules, packet(text), "block").action;
};

describe("the reader of nft's JSON", () => {
  it("understands all of the fixture, NAT apart", () => {
    expect(TABLES.unsupported).toEqual([{ where: "ip nat post", handle: 2, what: 'masquerade {"masquerade":null}' }]);
    expect(rulesFor(TABLES, { hook: "forward", iif: "lan", oif: "dmz" }).unsupported).toEqual([]);
  });

  it.each([
    ["192.168.30.5 192.168.40.10 tcp 50000 443", "pass"],
    ["192.168.30.5 192.168.41.10 tcp 50000 80", "pass"],
    ["192.168.31.5 192.168.41.10 tcp 50000 80", "block"],
    ["192.168.30.5 192.168.40.66 tcp 50000 80", "pass"],
  ])("matches interfaces, networks and anonymous sets: %s %s", (text, action) => {
    expect(fate(text)).toBe(action);
  });

  it.each([
    ["<", 1023, [1022, "pass"], [1023, "block"]],
    ["<=", 1023, [1023, "pass"], [1024, "block"]],
    [">", 1023, [1024, "pass"], [1023, "block"]],
    [">=", 1023, [1023, "pass"], [1022, "block"]],
    ["<", 0, [0, "block"], [65_535, "block"]],
    [">", 65_535, [65_535, "block"], [0, "block"]],
    ["<=", 0, [0, "pass"], [1, "block"]],
  ] as const)("compares: dport %s %i", (op, port, one, other) => {
    const chain = { family: "ip", table: "t", name: "c" };
    const match = { match: { op, left: { payload: { protocol: "tcp", field: "dport" } }, right: port } };
    const tables = readNft({
      nftables: [
        { table: { family: "ip", name: "t" } },
        { chain: { ...chain, type: "filter", hook: "forward", prio: 0, policy: "drop" } },
        { rule: { family: "ip", table: "t", chain: "c", handle: 1, expr: [match, { accept: null }] } },
      ],
    });
    const { rules, unsupported } = rulesFor(tables, { hook: "forward", iif: "lan", oif: "dmz" });
    expect([tables.unsupported, unsupported]).toEqual([[], []]);
    for (const [to, action] of [one, other])
      expect([to, decide(rules, packet(`10.0.0.1 10.0.0.2 tcp 1 ${to}`), "block").action]).toEqual([to, action]);
  });

  it("asks each interface by name, with wildcards and negation", () => {
    const web = "192.168.30.5 198.51.100.7 tcp 50000 80";
    expect(fate(web, "lan", "wan2")).toBe("pass");
    expect(fate(web, "lan", "wifi")).toBe("block");
    expect(fate(web, "dmz", "wan2")).toBe("block");
    const admin = "192.168.10.33 192.168.20.1 tcp 50000 22";
    expect(fate(admin, "admin", "servers")).toBe("pass");
    expect(fate(admin, "wan1", "servers")).toBe("block");
  });

  it("opens named sets of addresses, networks and ranges", () => {
    for (const [host, action] of [
      ["192.168.10.10", "pass"],
      ["192.168.10.11", "block"],
      ["192.168.10.32", "pass"],
      ["192.168.10.48", "block"],
      ["192.168.10.120", "pass"],
      ["192.168.10.121", "block"],
    ]) {
      expect(fate(`${host} 192.168.20.1 tcp 1 22`)).toBe(action);
    }
  });

  it("opens concatenations, of values and of intervals", () => {
    expect(fate("10.9.9.9 192.168.40.10 tcp 1 443")).toBe("pass");
    expect(fate("10.9.9.9 192.168.40.11 tcp 1 443")).toBe("block");
    expect(fate("172.16.0.1 192.168.20.77 udp 1 5061")).toBe("pass");
    expect(fate("172.16.0.1 192.168.20.77 udp 1 5062")).toBe("block");
  });

  it("follows verdict maps, jumps, goto and return", () => {
    expect(fate("192.168.60.5 192.168.20.30 udp 1 10000")).toBe("pass");
    expect(fate("192.168.60.5 192.168.40.99 tcp 1 8080")).toBe("pass");
    // return leaves from_vpn before the rule on the DMZ
    expect(fate("192.168.60.5 192.168.40.99 tcp 1 22")).toBe("block");
    // goto mail, which decides
    expect(fate("192.168.60.5 192.168.20.40 tcp 1 25")).toBe("pass");
    expect(fate("192.168.60.5 192.168.20.41 tcp 1 25")).toBe("reject");
    // goto mail, which does not decide: the rest of from_vpn is skipped, forward goes on
    expect(fate("192.168.60.7 192.168.20.50 tcp 1 25")).toBe("block");
    expect(fate("192.168.60.7 192.168.20.50 tcp 1 26")).toBe("pass");
    expect(fate("192.168.61.7 192.168.20.50 udp 1 53")).toBe("block");
    expect(fate("172.16.0.1 192.168.20.40 tcp 1 25")).toBe("pass");
    expect(fate("172.16.0.1 192.168.20.41 tcp 1 25")).toBe("reject");
  });

  it("knows transport headers, ICMP names and protocol numbers", () => {
    expect(fate("172.16.0.1 172.16.9.9 udp 1 53")).toBe("pass");
    expect(fate("172.16.0.1 172.16.9.9 tcp 1 53")).toBe("pass");
    expect(fate("172.16.0.1 172.16.9.9 icmp 8 0")).toBe("pass");
    expect(fate("172.16.0.1 172.16.9.9 icmp 8 1")).toBe("block");
    expect(fate("172.16.0.1 172.16.9.9 icmp 0 0")).toBe("block");
    expect(fate("2001:db8::1 2001:db8::2 icmp 128 0")).toBe("pass");
    expect(fate("2001:db8::1 2001:db8::2 icmp 129 0")).toBe("block");
    expect(fate("172.16.0.1 172.16.9.9 other 50 0")).toBe("pass");
    expect(fate("172.16.0.1 172.16.9.9 other 51 0")).toBe("block");
    expect(fate("2001:db8:9::1 2001:db8:5::9 udp 1 1")).toBe("pass");
  });

  it("compares and negates", () => {
    expect(fate("2001:db8::5 2001:db8:1::2 tcp 1024 9")).toBe("pass");
    expect(fate("2001:db8::5 2001:db8:1::2 tcp 1023 9")).toBe("block");
    expect(fate("2001:db8::5 2001:db8:1::1 tcp 1024 9")).toBe("block");
    expect(fate("10.0.0.1 172.16.9.9 udp 1 1024")).toBe("pass");
    expect(fate("10.0.0.1 172.16.9.9 udp 1 0")).toBe("pass");
    expect(fate("10.0.0.1 172.16.9.9 udp 1 500")).toBe("block");
    expect(fate("192.168.99.9 172.16.9.9 udp 1 500")).toBe("reject");
    expect(fate("192.168.99.10 172.16.9.9 udp 1 500")).toBe("block");
  });

  it("sends a packet through the base chains of all tables", () => {
    // early4 lets tcp and icmp go on to the table after it, and drops the rest to one host
    expect(fate("10.0.0.1 192.168.40.66 udp 1 5000")).toBe("block");
    expect(fate("10.0.0.1 192.168.40.67 udp 1 5000")).toBe("pass");
    expect(fate("2001:db8::5 fe80::1 tcp 1024 9")).toBe("block");
  });

  it("gives lists in which some rule decides every packet", () => {
    const { rules } = rulesFor(TABLES, { hook: "forward", iif: "lan", oif: "wan1" });
    const compiled = compile(rules);
    for (const box of everything()) expect(uncovered(box, compiled)).toEqual({ kind: "proven" });
  });

  it("lets everything pass a hook without a chain, and a chain whose policy accepts", () => {
    const forest = new DiagramForest();
    for (const hook of ["input", "output"] as const) {
      const { rules } = rulesFor(TABLES, { hook, iif: "lan" });
      expect(countDiagram(buildDiagram(forest, rules, 4, "tcp"), ["block", "reject"])).toBe(0n);
    }
    expect(fullBox(4, "tcp").slice).toBe("tcp");
  });
});

describe("what the reader does not understand", () => {
  const parsed = readNft(fixture("beyond"));

  it("is listed, rule by rule, and never skipped in silence", () => {
    expect(parsed.unsupported.map((u) => u.what.replace(/ \{.*/, ""))).toEqual([
      "match on",
      "a verdict behind a rate limit",
      "set @seen, whose elements come and go",
      "th without a match on l4proto tcp or udp before it",
      "match on",
      "match on ct direction",
      "match",
    ]);
  });

  it("spoils only the hooks whose chains can reach it", () => {
    const forward = rulesFor(parsed, { hook: "forward", iif: "a", oif: "b" });
    expect(forward.unsupported.map((u) => u.where)).toContain("inet filter strange");
    expect(rulesFor(parsed, { hook: "input", iif: "a" }).unsupported).toEqual([]);
  });

  it("makes no answer for something that is no ruleset", () => {
    for (const json of [null, {}, { nftables: [{ rule: { family: "inet" } }] }, { nftables: 3 }]) {
      expect(() => readNft(json)).toThrow(/not the output of nft/);
    }
  });

  it("never throws anything but a Fault on a mangled document", () => {
    const text = JSON.stringify(fixture("tables"));
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom("0", '"', "x", "{", "null"), (at, put) => {
        let json: unknown;
        try {
          json = JSON.parse(text.slice(0, at) + put + text.slice(at + 1));
        } catch {
          return;
        }
        try {
          rulesFor(readNft(json), { hook: "forward", iif: "lan", oif: "dmz" });
        } catch (error) {
          expect(error).toMatchObject({ name: "Fault" });
        }
      }),
      { numRuns: 300 },
    );
  });
});
