// `npm test`: installs what is pinned, runs every test, and ends with the line `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePackages, root } from "./packages.js";

ensurePackages();
const folder = mkdtempSync(join(tmpdir(), "maquette-test-"));
const report = join(folder, "report.json");
try {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [
    vitest,
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ];
  const ran = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  let counted = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, testResults: [] };
  try {
    counted = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    process.stderr.write("vitest ended before it wrote its report\n");
  }
  // A file that fails to load has no failed test of its own.
  const broken = counted.testResults.filter(
    (r) => r.status === "failed" && r.assertionResults.every((a) => a.status !== "failed"),
  ).length;
  const failed = counted.numFailedTests + broken + (ran.status !== 0 && counted.numFailedTests + broken === 0 ? 1 : 0);
  const reasons = counted.testResults.flatMap((r) =>
    r.assertionResults.flatMap(({ fullName }) => /\(skipped: ([^)]*)\)/.exec(fullName)?.[1] ?? []),
  );
  for (const reason of new Set(reasons)) process.stdout.write(`skipped: ${reason}\n`);
  const skipped = counted.numPendingTests > 0 ? `, ${counted.numPendingTests} skipped` : "";
  process.stdout.write(`${counted.numPassedTests} passed, ${failed} failed${skipped}\n`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
