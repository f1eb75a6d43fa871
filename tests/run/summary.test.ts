import { describe, expect, test } from "vitest";
import { summary, type Report } from "./summary.ts";

const report = (tests: readonly (readonly [status: string, name: string])[], status = "passed"): Report => ({
  numPassedTests: tests.filter(([s]) => s === "passed").length,
  numFailedTests: tests.filter(([s]) => s === "failed").length,
  testResults: [
    { name: "a.test.ts", status, assertionResults: tests.map(([s, fullName]) => ({ status: s, fullName })) },
  ],
});

describe("the last lines of a run", () => {
  test("end with the count", () => {
    const { lines, failed } = summary(report([["passed", "a"]]), 0, []);
    expect([lines, failed]).toEqual([["1 passed, 0 failed"], 0]);
  });

  test("count what was skipped by its reason, and name a test that gives none", () => {
    const { lines } = summary(
      report([
        ["passed", "a"],
        ["skipped", "guests (skipped: it takes root) boot"],
        ["pending", "guests (skipped: it takes root) stop"],
        ["skipped", "for no reason"],
      ]),
      0,
      [],
    );
    expect(lines).toEqual([
      "2 skipped: it takes root",
      "1 skipped: no reason is given (for no reason)",
      "1 passed, 0 failed, 3 skipped",
    ]);
  });

  test("count a file that does not load, and an end of vitest that no test explains, as failed", () => {
    expect(summary(report([], "failed"), 1, []).failed).toBe(1);
    expect(summary(report([["failed", "a"]], "failed"), 1, []).failed).toBe(1);
    expect(summary(report([["passed", "a"]]), 1, []).failed).toBe(1);
    expect(summary(report([["passed", "a"]]), null, []).failed).toBe(1);
    expect(summary(undefined, 1, [])).toMatchObject({ failed: 1, passed: 0 });
  });

  test("name each test that failed, with the beginning and the end of its words, and a file that does not load", () => {
    const failureMessages = [`\u001b[31mError:\u001b[39m begun\n${"long ".repeat(500)}\nended\n    at file.ts:1:2`];
    const [file] = report([["passed", "a"]]).testResults;
    const { lines } = summary(
      {
        numPassedTests: 0,
        numFailedTests: 1,
        testResults: [
          { ...file!, status: "failed", assertionResults: [{ status: "failed", fullName: "b", failureMessages }] },
          { name: "c.test.ts", status: "failed", message: "no such module", assertionResults: [] },
        ],
      },
      1,
      [],
    );
    expect(lines).toEqual([
      expect.stringMatching(/^failed: a\.test\.ts: b: Error: begun long .* … .* long ended$/),
      "failed: c.test.ts: no such module",
      "0 passed, 2 failed",
    ]);
    expect(lines[0]!.length).toBeLessThan(700);
  });

  test("count what was left on the machine as failed, and name it", () => {
    const { lines, failed } = summary(report([["passed", "a"]]), 0, ["hostname was vm and is rtr-a"]);
    expect(lines).toEqual(["left by the tests: hostname was vm and is rtr-a", "1 passed, 1 failed"]);
    expect(failed).toBe(1);
  });
});
