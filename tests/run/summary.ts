import { stripVTControlCharacters } from "node:util";

/** What of vitest's JSON report is read here. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why a file did not load. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The last lines of the run, the count at the end. */
  readonly lines: readonly string[];
}

/** Of a failure's words: a log of which only the end is kept must still show each. */
const [BEGINNING, END] = [200, 400];
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
      ...files.flatMap(failuresOf),
      ...changes.map((change) => `left by the tests: ${change}`),
      ...[...reasons].map(([reason, count]) => `${count} skipped: ${reason}`),
      `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
    ],
  };
}

function failuresOf({ name, status, message, assertionResults }: Report["testResults"][number]): string[] {
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0) return status === "failed" ? [`failed: ${name}: ${short(message ?? "")}`] : [];
  return failed.map(
    ({ fullName, failureMessages = [] }) => `failed: ${name}: ${fullName.trim()}: ${short(failureMessages.join("\n"))}`,
  );
}

/** In one line, without colours and the places in the code that the report above shows. */
function short(message: string): string {
  const words = stripVTControlCharacters(message)
    .split("\n")
    .filter((line) => !/^\s+at /.test(line))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
  return words.length <= BEGINNING + END ? words : `${words.slice(0, BEGINNING)} … ${words.slice(-END)}`;
}
