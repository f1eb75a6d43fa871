import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseAddress } from "../../../src/core/ip.ts";
import { decide } from "../../../src/policy/engine/interpret.ts";
import type { Packet } from "../../../src/policy/engine/types.ts";
import { flowOf, makePacketDecider } from "../../../src/pfsense/rules/decide.ts";
import { egressRules, ingressRules } from "../../../src/pfsense/rules/flatten.ts";
import { configOf } from "./case.ts";

/** A rule in a tiny world: two sources and two destinations, two ports, three interfaces. */
interface Tiny {
  readonly type: "pass" | "block" | "reject" | "match";
  readonly place: "floating" | "quick" | "interface";
  readonly direction: "in" | "out" | "any";
  readonly on: readonly string[];
  readonly src: string;
  readonly isNotSrc: boolean;
  readonly dst: string;
  readonly port: string;
  readonly isDisabled: boolean;
}

interface TinyPacket {
  readonly src: string;
  readonly dst: string;
  readonly port: number;
}

const tiny: fc.Arbitrary<Tiny> = fc.record({
  type: fc.constantFrom("pass", "block", "reject", "match"),
  place: fc.constantFrom("floating", "quick", "interface"),
  direction: fc.constantFrom("in", "out", "any"),
  on: fc.subarray(["wan", "lan", "opt1"], { minLength: 1 }),
  src: fc.constantFrom("any", "10.0.0.7", "10.0.0.8", "10.0.0.0/24"),
  isNotSrc: fc.boolean(),
  dst: fc.constantFrom("any", "10.0.1.7", "10.0.1.8"),
  port: fc.constantFrom("", "80", "81", "80-81"),
  isDisabled: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

const packet: fc.Arbitrary<TinyPacket> = fc.record({
  src: fc.constantFrom("10.0.0.7", "10.0.0.8"),
  dst: fc.constantFrom("10.0.1.7", "10.0.1.8"),
  port: fc.constantFrom(80, 81, 82),
});

/** The rules as the file writes them. */
function fields(r: Tiny, index: number): Readonly<Record<string, unknown>> {
  const isFloating = r.place !== "interface";
  const not = r.isNotSrc && r.src !== "any" ? { not: true } : {};
  return {
    tracker: index + 1,
    type: r.type === "match" && !isFloating ? "pass" : r.type,
    interface: isFloating ? r.on.join(",") : r.on[0],
    ...(isFloating ? { floating: "yes", direction: r.direction } : {}),
    ...(r.place === "quick" ? { quick: "yes" } : {}),
    ipprotocol: "inet",
    protocol: "tcp",
    source: r.src === "any" ? "any" : { address: r.src, ...not },
    destination: {
      ...(r.dst === "any" ? { any: true } : { address: r.dst }),
      ...(r.port === "" ? {} : { port: r.port }),
    },
    ...(r.isDisabled ? { disabled: true } : {}),
  };
}

/** pf in a few lines, from the tiny rules alone: the last match holds, and `quick` ends it at once. */
function pf(rules: readonly Tiny[], p: TinyPacket, on: string, direction: "in" | "out"): string {
  const numbered = rules.map((r, i) => ({ r, id: String(i + 1) }));
  const ordered = [
    ...numbered.filter((x) => x.r.place !== "interface"),
    ...numbered.filter((x) => x.r.place === "interface"),
  ];
  let verdict = direction === "in" ? "block default-deny4:in" : "pass pass-out4";
  for (const { r, id } of ordered) {
    const isFloating = r.place !== "interface";
    const places = isFloating ? r.on : r.on.slice(0, 1);
    const way = isFloating ? r.direction : "in";
    if (r.isDisabled || !places.includes(on) || (way !== "any" && way !== direction)) continue;
    const isSource = r.src === "any" || (r.src === "10.0.0.0/24" || r.src === p.src) !== r.isNotSrc;
    const ports = r.port === "" ? [80, 81, 82] : r.port.split("-").map(Number);
    if (!isSource || (r.dst !== "any" && r.dst !== p.dst) || !ports.includes(p.port)) continue;
    if (r.type === "match" && isFloating) continue;
    verdict = `${r.type === "match" ? "pass" : r.type} ${id}`;
    if (r.place !== "floating") return verdict;
  }
  return verdict;
}

const pointOf = (p: TinyPacket): Packet => ({
  family: 4,
  slice: "tcp",
  src: parseAddress(p.src)!.value,
  dst: parseAddress(p.dst)!.value,
  a: 40_000n,
  b: BigInt(p.port),
});

describe("the order of evaluation", () => {
  it("agrees with a plain interpreter of pf, flattened and through the decider", () => {
    const input = fc.tuple(fc.array(tiny, { maxLength: 7 }), fc.array(packet, { minLength: 3, maxLength: 6 }));
    fc.assert(
      fc.property(input, ([rules, packets]) => {
        const config = configOf({ title: "", base: "three-legs", packets: [], rules: rules.map(fields) });
        const decider = makePacketDecider(config);
        const flat = { in: ingressRules(decider.ruleset, "lan"), out: egressRules(decider.ruleset, "opt1") };
        for (const p of packets) {
          const [into, out] = [pf(rules, p, "lan", "in"), pf(rules, p, "opt1", "out")];
          for (const [list, wanted] of [
            [flat.in, into],
            [flat.out, out],
          ] as const) {
            const d = decide(list, pointOf(p), "block");
            expect(`${d.action} ${d.rule ?? ""}`).toBe(wanted);
          }
          const v = decider.decide({ in: "lan", flow: flowOf(pointOf(p)) });
          const isThrough = into.startsWith("pass") && !out.startsWith("pass");
          expect(`${v.verdict} ${v.rule}`).toBe(isThrough ? out : into);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gives no certain list more than the widest, nor less than the narrowest", () => {
    const config = configOf({
      title: "",
      base: "three-legs",
      packets: [],
      xml: "<aliases><alias><name>NAMES</name><type>host</type><address>example.com 10.0.1.7</address></alias></aliases>",
      rules: [
        {
          tracker: 1,
          type: "block",
          interface: "lan",
          ipprotocol: "inet",
          source: "any",
          destination: { address: "NAMES", not: true },
        },
        {
          tracker: 2,
          type: "pass",
          interface: "lan",
          ipprotocol: "inet",
          source: "any",
          destination: { address: "NAMES" },
        },
        {
          tracker: 3,
          type: "pass",
          interface: "lan",
          ipprotocol: "inet",
          source: "any",
          destination: { address: "10.0.1.8" },
        },
      ],
    });
    const { ruleset } = makePacketDecider(config);
    const verdicts = (dst: string): readonly string[] =>
      (["least", "certain", "most"] as const).map(
        (bound) =>
          decide(ingressRules(ruleset, "lan", bound), pointOf({ src: "10.0.0.7", dst, port: 80 }), "block").action,
      );
    expect(verdicts("10.0.1.7")).toEqual(["pass", "pass", "pass"]);
    expect(verdicts("10.0.1.8")).toEqual(["block", "pass", "pass"]);
    expect(verdicts("10.0.1.9")).toEqual(["block", "block", "pass"]);
  });
});
