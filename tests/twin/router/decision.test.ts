import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decide as decideEngine, formatPacket } from "../../../src/policy/engine/index.ts";
import type { Box, Packet, Slice } from "../../../src/policy/engine/types.ts";
import { rulesOn } from "../../../src/pfsense/rules/flatten.ts";
import { interpret } from "../../../src/pfsense/rules/lists.ts";
import { flowOf } from "../../../src/pfsense/rules/decide.ts";
import type { PfRule } from "../../../src/pfsense/rules/types.ts";
import { decide, entriesOf, flattened, tagged } from "../../../src/twin/router/compile/decision.ts";
import type { Tag } from "../../../src/twin/router/compile/decision.ts";
import { compiled, files } from "./files.ts";

/** What a decision makes of a packet: the first step that holds it. */
function outcomes(rules: readonly PfRule[], entry: Tag): (packet: Packet) => string {
  const steps = flattened(decide(rules, entry));
  const list = steps.map((s, n) => ({ id: String(n), action: "pass" as const, boxes: s.boxes }));
  return (packet) => {
    const { rule } = decideEngine(list, packet, "block");
    const step = rule === null ? undefined : steps[Number(rule)];
    if (step === undefined || step.rule.action !== "pass") return step?.rule.id ?? "none";
    return `${step.rule.id} ${step.tag.kind === "tag" ? (step.tag.name ?? "-") : "kept"}`;
  };
}

/** What pf makes of it: its own walk, which knows nothing of first matches. */
function wanted(rules: readonly PfRule[], entry: Tag, packet: Packet): string {
  const brought = entry.kind === "tag" ? entry.name : undefined;
  const { rule, tag } = interpret(rules, flowOf(packet), brought);
  if (rule === undefined || rule.action !== "pass") return rule?.id ?? "none";
  // Where the list asks for no tag, the packet keeps the one that it has unless a rule gives it another.
  return `${rule.id} ${entry.kind === "kept" && tag === undefined ? "kept" : (tag ?? "-")}`;
}

const corner = (b: Box, high: readonly boolean[]): Packet => ({
  family: b.family,
  slice: b.slice,
  src: high[0] ? b.src.hi : b.src.lo,
  dst: high[1] ? b.dst.hi : b.dst.lo,
  a: high[2] ? b.a.hi : b.a.lo,
  b: high[3] ? b.b.hi : b.b.lo,
});

const isReal = (p: Packet): boolean =>
  p.slice !== "other" || !(p.family === 4 ? [1n, 6n, 17n] : [6n, 17n, 58n]).includes(p.a);

describe("pf's lists as first matches", () => {
  const given = new Set(["FORWARDED", "dhcpin", "PFREFLECT", "T", "IN", "OUT"]);
  for (const file of files()) {
    it(`${file.name}: every corner of every rule's boxes fares as in pf's own walk`, () => {
      const { ruleset } = compiled(file);
      const places = [...ruleset.interfaces.filter((i) => i.kind === "interface").map((i) => i.key), "lo0"];
      for (const key of places) {
        for (const direction of ["in", "out"] as const) {
          // Only what surely matches: the bounds of doubtful rules are the subject of another test.
          const rules = rulesOn(ruleset, key, direction).map((r) => ({ ...r, mayBoxes: undefined }));
          for (const entry of entriesOf(rules, given)) {
            const outcome = outcomes(rules, entry);
            for (const box of rules.flatMap((r) => r.boxes).slice(0, 400)) {
              for (const high of [
                [false, false, false, false],
                [true, true, true, true],
                [true, false, true, false],
              ]) {
                const packet = corner(box, high);
                if (!isReal(packet)) continue;
                if (outcome(packet) !== wanted(rules, entry, packet)) {
                  expect(`${key} ${direction} ${formatPacket(packet)} ${outcome(packet)}`).toBe(
                    wanted(rules, entry, packet),
                  );
                }
              }
            }
          }
        }
      }
    });
  }

  it("any list of rules that set and ask for tags, quick or not, decides as pf does", () => {
    const range = (most: number): fc.Arbitrary<{ lo: bigint; hi: bigint }> =>
      fc
        .tuple(fc.integer({ min: 0, max: most }), fc.integer({ min: 0, max: most }))
        .map(([a, b]) => ({ lo: BigInt(Math.min(a, b)), hi: BigInt(Math.max(a, b)) }));
    const slice = fc.constantFrom<Slice>("tcp", "udp");
    const box = fc
      .record({ slice, src: range(3), dst: range(3) })
      .map((b): Box => ({ family: 4, a: { lo: 0n, hi: 65535n }, b: { lo: 0n, hi: 65535n }, ...b }));
    const tag = fc.constantFrom("A", "B");
    const rule = fc.record({
      action: fc.constantFrom("pass", "block", "reject", "match"),
      isQuick: fc.boolean(),
      boxes: fc.array(box, { maxLength: 3 }),
      setsTag: fc.option(tag, { nil: undefined }),
      tagged: fc.option(fc.record({ tag, isNot: fc.boolean() }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 7 }), fc.constantFrom(undefined, "A", "B"), (drafts, brought) => {
        const rules = drafts.map((d, n) => ({ ...EMPTY, ...d, id: `r${n}` }));
        const entry = tagged(brought);
        const outcome = outcomes(rules, entry);
        for (const s of ["tcp", "udp"] as const) {
          for (let src = 0n; src < 4n; src++) {
            for (let dst = 0n; dst < 4n; dst++) {
              const packet: Packet = { family: 4, slice: s, src, dst, a: 9n, b: 9n };
              const got = outcome(packet);
              // Without a default deny pf passes what nothing matches; the stand-in never does.
              expect(got === "no-rule" ? "none" : got).toBe(wanted(rules, entry, packet));
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

const EMPTY = {
  tracker: undefined,
  direction: "any",
  interfaces: undefined,
  isNotOn: false,
  mayBoxes: undefined,
  uncertain: [],
  isStateful: true,
  isLogged: false,
  by: "user",
  place: undefined,
  description: "",
  gateway: undefined,
} as const;
