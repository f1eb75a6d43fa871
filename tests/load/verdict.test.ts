import { describe, expect, test } from "vitest";
import { scriptOf, type Action } from "../../src/load/script.ts";
import { isGood, readReports, SILENCE_MS, tokensFor, verdictOf, type Reports } from "../../src/load/verdict.ts";

const actions = scriptOf(3, 1, ["a", "b", "c", "d"]);
const first = (kind: Action["kind"]): Action => actions.find((a) => a.kind === kind)!;

const passed = (gapMs: number, packets = 500): { packets: number; gapMs: number } => ({ packets, gapMs });
const voice = { in: passed(40), out: passed(40) };

/** A day on which all went well. */
const well = (): Reports => ({
  done: actions.map((a) => ({
    ...{ id: a.id, who: a.who, kind: a.kind, began: a.atMs + 10, ended: a.atMs + 310, ok: true, tries: 1, why: "" },
    letters: a.kind === "send" ? [{ token: `run.${a.id}.1`, taken: true }] : [],
    ...{ stood: true, stoodWhy: "", from: a.atMs + 300, to: a.atMs + 300 + a.seconds * 1000 },
    ...(a.kind === "call" ? { said: voice } : {}),
  })),
  answers: actions
    .filter((a) => a.kind === "call")
    .map((a) => ({
      ...{ kind: "answer" as const, who: a.to!, from: a.who },
      ...{ began: a.atMs + 900, ended: a.atMs + 900 + a.seconds * 1000, said: voice },
    })),
  held: [],
});
const boxes = (): Record<string, number> =>
  Object.fromEntries(well().done.flatMap((d) => d.letters.map((l) => [l.token, 1])));

/** The day with another word about one action. */
const but = (action: Action, words: object): Reports => ({
  ...well(),
  done: well().done.map((d) => (d.id === action.id ? { ...d, ...words } : d)),
});
const answeredBut = (words: object): Reports => {
  const call = first("call");
  const { answers } = well();
  const at = answers.findIndex((a) => a.who === call.to && a.from === call.who);
  return { ...well(), answers: answers.map((a, n) => (n === at ? { ...a, ...words } : a)) };
};
const verdict = (reports: Reports, found = boxes()): ReturnType<typeof verdictOf> => verdictOf(actions, reports, found);

describe("the verdict of a day", () => {
  test("is good where all went well, with how long each kind took", () => {
    const found = verdict(well());
    expect([found.faults, found.unshown, isGood(found)]).toEqual([[], [], true]);
    const calls = actions.filter((a) => a.kind === "call").length;
    expect(found.calls).toEqual({ stood: calls, longestMs: 40, interrupted: 0 });
    expect(found.figures.find((f) => f.kind === "web")).toMatchObject({ failed: 0, medianMs: 300, slowestMs: 300 });
    expect(found.lateMs).toBe(10);
  });

  test("has a letter lost that was taken and is in nobody's box, and one that is there twice", () => {
    const token = `run.${first("send").id}.1`;
    const lost = verdict(well(), { ...boxes(), [token]: 0 });
    expect(lost.letters).toMatchObject({ lost: 1, twice: 0 });
    expect(lost.faults).toEqual(["letters: 1 taken and in nobody's box"]);
    expect(verdict(well(), { ...boxes(), [token]: 2 }).faults).toEqual(["letters: 1 more than once in a box"]);
  });

  test("does not miss a letter that no server took, and misses the action where none was taken at all", () => {
    const send = first("send");
    const letters = [1, 2].map((n) => ({ token: `run.${send.id}.${n}`, taken: n === 2 }));
    const second = verdict(but(send, { tries: 2, letters }), { ...boxes(), [letters[1]!.token]: 1 });
    expect([second.faults, second.letters.lost]).toEqual([[], 0]);
    expect(second.figures.find((f) => f.kind === "send")!.again).toBe(1);
    const never = verdict(but(send, { ok: false, why: "timed out", letters: [letters[0]] }));
    expect(never.faults).toEqual([`send: 1 failed; ${send.who}: timed out`]);
  });

  test("asks each box for the letters that were taken for it", () => {
    const send = first("send");
    expect(tokensFor(actions, well()).get(send.to!)).toContain(`run.${send.id}.1`);
    const untaken = but(send, { letters: [{ token: "x", taken: false }] });
    expect([...tokensFor(actions, untaken).values()].flat()).not.toContain("x");
  });

  test.each(["in", "out"] as const)(
    "has a call interrupted where nothing came for too long (%s at who calls)",
    (way) => {
      const call = first("call");
      const silent = { ...voice, in: passed(SILENCE_MS + 41) };
      // What the caller does not send, the other does not hear: told by the other's card.
      const found = verdict(way === "in" ? but(call, { said: silent }) : answeredBut({ said: silent }));
      const who = way === "in" ? "the caller" : "who is called";
      expect(found.faults).toEqual([
        `${call.who} → ${call.to!}: ${who} heard nothing for 3541 ms; the limit is 3500 ms`,
      ]);
      expect(found.calls).toMatchObject({ interrupted: 1, longestMs: 3541 });
      expect(isGood(verdict(but(call, { said: { ...voice, in: passed(SILENCE_MS) } })))).toBe(true);
      const between = verdict(but(call, { said: { ...voice, in: passed(SILENCE_MS + 40) } }));
      expect([between.faults, between.unshown.length]).toEqual([[], 1]);
    },
  );

  test("says that it cannot tell where the other telephone was silent itself", () => {
    const call = first("call");
    const reports = but(call, { said: { in: passed(5_000), out: passed(40) } });
    const both = {
      ...reports,
      answers: reports.answers.map((a) =>
        a.who === call.to && a.from === call.who ? { ...a, said: { in: passed(40), out: passed(5_000) } } : a,
      ),
    };
    const found = verdict(both);
    expect([found.faults, found.unshown.length, isGood(found)]).toEqual([[], 1, false]);
  });

  test("has a call that ended by itself, one without voice, and one of which the other end knows nothing", () => {
    const call = first("call");
    const name = `${call.who} → ${call.to!}`;
    const ended = verdict(but(call, { stood: false, stoodWhy: "Connection reset", from: 1_000, to: 5_000 }));
    expect(ended.faults[0]).toMatch(/reported no such call|ended by itself after 4000 ms: Connection reset/);
    expect(verdict(but(call, { said: { ...voice, in: passed(0, 0) } })).faults).toEqual([
      `${name}: no packet of voice came to the caller`,
    ]);
    expect(verdict(answeredBut({ from: "somebody else" })).faults).toEqual([
      `${name}: the telephone of ${call.to!} reported no such call`,
    ]);
  });

  test("misses what nobody reported", () => {
    const read = first("read");
    const reports = { ...well(), done: well().done.filter((d) => d.id !== read.id) };
    expect(verdict(reports).faults).toEqual(["read: of 1 nothing was reported"]);
  });
});

test("reports are read line by line, without a last one that is cut off", () => {
  const line = { id: "1", who: "a", kind: "web", began: 1, ended: 2, ok: true, tries: 1, why: "" };
  const held = { kind: "held", who: "a", began: 1, ended: 900 };
  const text = `${JSON.stringify(line)}\n${JSON.stringify(held)}\n{"id": "2", "wh`;
  expect(readReports(text)).toMatchObject({ done: [line], answers: [], held: [held] });
  expect(() => readReports('{"id": 3}\n')).toThrow();
});
