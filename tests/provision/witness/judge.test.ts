import { describe, expect, it } from "vitest";
import { buildPacket, echoIdOf } from "../../../src/provision/witness/frame.ts";
import { describeFinding, judge, type Evidence, type Finding } from "../../../src/provision/witness/judge.ts";
import type { CapturedPacket } from "../../../src/provision/witness/pcap.ts";
import { resultOf } from "../../../src/accept/live/report.ts";
import type { Witness } from "../../../src/provision/witness/witness.ts";
import { parseAddress } from "../../../src/core/ip.ts";
import type { Packet, Slice } from "../../../src/policy/engine/index.ts";

const at = (text: string): bigint => parseAddress(text)!.value;
const packet = (slice: Slice, src: string, dst: string, a: number, b: number): Packet => ({
  family: 4,
  slice,
  src: at(src),
  dst: at(dst),
  a: BigInt(a),
  b: BigInt(b),
});
const DEVICES = new Map([
  ["users", "vtnet5"],
  ["servers", "vtnet4"],
  ["wan1", "vtnet0"],
]);
const LINKS = new Map([
  [1, "vtnet5"],
  [2, "vtnet4"],
  [3, "vtnet0"],
]);

let next = 1;
function witness(p: Packet, expected: Partial<Witness["expected"]>, more: Partial<Witness> = {}): Witness {
  return {
    tag: { run: 5, index: next++ },
    kind: "allowed",
    from: "users",
    to: "servers",
    ingress: "users",
    sender: "pc1",
    packet: p,
    row: "F411",
    service: "ldap",
    hasLiveSource: true,
    ...more,
    expected: {
      verdict: "pass",
      rule: "r",
      isPfsenses: false,
      exit: "servers",
      after: p,
      isTranslated: false,
      ...expected,
    },
  };
}

const seen = (w: Witness, link: number, isOutgoing: boolean, as: Packet = w.packet, time = 1): CapturedPacket => ({
  at: time,
  interfaceIndex: link,
  isOutgoing,
  etherType: 0x0800,
  bytes: buildPacket(as, w.tag),
  isCut: false,
});
const plain = (p: Packet, link: number, isOutgoing: boolean): CapturedPacket => ({
  ...seen({ tag: { run: 99, index: 1 } } as Witness, link, isOutgoing, p),
  bytes: buildPacket(p, { run: 99, index: 1 }),
});
const back = (p: Packet): Packet => ({ ...p, src: p.dst, dst: p.src, a: p.b, b: p.a });
const evidence = (capture: readonly CapturedPacket[], more: Partial<Evidence> = {}): Evidence => ({
  capture,
  links: LINKS,
  states: [],
  taken: new Map(),
  ...more,
});
const IN = packet("tcp", "10.20.30.11", "10.20.20.11", 50_000, 389);
/** Shows that the way in is alive. */
const control = witness(packet("tcp", "10.20.30.11", "10.20.20.12", 50_001, 389), {});
const controlSeen = [seen(control, 1, false), seen(control, 2, true)];
const verdictOf = (w: Witness, capture: readonly CapturedPacket[], more: Partial<Evidence> = {}): Finding =>
  judge([w, control], evidence([...controlSeen, ...capture], more), DEVICES)[0]!;

