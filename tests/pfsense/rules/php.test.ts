import { describe, expect, it } from "vitest";

import { audit } from "../../../src/pfsense/rules/audit.ts";
import { rulesOf } from "../../../src/pfsense/rules/ruleset.ts";
import type { PfRule, PfRuleset } from "../../../src/pfsense/rules/types.ts";
import { configOf, type Case } from "./case.ts";

/*
 * Each of these was compared with the lines that pfSense's own filter.inc (2.8.0) writes for the same file. What a
 * mutation of every element shows, thousands of them, is bench/pfsense.
 */

type Fields = Readonly<Record<string, unknown>>;

const make = (c: Partial<Case>): PfRuleset =>
  rulesOf(configOf({ title: "", base: "three-legs", packets: [], ...c }), { now: new Date("2026-11-29T12:00:00Z") });

const TCP: Fields = {
  tracker: 7,
  type: "pass",
  interface: "lan",
  ipprotocol: "inet",
  protocol: "tcp",
  source: { network: "lan" },
  destination: { network: "opt1", port: 443 },
};

const ruleOf = (fields: Fields): PfRule | undefined => make({ rules: [fields] }).rules.find((r) => r.by === "user");

/** `tcp 443`, `tcp *`, `any`; several joined. */
const shapeOf = (r: PfRule | undefined): string =>
  (r?.boxes ?? [])
    .map((b) => {
      const isEvery = b.b.lo === 0n && b.b.hi === 65535n;
      const ports = isEvery ? "*" : b.b.lo === b.b.hi ? String(b.b.lo) : `${b.b.lo}-${b.b.hi}`;
      return b.slice === "other"
        ? `${b.slice} ${b.a.lo}-${b.a.hi}`
        : b.slice === "icmp"
          ? "icmp"
          : `${b.slice} ${ports}`;
    })
    .join(", ");

const EVERYTHING = "tcp *, udp *, icmp, other 0-255";

