import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codecOf } from "../../src/voice/codecs.ts";
import { voicePlanOf } from "../../src/voice/links.ts";
import { callSeen, shaperLines, stepsOf, verdictsOf, worstOf, type Measured } from "../../src/voice/measure.ts";
import { measuredReport } from "../../src/voice/report.ts";
import { labPlan } from "../pfsense/emit/lab.ts";

const pcma = codecOf("pcma")!;
const stream = { sent: 100, received: 100, late: 0, duplicates: 0, jitterMs: 1, jitterMostMs: 2 };
const delayMs = { least: 5, mean: 6, most: 9 };
const good = callSeen(pcma, { ...stream, delayMs });
const bad = callSeen(pcma, { ...stream, received: 90, late: 5, delayMs });
const none = callSeen(pcma, { ...stream, received: 0, jitterMs: null, delayMs: null });

const step = (calls: Measured["calls"], more: Partial<Measured> = {}): Measured => ({
  wan: "wan2",
  direction: "up",
  hasQos: true,
  calls,
  carriedKbps: 9500,
  lineKbps: 9500,
  isFull: true,
  heldUpMs: 0,
  ...more,
});

test("the rig's shaper is that of the router that stands in for pfSense, line by line", () => {
  const told = readFileSync(join(import.meta.dirname, "../twin/router/files/rtr-a/router.txt"), "utf8");
  const { shaper } = JSON.parse(told) as { shaper: readonly (readonly [string, readonly string[]])[] };
  const { shares } = voicePlanOf(labPlan()).value!;
  expect(shares).toHaveLength(2);
  expect(shares.map((s) => shaperLines(s))).toEqual(
    shaper.map(([device, lines]) => lines.map((l) => l.replaceAll(`dev ${device} `, "dev {device} "))),
  );
});

describe("what is said of a call", () => {
  test("counts as lost what came after its turn", () => {
    expect(bad).toMatchObject({ lossPercent: 10, latePercent: 5 });
    expect(bad.quality!.r).toBeLessThan(good.quality!.r - 50);
  });

  test("is no figure where nothing came: neither R nor MOS", () => {
    expect(none).toMatchObject({ lossPercent: 100, quality: null });
    expect(worstOf([good, none])).toBeNull();
  });

  test("is the worst call's, of several", () => {
    expect(worstOf([good, bad, good])).toEqual(bad.quality);
  });
});

describe("up to how many", () => {
  const of = (n: number, call = good): Measured["calls"] => Array.from({ length: n }, () => call);

  test("is the highest number measured below the first that is not well", () => {
    expect(verdictsOf(pcma, [step(of(10)), step(of(1)), step(of(66, bad)), step(of(51))])).toMatchObject([
      { upTo: 51, fails: { calls: 66 }, measured: [1, 10, 51, 66] },
    ]);
  });

  test("is none where the fewest are not well, whatever more of them were", () => {
    expect(verdictsOf(pcma, [step(of(1, none)), step(of(10))])).toMatchObject([
      { upTo: 0, fails: { calls: 1, mos: null } },
    ]);
  });

  test("counts one bad call of twenty as a moment of the machine, and one of ten not", () => {
    expect(verdictsOf(pcma, [step([...of(19), bad])])).toMatchObject([{ upTo: 20, fails: null }]);
    expect(verdictsOf(pcma, [step([...of(9), bad])])).toMatchObject([{ upTo: 0 }]);
  });

  test("is not said of a link that was not full, nor of a codec without R", () => {
    expect(verdictsOf(pcma, [step(of(10), { isFull: false })])).toEqual([]);
    expect(verdictsOf(codecOf("g722")!, [step(of(10))])).toEqual([]);
  });

  test("is measured at a few, at what fits and a third more, never at more than one program can send", () => {
    expect(stepsOf(51)).toEqual([1, 2, 5, 10, 51, 67]);
    expect(stepsOf(258)).toEqual([1, 2, 5, 10, 120]);
    expect(stepsOf(0)).toEqual([1, 2, 5, 10]);
  });
});

test.each(["en", "fr"] as const)("its tables fit 80 columns, each MOS with what stands in (%s)", (lang) => {
  const many = Array.from({ length: 120 }, () => bad);
  const parts = measuredReport(
    { codec: pcma },
    [step(many), step([none], { hasQos: false, isFull: false })],
    "field",
    lang,
  );
  const tables = parts.filter((p) => p.kind === "table");
  expect(tables).toHaveLength(1);
  for (const { header, rows } of tables) {
    const widths = header.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
    expect(widths.reduce((a, b) => a + b + 2, -2)).toBeLessThanOrEqual(80);
    expect(rows.map((r) => r.at(-1))).toEqual(["HTB", lang === "en" ? "not full" : "non plein"]);
  }
  expect(parts.map((p) => ("text" in p ? p.text : "")).join("\n")).toMatch(
    /HTB for ALTQ, no netem|HTB au lieu d'ALTQ, sans netem/,
  );
});