describe("the verdict on a packet that is forwarded", () => {
  it("in by its zone and out by the right one: passed, with the time between", () => {
    const w = witness(IN, {});
    const found = verdictOf(w, [seen(w, 1, false, IN, 1), seen(w, 2, true, IN, 1.00025)]);
    expect(found).toMatchObject({ seen: "pass", isGood: true, ms: 0.25 });
  });

  it("in and not out: blocked; good only when it was to be", () => {
    const wanted = witness(IN, {});
    const denied = witness(IN, { verdict: "block", exit: null });
    expect(verdictOf(wanted, [seen(wanted, 1, false)])).toMatchObject({ seen: "block", isGood: false });
    expect(verdictOf(denied, [seen(denied, 1, false)])).toMatchObject({ seen: "block", isGood: true });
  });

  it("never seen coming in: not shown, never good, whatever was expected", () => {
    for (const verdict of ["pass", "block"] as const) {
      const w = witness(IN, { verdict, exit: verdict === "pass" ? "servers" : null });
      expect(verdictOf(w, [])).toMatchObject({ seen: "unshown", isGood: false });
      // By another way in it is not the test that was meant.
      expect(verdictOf(w, [seen(w, 3, false)])).toMatchObject({ seen: "unshown", isGood: false });
    }
  });

  it("seen leaving by its way in, and never coming: not shown", () => {
    const w = witness(IN, {});
    expect(verdictOf(w, [seen(w, 1, true), seen(w, 2, true)])).toMatchObject({ seen: "unshown", isGood: false });
  });

  it("let out though it is to be blocked: passed, and not good", () => {
    const w = witness(IN, { verdict: "block", exit: null });
    const found = verdictOf(w, [seen(w, 1, false), seen(w, 2, true)]);
    expect(found).toMatchObject({ seen: "pass", isGood: false });
    expect(describeFinding(found)).toContain("left by vtnet4 as 10.20.30.11:50000 -> 10.20.20.11:389 tcp");
  });

  it("out by another interface, or as another packet, is not good", () => {
    const w = witness(IN, {});
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 3, true)]).isGood).toBe(false);
    const other = { ...IN, dst: at("10.20.20.99") };
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 2, true, other)]).isGood).toBe(false);
    // Once rightly and once more elsewhere.
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 2, true), seen(w, 3, true)]).isGood).toBe(false);
  });

  it("where nothing at all passes from a way in, nothing counts as blocked", () => {
    const w = witness(IN, { verdict: "block", exit: null });
    const [found] = judge([w], evidence([seen(w, 1, false)]), DEVICES);
    expect(found).toMatchObject({ seen: "unshown", isGood: false });
  });
});

describe("translation and answers", () => {
  const out = packet("tcp", "10.20.30.11", "192.0.2.80", 50_002, 443);
  const hidden = { ...out, src: at("198.51.100.4") };
  const moved = { ...hidden, a: 1024n };

  it("the shared address as source is good, its port is its own; the inside source is not", () => {
    const w = witness(out, { exit: "wan1", after: hidden, isTranslated: true });
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 3, true, hidden)]).isGood).toBe(true);
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 3, true, moved)]).isGood).toBe(true);
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 3, true, out)]).isGood).toBe(false);
  });

  it("an answer is followed back to the asker, and has to look as if it came from whom was asked", () => {
    const w = witness(out, { exit: "wan1", after: hidden, isTranslated: true });
    const passed = [seen(w, 1, false), seen(w, 3, true, hidden)];
    const arrives = plain(back(hidden), 3, false);
    expect(verdictOf(w, passed).reply).toBe("silent");
    expect(verdictOf(w, [...passed, arrives]).reply).toBe("lost");
    expect(verdictOf(w, [...passed, arrives, plain(back(out), 1, true)]).reply).toBe("back");
    // Not un-translated: not an answer to what was asked.
    expect(verdictOf(w, [...passed, arrives, plain(back(hidden), 1, true)]).reply).toBe("lost");
  });

  it("an answer that was lost makes its cell bad", () => {
    const w = witness(out, { exit: "wan1", after: hidden, isTranslated: true });
    const capture = [...controlSeen, seen(w, 1, false), seen(w, 3, true, hidden), plain(back(hidden), 3, false)];
    const findings = judge([w, control], evidence(capture), DEVICES);
    const selection = { witnesses: [], disagreements: [], unsampled: [] };
    const result = resultOf({ router: "rtr-a", circumstances: "", seconds: 1 }, selection, findings);
    expect(result.isGood).toBe(false);
  });

  it("a source that nobody has gets no answer, and none is missed", () => {
    const w = witness(out, { exit: "wan1", after: hidden, isTranslated: true }, { hasLiveSource: false });
    const capture = [seen(w, 1, false), seen(w, 3, true, hidden), plain(back(hidden), 3, false)];
    expect(verdictOf(w, capture).reply).toBeUndefined();
  });
});

