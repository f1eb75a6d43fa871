import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { makePacketDecider } from "../../../src/pfsense/rules/decide.ts";
import { parsePacketLine } from "../../../src/pfsense/rules/packets.ts";
import { rulesOf } from "../../../src/pfsense/rules/ruleset.ts";
import { SAMPLE } from "../read/sample.ts";
import { configOf } from "./case.ts";

const PACKET = `{"in":"lan","src":"10.0.0.9","dst":"203.0.113.5","proto":"tcp","sport":40000,"dport":443}`;

const pass = (destination: unknown): Readonly<Record<string, unknown>> => ({
  tracker: 1,
  type: "pass",
  interface: "lan",
  ipprotocol: "inet",
  source: "any",
  destination,
});

const alias = (name: string, entries: string): string =>
  `<alias><name>${name}</name><type>network</type><address>${entries}</address></alias>`;

describe("configurations made to exhaust", () => {
  it("opens each alias once when they double at every level, nest deep, or go in circles", () => {
    const doubling = Array.from({ length: 60 }, (_, i) => alias(`D${i}`, `D${i + 1} D${i + 1}`));
    const deep = Array.from({ length: 20_000 }, (_, i) => alias(`L${i}`, `L${i + 1}`));
    const circle = [alias("C0", "C1"), alias("C1", "C2"), alias("C2", "C1 203.0.113.5")];
    const xml = `<aliases>${[...doubling, ...deep, ...circle].join("")}</aliases>`;
    const rules = ["D0", "L0", "C0"].map((address) => pass({ address }));
    const { rules: made } = rulesOf(configOf({ title: "", base: "two-legs", packets: [], xml, rules }));
    expect(made.filter((r) => r.by === "user")).toHaveLength(3);
  });

  it("makes a rule undecided when its aliases multiply beyond reason, and says so", () => {
    const hosts = (n: number): string =>
      Array.from({ length: 2000 }, (_, i) => `10.${n}.${i >> 7}.${(i & 127) * 2}`).join(" ");
    const xml = `<aliases>${alias("A", hosts(5))}${alias("B", hosts(6))}</aliases>`;
    const rules = [{ ...pass({ address: "B" }), source: { address: "A" } }];
    const set = rulesOf(configOf({ title: "", base: "two-legs", packets: [], xml, rules }));
    expect(set.diagnostics.map((d) => d.code)).toEqual(["PFSENSE_RULE_TOO_WIDE"]);
    const [rule] = set.rules.filter((r) => r.by === "user");
    expect(rule).toMatchObject({ boxes: [] });
    expect(rule?.mayBoxes?.length).toBeGreaterThan(0);
  });

  it("decides packets by whatever a damaged file still says, without throwing", () => {
    const lines = SAMPLE.split("\n");
    const damage = fc.tuple(fc.nat(SAMPLE.length), fc.nat(12), fc.string({ maxLength: 6 })).map(([at, count, text]) => {
      const clean = text.replace(/[<>&]/g, "");
      return `${lines[0] ?? ""}\n${SAMPLE.slice((lines[0] ?? "").length + 1, at)}${clean}${SAMPLE.slice(at + count)}`;
    });
    fc.assert(
      fc.property(damage, (xml) => {
        const read = readConfig(xml, { file: "config.xml" });
        if (!read.ok) return;
        const decider = makePacketDecider(read.value);
        const parsed = parsePacketLine(PACKET, 1, decider.isPlace);
        if (parsed.ok) expect(["pass", "block", "reject"]).toContain(decider.decide(parsed.packet).verdict);
      }),
      { numRuns: 120 },
    );
  });
});
