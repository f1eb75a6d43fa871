import { beforeAll, describe, expect, it } from "vitest";
import type { Ran } from "../engine/lab.ts";
import { standingLab, type StandingLab } from "../lab/standing.ts";
import { whyNot } from "../twin/machine.ts";

const reason = whyNot();

describe.skipIf(reason !== undefined)(`a mystery${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let lab: StandingLab;
  const drill = (...args: readonly string[]): Promise<Ran> => lab.maquette("drill", ...args);
  beforeAll(async () => {
    lab = await standingLab();
  });

  it("is red for somebody, found with a hint, and told at the end; a second one waits until then", async () => {
    const begun = await drill("mystery", "--level", "3", "--seed", "7");
    expect([begun.code, begun.stderr]).toEqual([0, expect.any(String)]);
    expect(begun.stdout).toContain("Mystery 7, level 3");
    expect((await drill("mystery")).stderr).toContain("DRILL_MYSTERY_OPEN");
    expect((await drill("hint")).stdout).toMatch(/^Hint 1 of \d/);
    // By the product's own means, as a student may.
    expect((await lab.maquette("up")).code).toBe(0);
    const solved = await drill("solve");
    expect([solved.code, solved.stdout]).toEqual([0, expect.stringMatching(/^Found in .*27 points.*\nIt was this: /)]);
    expect((await drill("sheet")).stdout).toContain("27 points in all");
  });

  it("that nobody finds is told and put right, and the lab is as the plan says", async () => {
    expect((await drill("mystery", "--level", "2", "--seed", "3")).code).toBe(0);
    const told = await drill("solve");
    expect([told.code, told.stdout]).toEqual([1, expect.stringMatching(/^Not found in .*everybody is well again/s)]);
    expect((await lab.maquette("preview", "--expect-no-changes")).code).toBe(0);
  });
});
