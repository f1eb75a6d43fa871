import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { figuresOf, judgePath, LIMITS, readLog } from "../../src/accept/drill/evaluate.ts";

interface Case {
  readonly name: string;
  readonly log: readonly string[];
  readonly mayEnd?: boolean;
  readonly expect: Readonly<Record<string, number | boolean>>;
  readonly faults?: readonly string[];
  readonly unshown?: readonly string[];
}

const cases = parse(readFileSync(join(import.meta.dirname, "cases/drills.yaml"), "utf8")) as readonly Case[];
const EVERY = 10_000;

/** The log that the probe program would write, and how long it is. */
function logOf(steps: readonly string[]): { readonly text: string; readonly toUs: number } {
  const lines: string[] = [];
  let [at, sequence] = [0, 0];
  let session: "hears" | "deaf" | "dead" = "hears";
  for (const step of steps) {
    const [what = "", count = "0"] = step.split(" ");
    if (what === "pause") at += Number(count) * 1000;
    if (what === "deaf") session = "deaf";
    if (what === "dies") {
      session = "dead";
      lines.push(`x 0 ${at} ECONNRESET`);
    }
    if (what !== "up" && what !== "lost") continue;
    for (let n = 0; n < Number(count); n++, at += EVERY) {
      lines.push(`p 0 ${at} ${at} ${what === "up" ? at + 300 : "-"}`);
      if (session === "dead") continue;
      lines.push(`s 0 ${++sequence} ${at}`);
      if (what === "up" && session === "hears") lines.push(`e 0 ${sequence} ${at + 300}`);
    }
  }
  return { text: `${lines.join("\n")}\n`, toUs: at };
}