describe("packets for the router itself", () => {
  const own = (slice: Slice, b: number): Packet =>
    packet(slice, "10.20.30.11", "10.20.30.1", slice === "icmp" ? 8 : 50_003, b);
  const local = (p: Packet, verdict: "pass" | "block"): Witness =>
    witness(p, { verdict, exit: null, after: p }, { to: "firewall" });

  it("taken in when the router tells of a connection", () => {
    const p = own("udp", 161);
    const state = {
      protocol: 17,
      src: Number(p.src),
      dst: Number(p.dst),
      source: 50_003,
      destination: 161,
      icmpId: undefined,
    };
    for (const verdict of ["pass", "block"] as const) {
      const w = local(p, verdict);
      expect(verdictOf(w, [seen(w, 1, false)], { states: [state] })).toMatchObject({
        seen: "pass",
        isGood: verdict === "pass",
      });
      expect(verdictOf(w, [seen(w, 1, false)])).toMatchObject({ seen: "block", isGood: verdict === "block" });
    }
  });

  it("another packet's connection is not its own", () => {
    const p = own("udp", 161);
    const w = local(p, "pass");
    const state = {
      protocol: 17,
      src: Number(p.src),
      dst: Number(p.dst),
      source: 50_004,
      destination: 161,
      icmpId: undefined,
    };
    expect(verdictOf(w, [seen(w, 1, false)], { states: [state] }).seen).toBe("block");
  });

  it("an echo that is answered was taken in; a reset alone shows nothing, for rules that reject send one too", () => {
    const echo = local(own("icmp", 0), "pass");
    const reply = { ...back(echo.packet), a: 0n, b: 0n };
    expect(echoIdOf(echo.tag)).toBeGreaterThan(0);
    expect(verdictOf(echo, [seen(echo, 1, false), seen(echo, 1, true, reply)])).toMatchObject({
      seen: "pass",
      reply: "back",
    });
    const ssh = local(own("tcp", 22), "pass");
    const reset = plain(back(ssh.packet), 1, true);
    reset.bytes[33] = 0x14;
    expect(verdictOf(ssh, [seen(ssh, 1, false), reset])).toMatchObject({ seen: "block", isGood: false });
    const open = plain(back(ssh.packet), 1, true);
    open.bytes[33] = 0x12;
    expect(verdictOf(ssh, [seen(ssh, 1, false), open])).toMatchObject({ seen: "pass", isGood: true });
  });

  it("forwarded instead of taken in is not good", () => {
    const w = local(own("udp", 161), "pass");
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 2, true)]).isGood).toBe(false);
  });
});

describe("packets that the router sends", () => {
  const p = packet("udp", "10.20.20.2", "10.20.20.16", 50_005, 514);
  const sent = (verdict: "pass" | "block"): Witness =>
    witness(
      p,
      { verdict, exit: verdict === "pass" ? "servers" : null },
      { ingress: "firewall", from: "firewall", sender: "rtr-a" },
    );
  const passing = witness(
    packet("udp", "10.20.20.2", "10.20.20.11", 50_006, 53),
    {},
    { ingress: "firewall", sender: "rtr-a" },
  );
  const ask = (w: Witness, errno: number | undefined, capture: readonly CapturedPacket[]): Finding =>
    judge(
      [w, passing],
      evidence([seen(passing, 2, true), ...capture], {
        taken: new Map([[passing.tag.index, 0], ...(errno === undefined ? [] : [[w.tag.index, errno] as const])]),
      }),
      DEVICES,
    )[0]!;

  it("refused by the kernel's filter: blocked; for another reason, or not at all: not shown", () => {
    expect(ask(sent("block"), 1, [])).toMatchObject({ seen: "block", isGood: true });
    expect(ask(sent("pass"), 1, [])).toMatchObject({ seen: "block", isGood: false });
    expect(ask(sent("block"), 101, [])).toMatchObject({ seen: "unshown", isGood: false });
    expect(ask(sent("block"), undefined, [])).toMatchObject({ seen: "unshown", isGood: false });
    expect(ask(sent("block"), 0, [])).toMatchObject({ seen: "unshown", isGood: false });
  });

  it("seen leaving: passed", () => {
    const [good, bad] = [sent("pass"), sent("block")];
    expect(ask(good, 0, [seen(good, 2, true)])).toMatchObject({ seen: "pass", isGood: true });
    expect(ask(bad, 0, [seen(bad, 2, true)])).toMatchObject({ seen: "pass", isGood: false });
  });
});

