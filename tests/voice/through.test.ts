import { expect, test } from "vitest";
import { codecOf } from "../../src/voice/codecs.ts";
import { throughReport } from "../../src/voice/report.ts";
import { spansOf, type Told } from "../../src/voice/through.ts";

const pcma = codecOf("pcma")!;
const WINDOW_MS = 5000;

/** Two calls, of which `lost` packets of 250 do not come, window by window from the 100th on. */
function told(lost: readonly number[]): readonly [speaker: Told, listener: Told] {
  const keys = lost.flatMap((n, i) => [0, 1].map((call) => [`${call}/${100 + i}`, n] as const));
  const delayMs = { least: 1, mean: 2, most: 3 };
  const came = (n: number): Told["came"][string] => ({
    received: 250 - n,
    late: 0,
    duplicates: 0,
    jitterMs: 1,
    jitterMostMs: 1,
    delayMs,
  });
  return [
    { sent: Object.fromEntries(keys.map(([key]) => [key, 250])), came: {}, heldUpMs: 0 },
    {
      sent: {},
      // Nothing at all came of a window that was lost whole.
      came: Object.fromEntries(keys.flatMap(([key, n]) => (n === 250 ? [] : [[key, came(n)]]))),
      heldUpMs: 0,
    },
  ];
}

const at = (window: number): number => (100 + window) * WINDOW_MS;

test("of each phase the worst window counts; one at a border is the outage's", () => {
  const [speaker, listener] = told([0, 0, 25, 125, 0, 0, 2, 0]);
  const spans = spansOf("pc1", pcma, 2, speaker, listener, [at(2) + 100, at(4) + 900]);
  expect(spans.map((s) => [s.phase, s.lost])).toEqual([
    ["before", 0],
    ["broken", 250],
    ["after", 4],
  ]);
  expect(spans[0]!.worst!.r).toBeGreaterThan(90);
  expect(spans[1]!.worst!.r).toBeLessThan(10);
});

test("the first and the last window are not whole, and left out", () => {
  const [speaker, listener] = told([99, 0, 99]);
  expect(spansOf("pc1", pcma, 2, speaker, listener, [at(3), at(4)]).map((s) => s.lost)).toEqual([0]);
});

test("a window of which nothing came is the worst, and has no figure", () => {
  const [speaker, listener] = told([0, 0, 250, 200, 0, 0, 0]);
  const broken = spansOf("pc1", pcma, 2, speaker, listener, [at(2), at(4)]).find((s) => s.phase === "broken")!;
  expect(broken).toMatchObject({ lost: 500, worst: null });
  const [, table] = throughReport(pcma, { what: "x", windowMs: 5000, spans: [broken], faults: [], heldUpMs: 0 }, "en");
  expect(table).toMatchObject({ rows: [["pc1", "broken", "100.0", "500", "", "", "none came", ""]] });
});
