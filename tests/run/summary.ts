/** What of vitest's JSON report is read here. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The last lines of the run, the count at the end. */
  readonly lines: readonly string[];
}

const REASON = /\(skipped: ([^)]*)\)/;

/**
 * @param report undefined where vitest ended before it wrote one
 * @param exitCode of vitest
 * @param changes what the run left on the machine, in words: each is a failure
 */
export function summary(report: Report | undefined, exitCode: number | null, changes: readonly string[]): Summary {
  const files = report?.testResults ?? [];
  // A file that fails to load has no failed test of its own.
  const broken = files.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const counted = (report?.numFailedTests ?? 1) + broken;
  const failed = (exitCode !== 0 && counted === 0 ? 1 : counted) + (changes.length > 0 ? 1 : 0);
  const passed = report?.numPassedTests ?? 0;
  const reasons = new Map<string, number>();
  for (const file of files)
    for (const test of file.assertionResults)
      if (test.status === "skipped" || test.status === "pending" || test.status === "todo") {
        const reason = REASON.exec(test.fullName)?.[1] ?? `no reason is given (${test.fullName.trim()})`;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
  const skipped = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  return {
    passed,
    failed,
    skipped,
    lines: [
      ...(report === undefined ? ["vitest ended before it wrote its report"] : []),
      ...changes.map((change) => `left by the tests: ${change}`),
      ...[...reasons].map(([reason, count]) => `${count} skipped: ${reason}`),
      `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
    ],
  };
}
