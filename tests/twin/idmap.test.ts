import { describe, expect, test } from "vitest";
import { firstIdOf, IDS } from "../../src/twin/idmap.ts";

describe("a guest's ids on the machine", () => {
  const lab = [1001, 1002, 1003, 1011, 1012, 1031].map((vmid) => firstIdOf("3f2a9c01", vmid));

  test("are its own among the guests of a lab, and the same at each start", () => {
    expect(new Set(lab).size).toBe(lab.length);
    for (const [n, first] of lab.entries())
      for (const other of lab.slice(n + 1)) expect(Math.abs(first - other)).toBeGreaterThanOrEqual(IDS);
    expect(firstIdOf("3f2a9c01", 1001)).toBe(lab[0]);
  });

  test("are no person's of the machine, and positive to whoever reads them as signed", () => {
    for (const key of ["aaaa", "bbbb", "cccc", "zzzzzzzzzzzz"]) {
      const first = firstIdOf(key, 999_999_999);
      expect(first).toBeGreaterThanOrEqual(2 ** 28);
      expect(first + IDS).toBeLessThanOrEqual(2 ** 31);
    }
  });

  test("reach beyond the numbers that a domain controller gives", () => {
    expect(IDS).toBeGreaterThan(4_000_000);
  });
});