describe("what only looks like the witness", () => {
  const denied = (): Witness => witness(IN, { verdict: "block", exit: null });
  const bytesAs = (c: CapturedPacket, change: (bytes: Buffer) => void): CapturedPacket => {
    const bytes = Buffer.from(c.bytes);
    change(bytes);
    return { ...c, bytes };
  };

  it("another run's packet with the same number, of the very same flow, is not it", () => {
    const w = denied();
    const ofAnother = bytesAs(seen(w, 2, true), (bytes) => bytes.writeUInt32BE(w.tag.run + 1, bytes.length - 8));
    expect(verdictOf(w, [seen(w, 1, false), ofAnother])).toMatchObject({ seen: "block", isGood: true });
    const cameAsAnother = bytesAs(seen(w, 1, false), (bytes) => bytes.writeUInt32BE(w.tag.run + 1, bytes.length - 8));
    expect(verdictOf(w, [cameAsAnother]).seen).toBe("unshown");
  });

  it("what the router's loopback or shaper saw neither came in nor left", () => {
    const links = new Map([...LINKS, [8, "lo"], [9, "ifb0"], [10, "ifb12"]]);
    const w = denied();
    const inside = [8, 9, 10].flatMap((link) => [seen(w, link, true), seen(w, link, false)]);
    expect(verdictOf(w, [seen(w, 1, false), ...inside], { links })).toMatchObject({ seen: "block", isGood: true });
    // An interface that only begins like one of these is one like any other.
    const named = new Map([...LINKS, [8, "lo0"], [9, "ifbx"]]);
    for (const link of [8, 9])
      expect(verdictOf(w, [seen(w, 1, false), seen(w, link, true)], { links: named }).seen).toBe("pass");
  });

  it("a frame that is not IPv4 is none, whatever its bytes say", () => {
    const w = denied();
    const foreign = { ...seen(w, 2, true), etherType: 0x86dd };
    expect(verdictOf(w, [seen(w, 1, false), foreign])).toMatchObject({ seen: "block", isGood: true });
  });

  it("a packet with the tag and another identification is another packet, and where one leaves it is not good", () => {
    const w = witness(IN, {});
    const renumbered = bytesAs(seen(w, 2, true), (bytes) =>
      bytes.writeUInt16BE((bytes.readUInt16BE(4) + 1) & 0xffff, 4),
    );
    expect(verdictOf(w, [seen(w, 1, false), renumbered])).toMatchObject({ seen: "pass", isGood: false });
    const came = bytesAs(seen(w, 1, false), (bytes) => bytes.writeUInt16BE((bytes.readUInt16BE(4) + 1) & 0xffff, 4));
    expect(verdictOf(w, [came]).seen).toBe("unshown");
  });

  it.each([
    ["another source port where the source is not hidden", { ...IN, a: 50_009n }],
    ["another destination port", { ...IN, b: 636n }],
    ["the other protocol", { ...IN, slice: "udp" as const }],
  ])("%s makes it another packet", (_, as) => {
    const w = witness(IN, {});
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 2, true, as)]).isGood).toBe(false);
  });

  it("an echo of another type or code is another packet", () => {
    const echo = packet("icmp", "10.20.30.11", "10.20.20.11", 8, 0);
    const w = witness(echo, {});
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 2, true)]).isGood).toBe(true);
    for (const other of [
      { ...echo, a: 13n },
      { ...echo, b: 1n },
    ])
      expect(verdictOf(w, [seen(w, 1, false), seen(w, 2, true, other)]).isGood).toBe(false);
  });

  it("an interface that the capture does not name is told by its number", () => {
    const w = witness(IN, {});
    expect(verdictOf(w, [seen(w, 1, false), seen(w, 77, true)]).facts).toContain("left by interface 77");
  });
});

describe("what shows nothing", () => {
  it("a packet that was blocked against the plan stays bad, though nothing else passed", () => {
    const wanted = witness(IN, {});
    expect(judge([wanted], evidence([seen(wanted, 1, false)]), DEVICES)[0]).toMatchObject({
      seen: "block",
      isGood: false,
      facts: "came in and left by no interface",
    });
  });

  it("a packet that passed from another way in is no control of this one", () => {
    const w = witness(IN, { verdict: "block", exit: null });
    const elsewhere = witness({ ...IN, src: at("10.20.20.12") }, { exit: "users" }, { ingress: "servers" });
    const capture = [seen(w, 1, false), seen(elsewhere, 2, false), seen(elsewhere, 1, true)];
    const [first, second] = judge([w, elsewhere], evidence(capture), DEVICES);
    expect(second).toMatchObject({ seen: "pass", isGood: true });
    expect(first).toMatchObject({ seen: "unshown", isGood: false });
    expect(first!.facts).toContain("nothing at all passed from users");
  });
});

