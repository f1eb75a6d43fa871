import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interval, makeBox } from "../../../src/policy/engine/boxes.ts";
import { makeMeter } from "../../../src/policy/engine/budget.ts";
import { compile } from "../../../src/policy/engine/compile.ts";
import { equivalent } from "../../../src/policy/engine/diff.ts";
import { sameDiagrams } from "../../../src/policy/engine/idd.ts";
import { decide, firstMatch, matches } from "../../../src/policy/engine/interpret.ts";
import { findIdle, findRedundant } from "../../../src/policy/engine/redundant.ts";
import { findShadows } from "../../../src/policy/engine/shadows.ts";
import type { Action, Packet, Rule } from "../../../src/policy/engine/types.ts";
import { uncovered } from "../../../src/policy/engine/uncovered.ts";
import { arbitraryRules, packetsOf, worldBox, WORLDS } from "./small-world.ts";

const WORLD = WORLDS[0]!;

const port = (id: string, action: Action, lo: number, hi = lo): Rule => ({
  id,
  action,
  boxes: [makeBox(4, "tcp", { b: interval(lo, hi) })],
});

const packetsOfRule = (rule: Rule): Packet[] => rule.boxes.flatMap((b) => [...packetsOf(b)]);

describe("shadows", () => {
  it("are exactly the rules that no packet reaches, with the kind that their packets show", () => {
    fc.assert(
      fc.property(arbitraryRules(WORLD), (rules) => {
        const report = findShadows(compile(rules));
        const byIndex = new Map(report.shadows.map((s) => [s.index, s]));
        rules.forEach((rule, i) => {
          const packets = packetsOfRule(rule);
          const isHidden = packets.every((p) => firstMatch(rules, p) < i);
          expect(byIndex.has(i)).toBe(isHidden);
          const shadow = byIndex.get(i);
          if (!shadow) return;
          const fates = new Set(packets.map((p) => decide(rules, p, "block").action === rule.action));
          expect(shadow.kind).toBe(fates.size === 2 ? "mixed" : fates.has(true) ? "same" : "other");
          expect(shadow.blocker === null).toBe(shadow.kind === "same");
          if (!shadow.blocker) return;
          expect(decide(rules, shadow.blocker.example, "block").rule).toBe(shadow.blocker.rule);
          expect(matches(rule, shadow.blocker.example)).toBe(true);
        });
      }),
      { numRuns: 120 },
    );
  });

  it("name a cover of earlier rules from which none can be left out", () => {
    fc.assert(
      fc.property(arbitraryRules(WORLD, 12), (rules) => {
        for (const shadow of findShadows(compile(rules)).shadows) {
          const packets = packetsOfRule(rules[shadow.index]!);
          const isCoveredBy = (ids: readonly string[]): boolean =>
            packets.every((p) => rules.slice(0, shadow.index).some((r) => ids.includes(r.id) && matches(r, p)));
          expect(isCoveredBy(shadow.cover)).toBe(true);
          for (const id of shadow.cover) expect(isCoveredBy(shadow.cover.filter((x) => x !== id))).toBe(false);
        }
      }),
      { numRuns: 120 },
    );
  });

  it("by a union of two halves are found, and the union is named", () => {
    const rules = [
      port("low", "pass", 0, 99),
      port("high", "block", 100, 200),
      port("unrelated", "pass", 300),
      port("mid", "pass", 50, 150),
    ];
    expect(findShadows(compile(rules)).shadows).toMatchObject([
      { rule: "mid", index: 3, kind: "mixed", cover: ["low", "high"], blocker: { rule: "high", example: { b: 100n } } },
    ]);
  });

  it("are never claimed for a rule without packets, nor when the budget ends", () => {
    const empty: Rule = { id: "empty", action: "pass", boxes: [makeBox(4, "tcp", { b: interval(9, 8) })] };
    const rules = [port("all", "pass", 0, 65535), port("web", "pass", 80), empty];
    const report = findShadows(compile(rules));
    expect(report.shadows.map((s) => s.rule)).toEqual(["web"]);
    expect(report.empty).toEqual(["empty"]);
    const poor = findShadows(compile(rules), { meter: makeMeter(0) });
    expect(poor.shadows).toEqual([]);
    expect(poor.undecided).toContain("web");
  });
});

