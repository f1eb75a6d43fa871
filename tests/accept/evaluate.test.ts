import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { figuresOf, judgePath, LIMITS, readLog } from "../../src/accept/drill/evaluate.ts";

interface Case {
  readonly name: string;
  readonly log: readonly string[];
  readonly mayEnd?: boolean;
  readonly expect: Readonly<Record<string, number | boolean>>;
  readonly faults?: readonly string[];
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
      lines.push(`p 0 ${at} ${what === "up" ? at + 300 : "-"}`);
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

  it.each(cases)("$name", ({ log, expect: wanted, mayEnd = false, faults = [] }) => {
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
  });

  it("a gap that began before the span is measured whole", () => {
    const { text, toUs } = logOf(["up 100", "lost 200", "up 200"]);
    const figures = figuresOf(readLog(text, 1)[0]!, { fromUs: 2_000_000, toUs });
    expect(figures.longestGapMs).toBe(2010);
    expect(figures.backAfterMs).toBe(1000);
  });

  it("paths are kept apart, order is that of sending, and a line that is cut off is left out", () => {
    const [first, second] = readLog("p 0 20000 20100\np 0 10000 -\np 1 10000 10100\ns 1 7 5\ne 1 7 9\np 1 2000", 2);
    expect(first!.probes.map((p) => p.sentUs)).toEqual([10_000, 20_000]);
    expect(second!.probes).toEqual([{ sentUs: 10_000, answeredUs: 10_100 }]);
    expect(second!.session.messages).toEqual([{ sentUs: 5, heardUs: 9 }]);
  });
});