describe("a rule's fields that are 0 or empty", () => {
  const withPort = (port: unknown): Fields => ({ network: "opt1", port });

  it.each([
    ["protocol 0 with a port: TCP, and no port is written", { protocol: 0 }, "tcp *"],
    ["protocol 0 without a port: everything", { protocol: 0, destination: { network: "opt1" } }, EVERYTHING],
    ["an empty protocol with port 0: TCP", { protocol: "", destination: withPort(0) }, "tcp *"],
    ["port 0: every port", { destination: withPort(0) }, "tcp *"],
    ["an empty port", { destination: withPort("") }, "tcp *"],
    ["ICMP type 0: every type", { protocol: "icmp", icmptype: 0, destination: { network: "opt1" } }, "icmp"],
    ["a tag 0, DSCP 0, limits 0: nothing", { tag: 0, tagged: 0, dscp: 0, max: 0, statetype: 0 }, "tcp 443"],
    [
      "a network 0 before an address: the address",
      { destination: { network: 0, address: "10.0.1.9", port: 1 } },
      "tcp 1",
    ],
  ])("read as pfSense reads them: %s", (_, fields, shape) => {
    const r = ruleOf({ ...TCP, ...fields });
    expect(shapeOf(r)).toBe(shape);
    expect(r?.uncertain).toEqual([]);
    expect(r?.tagged).toBeUndefined();
  });

  it.each([
    ["a range from 0", { destination: withPort("0-1024") }, "SKIPPED"],
    ["a range that is open", { destination: withPort("443-") }, "SKIPPED"],
    ["a service's name with a dash", { destination: withPort("netbios-ns") }, "SKIPPED"],
    ["a range of names", { destination: withPort("http-https") }, "REFUSED"],
    ["an address 0", { source: { address: 0 } }, "SKIPPED"],
    ["a protocol in capitals that pf does not know", { protocol: "TCP/UDP" }, "REFUSED"],
    ["a tracker that is no number", { tracker: "abc" }, "REFUSED"],
    ["a direction that is none", { floating: "yes", direction: "sideways" }, "REFUSED"],
    ["a tag that ends its quotes", { tag: 'a"b' }, "REFUSED"],
    ["a limit that is no number", { max: "many" }, "REFUSED"],
    ["an alias without type", { destination: withPort("PORTS") }, "SKIPPED"],
    ["an alias with a slip in it", { destination: withPort("SLIP") }, "SKIPPED"],
    ["an alias without its addresses", { destination: { address: "EMPTY" } }, "SKIPPED"],
    ["an alias with a network that is none", { destination: { address: "WIDE" } }, "REFUSED"],
  ])("leave the rule out: %s", (_, fields, why) => {
    const xml = `<aliases><alias><name>PORTS</name><address>80</address></alias>
      <alias><name>SLIP</name><type>port</type><address>80 4x43</address></alias>
      <alias><name>EMPTY</name><type>host</type></alias>
      <alias><name>WIDE</name><type>network</type><address>10.0.1.0/33</address></alias></aliases>`;
    const set = make({ rules: [{ ...TCP, ...fields }], xml });
    expect(set.rules.filter((r) => r.by === "user")).toEqual([]);
    expect(set.diagnostics.map((d) => d.code)).toContain(`PFSENSE_RULE_${why}`);
  });

  it("has no part in the list with an interface that names no device", () => {
    const change = { "<if>vtnet2</if>": "" };
    const rule = { ...TCP, interface: "opt1" };
    expect(make({ rules: [rule], change }).diagnostics.map((d) => d.code)).toContain("PFSENSE_RULE_INTERFACE");
  });

  it("knows the networks that pfSense names itself", () => {
    const r = ruleOf({ ...TCP, destination: { address: "_private46_", not: true } });
    expect(r?.uncertain).toEqual([]);
    expect(r?.boxes.some((b) => b.dst.lo <= 0x0a000001n && b.dst.hi >= 0x0a000001n)).toBe(false);
  });

  it("reads a description of 63 bytes and more, which ends in dots, without its backslash", () => {
    expect(ruleOf({ ...TCP, descr: `${"x".repeat(60)}\\` })).toBeDefined();
    expect(ruleOf({ ...TCP, descr: "x\\" })).toBeUndefined();
  });
});