describe("figures of a drill", () => {
  it("judge probes up to the span's end, and a session up to when it was listened to", () => {
    const { text } = logOf(["up 100", "lost 150", "up 10"]);
    const log = readLog(text, 1)[0]!;
    // A session that lost its words to the gap is heard after a retransmission, when probes are answered already.
    const span = { fromUs: 0, toUs: 2_510_000 };
    expect(figuresOf(log, span)).toMatchObject({ isBack: true, session: { isAlive: true } });
    const late = {
      ...log,
      session: {
        ...log.session,
        messages: log.session.messages.map((m) =>
          m.sentUs >= 1_000_000 && m.heardUs !== undefined ? { ...m, heardUs: 2_590_000 } : m,
        ),
      },
    };
    expect(figuresOf(late, span)).toMatchObject({ isBack: true, session: { isAlive: false } });
    expect(figuresOf(late, { ...span, heardToUs: 2_600_000 })).toMatchObject({
      isBack: true,
      session: { isAlive: true },
    });
  });

  it.each(cases)("$name", ({ log, expect: wanted, mayEnd = false, faults = [], unshown = [] }) => {
    const { text, toUs } = logOf(log);
    const figures = figuresOf(readLog(text, 1)[0]!, { fromUs: 0, toUs });
    const found = {
      lost: figures.lost,
      gap: figures.longestGapMs,
      back: figures.backAfterMs,
      isBack: figures.isBack,
      alive: figures.session.isAlive,
      ...(wanted["pause"] === undefined ? {} : { pause: figures.longestPauseMs }),
    };
    expect(found).toEqual(wanted);
    const judged = judgePath("LAN → DMZ", figures, { limitMs: LIMITS.routerMs, mayEnd });
    expect(judged.faults).toHaveLength(faults.length);
    faults.forEach((text_, i) => expect(judged.faults[i]).toContain(text_));
    expect(judged.unshown).toEqual(unshown);
  });

  it("a gap that began before the span is measured whole", () => {
    const { text, toUs } = logOf(["up 100", "lost 200", "up 200"]);
    const figures = figuresOf(readLog(text, 1)[0]!, { fromUs: 2_000_000, toUs });
    expect(figures.longestGapMs).toBe(2010);
    expect(figures.backAfterMs).toBe(1000);
  });

  it("paths are kept apart, order is that of sending, and a line that is cut off is left out", () => {
    const text = "p 0 20000 20010 20100\np 0 10000 10010 -\np 1 10000 10010 10100\ns 1 7 5\ne 1 7 9\np 1 2000 2010";
    const [first, second] = readLog(text, 2);
    expect(first!.probes.map((p) => p.sentUs)).toEqual([10_000, 20_000]);
    expect(second!.probes).toEqual([{ sentUs: 10_000, leftUs: 10_010, answeredUs: 10_100 }]);
    expect(second!.session.messages).toEqual([{ sentUs: 5, heardUs: 9 }]);
  });

  it("a session is heard in time when the prober was held up between hearing and looking", () => {
    const { text, toUs } = logOf(["up 200", "pause 3000", "up 1"]);
    const log = readLog(text, 1)[0]!;
    // It looks before it hears again.
    const span = { fromUs: 0, toUs: 2_000_000, heardToUs: toUs - 10_000 };
    expect(figuresOf(log, span).session.isAlive).toBe(true);
    const deaf = logOf(["up 80", "deaf", "up 120", "pause 3000", "up 1"]);
    expect(figuresOf(readLog(deaf.text, 1)[0]!, span).session.isAlive).toBe(false);
  });

  it("a session whose last words were waited for lives, however long the wait took", () => {
    const { text, toUs } = logOf(["up 101", "deaf", "up 700"]);
    const log = readLog(text, 1)[0]!;
    expect(figuresOf(log, { fromUs: 0, toUs }).session.isAlive).toBe(false);
    expect(figuresOf(log, { fromUs: 0, toUs, saidFromUs: 1_000_000 }).session.isAlive).toBe(true);
    expect(figuresOf(log, { fromUs: 0, toUs, saidFromUs: 1_000_001 }).session.isAlive).toBe(false);
  });

  describe("of a prober that is held up at any time", () => {
    /** Spans that do not meet, from the times between them and their lengths. */
    const spans = (between: fc.Arbitrary<number>, length: fc.Arbitrary<number>) =>
      fc.array(fc.tuple(between, length), { maxLength: 5 }).map((pairs) => {
        let at = 0;
        return pairs.map(([rest, long]) => {
          const fromUs = at + rest * 1000;
          at = fromUs + long * 1000;
          return { fromUs, toUs: at };
        });
      });
    type Spans = readonly { readonly fromUs: number; readonly toUs: number }[];
    const at = (list: Spans, us: number) => list.find((s) => s.fromUs <= us && us < s.toUs);
    const lengthOf = (s: Spans[number]): number => (s.toUs - s.fromUs) / 1000;

    /**
     * The log of one that sends every 10 ms, of a path that is out now and then. Held up, it sends nothing; what it was
     * about to send leaves when it goes on, and looks at its clock before or after that.
     */
    function lived(outages: Spans, holdUps: Spans, untilUs: number, isEarly: (n: number) => boolean): string {
      const lines: string[] = [];
      for (let us = 0; us < untilUs;) {
        const left = at(holdUps, us)?.toUs ?? us;
        const sent = isEarly(lines.length) ? us : left;
        lines.push(`p 0 ${sent} ${left} ${at(outages, left) === undefined ? left + 300 : "-"}`);
        us = left + EVERY;
      }
      return `${lines.join("\n")}\n`;
    }

    it("no outage is called shorter than it was, none is shown that was not, and the verdict is the truth or none", () => {
      // Back for less than a hold-up's length is not told from never back.
      const outages = spans(fc.integer({ min: 250, max: 3_000 }), fc.integer({ min: 1, max: 6_000 }));
      const holdUps = spans(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 5_000 }));
      const limits = fc.integer({ min: 100, max: 5_000 });
      fc.assert(
        fc.property(outages, holdUps, limits, fc.func(fc.boolean()), (truth, held, limitMs, isEarly) => {
          const endUs = Math.max(0, ...[...truth, ...held].map((s) => s.toUs)) + 300_000;
          const log = readLog(lived(truth, held, endUs, isEarly), 1)[0]!;
          const figures = figuresOf(log, { fromUs: 0, toUs: Infinity });
          const longest = Math.max(0, ...truth.map(lengthOf));
          expect(figures.mostGapMs).toBeGreaterThanOrEqual(longest);
          expect(figures.shownGapMs).toBeLessThanOrEqual(longest);
          const met = truth.filter((o) => log.probes.some((p) => o.fromUs <= p.leftUs && p.leftUs < o.toUs));
          expect(figures.longestGapMs).toBeGreaterThanOrEqual(Math.max(0, ...met.map(lengthOf)));
          expect(figures.lost > 0).toBe(met.length > 0);
          if (met.length === 0) expect([figures.longestGapMs, figures.shownGapMs]).toEqual([0, 0]);
          const judged = judgePath("LAN → DMZ", figures, { limitMs, mayEnd: true });
          if (judged.faults.length > 0) expect(longest).toBeGreaterThan(limitMs);
          else if (judged.unshown.length === 0) expect(longest).toBeLessThanOrEqual(limitMs);
          // Nothing is left open without a reason that could have made the difference.
          for (const text of judged.unshown) expect(text).toMatch(/^not shown: held up for [\d.]+ ms: /);
          if (held.length === 0 && Math.abs(longest - limitMs) > 21) expect(judged.unshown).toEqual([]);
        }),
      );
    });
  });
});