describe("redundant rules", () => {
  it("may all be deleted together without a packet faring differently, says each engine", () => {
    for (const world of WORLDS) {
      fc.assert(
        fc.property(arbitraryRules(world, 12), fc.constantFrom<Action>("pass", "block"), (rules, defaultAction) => {
          const report = findRedundant(compile(rules, { defaultAction }));
          const gone = new Set(report.redundant.map((r) => r.index));
          const left = rules.filter((_, i) => !gone.has(i));
          expect(sameDiagrams(rules, left, defaultAction)).toBe(true);
          expect(equivalent(rules, left, { defaultAction })).toEqual({ kind: "proven" });
        }),
        { numRuns: 120 },
      );
    }
  });

  it("leave only rules that are needed", () => {
    fc.assert(
      fc.property(arbitraryRules(WORLD, 10), (rules) => {
        const gone = new Set(findRedundant(compile(rules)).redundant.map((r) => r.index));
        const left = rules.filter((_, i) => !gone.has(i));
        left.forEach((_, i) => expect(sameDiagrams(left, left.toSpliced(i, 1))).toBe(false));
      }),
      { numRuns: 120 },
    );
  });

  it("are the same ones when the shadows are known already", () => {
    fc.assert(
      fc.property(arbitraryRules(WORLD, 12), (rules) => {
        const compiled = compile(rules);
        const alone = findRedundant(compiled).redundant;
        expect(findRedundant(compiled, { shadows: findShadows(compiled) }).redundant).toEqual(alone);
      }),
    );
  });

  it("keep one of two equal rules", () => {
    const rules = [port("first", "pass", 80), port("second", "pass", 80)];
    expect(findRedundant(compile(rules)).redundant).toEqual([{ rule: "second", index: 1, reason: "shadowed" }]);
  });

  it("include a block in front of a default that blocks, unless a permit stands between", () => {
    const deny = port("deny", "block", 23);
    expect(findRedundant(compile([deny])).redundant).toMatchObject([{ rule: "deny", reason: "repeated" }]);
    expect(findRedundant(compile([deny, port("all", "pass", 0, 65535)])).redundant).toEqual([]);
  });
});

describe("idle rules", () => {
  /** A rule's effect: its action, and something more that is in its name. */
  const effectOf = (rule: Rule): string => `${rule.action} ${rule.id.at(-1)!}`;
  const fate = (rules: readonly Rule[], packet: Packet): string => {
    const { rule } = decide(rules, packet, "block");
    return rule === null ? "nothing" : effectOf(rules.find((r) => r.id === rule)!);
  };

  it("may go alone and together without a packet getting another effect, and no other rule may go alone", () => {
    const kinds = fc.array(fc.constantFrom("a", "b"), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(arbitraryRules(WORLD, 8), kinds, fc.boolean(), (drawn, more, areAllAsked) => {
        const rules = drawn.map((r, i): Rule => ({ ...r, id: `r${i}${more[i]!}` }));
        const isAsked = (i: number): boolean => areAllAsked || i % 2 === 0;
        const found = findIdle(compile(rules), {
          isAsked,
          effectOf: (i) => effectOf(rules[i]!),
          defaultEffect: "nothing",
        });
        const gone = new Set(found.map((f) => f.index));
        const lists = [rules.filter((_, i) => !gone.has(i)), ...[...gone].map((g) => rules.toSpliced(g, 1))];
        const packets = [...packetsOf(worldBox(WORLD))];
        for (const packet of packets) for (const list of lists) expect(fate(list, packet)).toBe(fate(rules, packet));
        expect([...gone].every(isAsked)).toBe(true);
        rules.forEach((rule, i) => {
          // One that is left does something, alone or once the others have gone.
          if (gone.has(i) || !isAsked(i) || rule.boxes.length === 0) return;
          const isMissed = [rules, lists[0]!].some((list) => {
            const rest = list.filter((r) => r !== rule);
            return packets.some((packet) => fate(rest, packet) !== fate(list, packet));
          });
          expect(isMissed).toBe(true);
        });
      }),
      { numRuns: 150 },
    );
  });

  it("are not found where the budget ends first", () => {
    const rules = [port("first", "pass", 80), port("all", "pass", 0, 65535)];
    const options = { isAsked: () => true, effectOf: () => "same", defaultEffect: "none" };
    expect(findIdle(compile(rules), options).map((f) => f.rule)).toEqual(["first"]);
    expect(findIdle(compile(rules), { ...options, meter: makeMeter(0) })).toEqual([]);
  });
});

describe("a large union", () => {
  it("of a thousand single ports is found to cover their range, and one missing port is found too", () => {
    const ports = Array.from({ length: 1000 }, (_, k) => port(`p${k}`, "pass", k));
    const all = port("range", "block", 0, 999);
    const [shadow] = findShadows(compile([...ports, all])).shadows;
    expect(shadow).toMatchObject({ rule: "range", kind: "other" });
    expect(shadow!.cover).toHaveLength(1000);
    expect(uncovered(all.boxes[0]!, compile(ports.toSpliced(500, 1)))).toMatchObject({ witness: { b: 500n } });
  });
});