describe("translations whose fields are 0, empty or cannot be read", () => {
  const FORWARD: Fields = {
    interface: "wan",
    ipprotocol: "inet",
    protocol: "tcp",
    source: "any",
    destination: { network: "wanip", port: 443 },
    target: "10.0.1.10",
    "local-port": 8443,
  };
  const outbound = (fields: string, mode = "hybrid"): string =>
    `<nat><outbound><mode>${mode}</mode><rule><interface>wan</interface><source><network>10.0.0.0/24</network></source>
      <destination><any/></destination>${fields}</rule></outbound></nat>`;

  it.each([
    ["a port with a slip redirects every port", { destination: { network: "wanip", port: "4x43" } }, "tcp *", "LOST"],
    ["port 0 redirects every port", { destination: { network: "wanip", port: 0 } }, "tcp *", undefined],
    ["443-0 is 443", { destination: { network: "wanip", port: "443-0" } }, "tcp 443", undefined],
    ["protocol 0 is every protocol", { protocol: 0 }, EVERYTHING, undefined],
    ["interface 0 is wan", { interface: 0 }, "tcp 443", undefined],
    ["a local port with a slip", { "local-port": "84x43" }, "tcp 443", "LOST"],
  ])("a port forward: %s", (_, fields, shape, said) => {
    const set = make({ forwards: [{ ...FORWARD, ...fields }] });
    const [redirect] = set.nat.redirects;
    expect(shapeOf(redirect as unknown as PfRule)).toBe(shape);
    expect(redirect?.interfaces).toEqual(["wan"]);
    expect(set.diagnostics.map((d) => d.code)).toEqual(said === undefined ? [] : [`PFSENSE_NAT_PORT_${said}`]);
  });

  it.each([
    ["a target with a slip", { target: "10.20.20.1x2" }, "SKIPPED"],
    ["no protocol", { protocol: "" }, "REFUSED"],
    ["a source that is no network", { source: { address: "203.0.113.0/33" } }, "SKIPPED"],
    ["a source that is not what is no network", { source: { address: "203.0.113.0/33", not: true } }, "REFUSED"],
    ["a network where a keyword belongs", { destination: { network: "198.51.100.2/32", port: 443 } }, "SKIPPED"],
  ])("a port forward with %s is left out", (_, fields, why) => {
    const set = make({ forwards: [{ ...FORWARD, ...fields }] });
    expect(set.nat.redirects).toEqual([]);
    expect(set.diagnostics.map((d) => d.code)).toEqual([`PFSENSE_NAT_${why}`]);
  });

  it.each([
    ["", "an empty mode"],
    ["none", "an unknown mode"],
  ])("translate nothing on the way out with %j, %s", (mode) => {
    expect(make({ xml: outbound("", mode) }).nat.sources).toEqual([]);
  });

  it("keep an outbound rule's protocol when it has ports, and lose a port with a slip", () => {
    const shape = (fields: string): readonly [string, readonly string[]] => {
      const set = make({ xml: outbound(fields) });
      return [shapeOf(set.nat.sources[0] as unknown as PfRule), set.diagnostics.map((d) => d.code)];
    };
    expect(shape("<protocol>udp</protocol><dstport>5060</dstport>")).toEqual(["udp 5060", []]);
    expect(shape("<dstport>5060</dstport>")).toEqual(["tcp 5060, udp 5060", []]);
    expect(shape("<dstport>0</dstport><protocol>0</protocol>")).toEqual([EVERYTHING, []]);
    expect(shape("<protocol>udp</protocol><dstport>50x60</dstport>")).toEqual(["udp *", ["PFSENSE_NAT_PORT_LOST"]]);
    expect(shape("<target>198.51.100.7x</target><target_subnet>32</target_subnet>")[1]).toEqual([
      "PFSENSE_NAT_TARGET_LOST",
    ]);
  });

  it("are read to the end of the line by pf, their description included", () => {
    const codes = (descr: string): readonly string[] =>
      make({ xml: outbound(`<descr>${descr}</descr>`) }).diagnostics.map((d) => d.code);
    expect(codes("to the Internet #1")).toEqual([]);
    expect(codes("share \\\\srv\\")).toEqual(["PFSENSE_NAT_NEXT_LOST"]);
    expect(codes("one&#10;two")).toEqual(["PFSENSE_NAT_REFUSED"]);
  });

  it("are refused by pf with an outbound source that is no network", () => {
    const xml = outbound("").replace("10.0.0.0/24", "10.0.0.0/33");
    expect(make({ xml }).diagnostics.map((d) => d.code)).toEqual(["PFSENSE_NAT_REFUSED"]);
  });
});

describe("entries of aliases with a slip in them", () => {
  it("are named, wherever the alias stands, five of a kind", () => {
    const xml = `<aliases>
      <alias><name>A</name><type>host</type><address>10.20.20.1x2 10.0.0.300 10.0.0.5 fw.example.com 1.pool.ntp.org</address></alias>
      <alias><name>B</name><type>port</type><address>443 4x43 70000 8000:8010 P</address></alias>
      <alias><name>P</name><type>port</type><address>${Array.from({ length: 9 }, (_, i) => `x${i}y`).join(" ")}</address></alias></aliases>`;
    const found = audit(configOf({ title: "", base: "two-legs", packets: [], xml })).diagnostics;
    const facts = found
      .filter((d) => d.code === "PFSENSE_ALIAS_ENTRY")
      .map((d) => /"[^"]+"[^"]*"([^"]+)"/.exec(d.fact)?.[1]);
    expect(facts).toEqual(["10.20.20.1x2", "10.0.0.300", "4x43", "70000", "x0y", "x1y", "x2y", "x3y", "x4y"]);
  });
});
