import { describe, expect, test } from "vitest";
import { Patience } from "../../src/stack/patience.ts";

/** Looked at each second until it is over. */
function ended(ms: number, load: number, processors = 2): { readonly at: number; readonly words: string } {
  let at = 0;
  const patience = new Patience(ms, { now: () => at, load: () => load, processors });
  while (!patience.isOver) at += 1_000;
  return { at, words: patience.words };
}

describe("a deadline", () => {
  test("passes by the clock on a quiet machine", () => {
    expect(ended(60_000, 1.9)).toEqual({ at: 60_000, words: "60 s" });
    expect(ended(60_000, 0).at).toBe(60_000);
  });

  test("passes by the share of a processor on a busy one, and says how busy it was", () => {
    expect(ended(60_000, 8)).toEqual({
      at: 240_000,
      words: "240 s, for which up to 8 tasks shared 2 processors of this machine",
    });
  });

  test("ends at a quarter of an hour whatever comes", () => {
    expect(ended(60_000, 1_000).at).toBe(900_000);
  });

  test("goes by this machine's own clock and load where nothing else is given", () => {
    expect(new Patience(60_000).isOver).toBe(false);
    expect(new Patience(0).isOver).toBe(true);
  });
});
