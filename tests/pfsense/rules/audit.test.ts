import { describe, expect, it } from "vitest";

import { audit } from "../../../src/pfsense/rules/audit.ts";
import { auditPackets, parsePacketLine } from "../../../src/pfsense/rules/packets.ts";
import type { Case } from "./case.ts";
import { configOf } from "./case.ts";

const make = (c: Partial<Case>): ReturnType<typeof audit> =>
  audit(configOf({ title: "", base: "three-legs", packets: [], ...c }));

const rule = (
  tracker: number,
  type: string,
  rest: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => ({
  tracker,
  type,
  interface: "lan",
  ipprotocol: "inet",
  source: "any",
  destination: "any",
  ...rest,
});

describe("auditing a configuration", () => {
  it("shows every rule that takes part, pfSense's own marked as such", () => {
    const { rows } = make({ rules: [rule(7, "pass", { protocol: "tcp", source: { network: "lan" }, descr: "web" })] });
    const short = rows.map((r) => `${r.by} ${r.id}`);
    expect(short).toContain("pfsense anti-lockout");
    expect(short).toContain("pfsense default-deny4:in");
    expect(short.filter((s) => s.startsWith("user"))).toEqual(["user 7"]);
    expect(rows.find((r) => r.id === "7")?.summary).toBe("tcp lan → any (web)");
    expect(short.indexOf("pfsense anti-lockout")).toBeLessThan(short.indexOf("user 7"));
  });

  it("numbers automatic rules as pfSense does", () => {
    const { rows } = make({});
    const trackers = Object.fromEntries(rows.map((r) => [r.id, r.tracker]));
    expect(trackers).toMatchObject({
      "block-ipv6:in": "1000000003",
      "default-deny4:in": "1000000103",
      "sshguard-gui": "1000000351",
      "antispoof-net:wan": "1000001470",
      "antispoof-net:lan": "1000002520",
      "pass-out4": "1000003613",
      "pass-out-by-gateway:wan:4": "1000003711",
      "anti-lockout": "10001",
    });
  });

  it("finds rules that are never reached, by a union too, and rules that change nothing", () => {
    const half = (n: number): unknown => ({ address: `10.0.1.${n * 128}/25` });
    const found = make({
      rules: [
        rule(1, "pass", { source: { network: "lan" }, destination: half(0) }),
        rule(2, "pass", { source: { network: "lan" }, destination: half(1) }),
        rule(3, "block", { source: { network: "lan" }, destination: { network: "opt1" } }),
        rule(4, "block", { interface: "opt1", log: true }),
      ],
    }).diagnostics;
    expect(found.map((d) => `${d.code} ${d.path}`)).toEqual([
      "PFSENSE_RULE_SHADOWED filter.rule[2]",
      "PFSENSE_RULE_REDUNDANT filter.rule[3]",
    ]);
    expect(found[0]?.fact).toContain("1, 2");
  });

  const LAN = { source: { network: "lan" } };
  const codesOf = (rules: readonly Readonly<Record<string, unknown>>[], c: Partial<Case> = {}): readonly string[] =>
    make({ ...c, rules }).diagnostics.map((d) => `${d.code} ${d.path}`);

  it("calls a rule redundant when a later one does the very same", () => {
    expect(codesOf([rule(1, "pass", { ...LAN, protocol: "udp" }), rule(2, "pass", LAN)])).toEqual([
      "PFSENSE_RULE_REDUNDANT filter.rule[0]",
    ]);
  });

  it.each([
    ["its gateway", { gateway: "WANGW" }],
    ["its log", { log: true }],
    ["the tag it sets", { tag: "NOWAN" }],
    ["its kind of state", { statetype: "sloppy state" }],
    ["that it keeps no state", { statetype: "none" }],
    ["its state policy", { statepolicy: "if-bound" }],
    ["its limiter", { dnpipe: "slow" }],
    ["its queue", { defaultqueue: "qVoice" }],
    ["its limit of states", { "max-src-states": 5 }],
    ["its time-out", { statetimeout: 30 }],
    ["that it lets IP options through", { allowopts: true }],
    ["that its states are not told to the peer", { nopfsync: true }],
    ["that its answers go by the routing table", { disablereplyto: true }],
  ])("does not call a rule redundant of which %s would be missed", (_, fields) => {
    expect(codesOf([rule(1, "pass", { ...LAN, protocol: "udp", ...fields }), rule(2, "pass", LAN)])).toEqual([]);
    // Nor one before which the other does it.
    expect(codesOf([rule(1, "pass", { ...LAN, protocol: "udp" }), rule(2, "pass", { ...LAN, ...fields })])).toEqual([]);
    expect(
      codesOf([rule(1, "pass", { ...LAN, protocol: "udp", ...fields }), rule(2, "pass", { ...LAN, ...fields })]),
    ).toEqual(["PFSENSE_RULE_REDUNDANT filter.rule[0]"]);
  });

  it("keeps a rule for the segments that begin no connection", () => {
    const anyFlags = { ...LAN, protocol: "tcp", tcpflags_any: true };
    expect(codesOf([rule(1, "pass", anyFlags), rule(2, "pass", LAN)])).toEqual([]);
    // Connections never reach it: its segments do.
    expect(codesOf([rule(1, "pass", { ...LAN, protocol: "tcp" }), rule(2, "pass", anyFlags)])).toEqual([]);
    expect(codesOf([rule(1, "pass", anyFlags), rule(2, "pass", anyFlags)])).toEqual([
      "PFSENSE_RULE_SHADOWED filter.rule[1]",
    ]);
    const own = { ...LAN, protocol: "tcp", tcpflags1: "syn", tcpflags2: "syn,ack" };
    expect(codesOf([rule(1, "pass", own), rule(2, "pass", { ...LAN, protocol: "tcp" })])).toEqual([]);
  });

  it("keeps a rule of both families of which one is needed", () => {
    const both = { interface: "opt1", ipprotocol: "inet46", floating: "yes", direction: "any" };
    expect(codesOf([rule(1, "block", both)])).toEqual([]);
  });

  it("keeps a refusal before a pass that is never reached because of it, and the log before the silent refusal", () => {
    expect(codesOf([rule(1, "block", { ...LAN, log: true }), rule(2, "pass", LAN)])).toEqual([
      "PFSENSE_RULE_SHADOWED filter.rule[1]",
    ]);
    // The last rules refuse it too, but they log.
    expect(codesOf([rule(1, "block", { interface: "opt1" })])).toEqual([]);
    expect(codesOf([rule(1, "reject", { interface: "opt1", log: true })])).toEqual([]);
  });

  it("does not call a rule redundant before one that may take its packets", () => {
    const xml = "<aliases><alias><name>N</name><type>host</type><address>example.com</address></alias></aliases>";
    const doubtful = rule(2, "block", { ...LAN, destination: { address: "N" } });
    expect(codesOf([rule(1, "pass", LAN), doubtful, rule(3, "pass", LAN)], { xml })).not.toContain(
      "PFSENSE_RULE_REDUNDANT filter.rule[0]",
    );
  });

  it("reports of two rules that do the same the one that may go", () => {
    expect(codesOf([rule(1, "pass", LAN), rule(2, "pass", LAN)])).toEqual(["PFSENSE_RULE_SHADOWED filter.rule[1]"]);
  });

  it("does not call a rule unreached that hangs on something unknown", () => {
    const c = {
      xml: "<aliases><alias><name>N</name><type>host</type><address>example.com</address></alias></aliases>",
      rules: [rule(1, "pass", { source: { address: "N" } }), rule(2, "pass", { source: { network: "lan" } })],
    };
    expect(make(c).diagnostics).toEqual([]);
  });

  it("finds a file in which no interface is enabled, with rules and without", () => {
    const change = { "<wan><enable/>": "<wan>", "<lan><enable/>": "<lan>", "<opt1><enable/>": "<opt1>" };
    expect(codesOf([], { change })).toEqual(["PFSENSE_NO_INTERFACE_ENABLED interfaces"]);
    expect(codesOf([rule(1, "pass", LAN)], { change })).toContain("PFSENSE_NO_INTERFACE_ENABLED interfaces");
  });

  it("finds open passes and aliases that nothing uses", () => {
    const xml = "<aliases><alias><name>N</name><type>host</type><address>10.0.0.7</address></alias></aliases>";
    const codes = make({ xml, rules: [rule(1, "pass", {})] }).diagnostics.map((d) => d.code);
    expect(codes).toEqual(["PFSENSE_ALIAS_UNUSED", "PFSENSE_RULE_OPEN"]);
  });

  it("says what it takes for granted", () => {
    expect(make({}).assumptions.join(" ")).toContain("sshguard");
  });
});

describe("packet lines", () => {
  const isPlace = (key: string): boolean => key === "lan";
  const wrong: readonly (readonly [string, string])[] = [
    ["not json", "not JSON"],
    ["[1]", "not an object"],
    [`{"in":"dmz","src":"10.0.0.9","dst":"10.0.0.1","proto":"tcp","sport":1,"dport":2}`, `"in": "dmz"`],
    [`{"in":"lan","src":"010.0.0.9","dst":"10.0.0.1","proto":"tcp","sport":1,"dport":2}`, `"src"`],
    [`{"in":"lan","src":"10.0.0.9","dst":"2001:db8::1","proto":"tcp","sport":1,"dport":2}`, "one family"],
    [`{"in":"lan","src":"10.0.0.9","dst":"10.0.0.1","proto":"xyz"}`, `"proto"`],
    [`{"in":"lan","src":"10.0.0.9","dst":"10.0.0.1","proto":"tcp","sport":1}`, `"dport"`],
    [`{"in":"lan","src":"10.0.0.9","dst":"10.0.0.1","proto":"tcp","sport":1,"dport":70000}`, `"dport"`],
    [`{"in":"lan","src":"10.0.0.9","dst":"10.0.0.1","proto":"icmp"}`, `"type"`],
    [`{"in":"lan","src":"10.0.0.256","dst":"10.0.0.1","proto":"esp"}`, `"src"`],
    [`{"x":"${"y".repeat(5000)}"}`, "more than 4096"],
  ];
  for (const [text, expected] of wrong) {
    it(`that are wrong say why: ${expected}`, () => {
      const parsed = parsePacketLine(text, 3, isPlace);
      expect(parsed.ok).toBe(false);
      if (!parsed.ok)
        expect(parsed.error).toMatchObject({ line: 3, fact: expect.stringContaining(expected) as string });
    });
  }

  it("are answered one by one, errors in their place", async () => {
    const config = configOf({ title: "", base: "two-legs", packets: [] });
    const good = `{"in":"lan","src":"10.0.0.9","dst":"10.0.0.1","proto":"tcp","sport":4000,"dport":443}`;
    async function* lines(): AsyncIterable<string> {
      await Promise.resolve();
      yield* [good, "", "{", good];
    }
    const answers: string[] = [];
    for await (const a of auditPackets(config, lines())) answers.push(a);
    const pass = `{"verdict":"pass","rule":"anti-lockout"}`;
    expect(answers).toEqual([pass, `{"error":"the line is not JSON","line":3}`, pass]);
  });
});