describe("an error that quotes the witness", () => {
  const out = packet("udp", "10.20.30.11", "192.0.2.80", 50_002, 500);
  const hidden = { ...out, src: at("198.51.100.4") };
  /** RFC 792: type 3 code 3, then the header and eight bytes of what was sent. */
  const unreachable = (to: Packet, quoted: Packet, w: Witness, link: number, isOutgoing: boolean): CapturedPacket => {
    const original = buildPacket(quoted, w.tag).subarray(0, 28);
    const outer = buildPacket({ ...to, slice: "icmp", src: quoted.dst, dst: to.src, a: 3n, b: 3n }, w.tag);
    const bytes = Buffer.concat([outer.subarray(0, 28), original]);
    bytes.writeUInt16BE(bytes.length, 2);
    return { ...seen(w, link, isOutgoing), bytes };
  };

  it("is an answer, when it quotes this flow's port and protocol; of another it is none", () => {
    const w = witness(out, { exit: "wan1", after: hidden, isTranslated: true });
    const passed = [seen(w, 1, false), seen(w, 3, true, hidden)];
    const arrives = unreachable(hidden, hidden, w, 3, false);
    expect(verdictOf(w, [...passed, arrives]).reply).toBe("lost");
    expect(verdictOf(w, [...passed, arrives, unreachable(out, out, w, 1, true)]).reply).toBe("back");
    const otherPort = { ...hidden, b: 501n };
    expect(verdictOf(w, [...passed, unreachable(hidden, otherPort, w, 3, false)]).reply).toBe("silent");
    const otherProtocol = { ...hidden, slice: "tcp" as const };
    expect(verdictOf(w, [...passed, unreachable(hidden, otherProtocol, w, 3, false)]).reply).toBe("silent");
    const otherSource = { ...hidden, src: at("198.51.100.5") };
    expect(verdictOf(w, [...passed, unreachable(hidden, otherSource, w, 3, false)]).reply).toBe("silent");
  });

  it("of an echo is one by the echo's identifier", () => {
    const echo = { ...out, slice: "icmp" as const, a: 8n, b: 0n };
    const masked = { ...echo, src: hidden.src };
    const w = witness(echo, { exit: "wan1", after: masked, isTranslated: true });
    const passed = [seen(w, 1, false), seen(w, 3, true, masked)];
    expect(verdictOf(w, [...passed, unreachable(masked, masked, w, 3, false)]).reply).toBe("lost");
    const foreign = unreachable(masked, masked, witness(echo, {}), 3, false);
    expect(verdictOf(w, [...passed, foreign]).reply).toBe("silent");
  });
});

describe("a run", () => {
  it("has for each cell what was to pass and did, and the longest way through the router", () => {
    const [quick, slow, denied] = [
      witness(IN, {}),
      witness({ ...IN, b: 636n }, {}),
      witness({ ...IN, b: 1n }, { verdict: "block", exit: null }),
    ];
    const ways = [quick, slow].flatMap((w, n) => [
      seen(w, 1, false, w.packet, 1),
      seen(w, 2, true, w.packet, 1.001 + n / 100),
    ]);
    const findings = judge([quick, slow, denied], evidence([...ways, seen(denied, 1, false)]), DEVICES);
    const selection = { witnesses: [], disagreements: [], unsampled: [] };
    const { cells, isGood } = resultOf({ router: "rtr-a", circumstances: "", seconds: 1 }, selection, findings);
    expect(isGood).toBe(true);
    const alone = resultOf({ router: "rtr-a", circumstances: "", seconds: 1 }, selection, findings.slice(2));
    expect(alone.cells[0]!.ms).toBeUndefined();
    expect(cells).toMatchObject([
      {
        from: "users",
        to: "servers",
        passing: { expected: 2, seen: 2 },
        blocked: { expected: 1, seen: 1 },
        unshown: 0,
        ms: 11,
      },
    ]);
  });

  it("of nothing is not good", () => {
    const selection = { witnesses: [], disagreements: [], unsampled: [] };
    expect(resultOf({ router: "rtr-a", circumstances: "", seconds: 0 }, selection, []).isGood).toBe(false);
  });
});
