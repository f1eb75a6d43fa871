import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/*
 * Tests of programs in their own language: tests/…/test_x.py, with Python's unittest. As everywhere, tests mirror what they
 * test: tests/twin/router/helpers imports from src/twin/router/helpers, tests/templates/dc from templates/dc.
 */

const root = join(import.meta.dirname, "../..");
const files = readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" })
  .filter((file) => /(^|\/)test_\w+\.py$/.test(file))
  .map((file) => join("tests", file))
  .sort();

const programsOf = (file: string): string =>
  dirname(file).startsWith("tests/templates/")
    ? relative("tests", dirname(file))
    : join("src", relative("tests", dirname(file)));

test.each(files)("%s", async (file) => {
  const path = [programsOf(file), "src/programs"].map((folder) => join(root, folder)).join(":");
  const ran = await promisify(execFile)("python3", ["-B", join(root, file), "-v"], {
    env: { ...process.env, PYTHONPATH: path },
  }).catch((error: unknown) => error as { stdout: string; stderr: string });
  expect(ran.stderr).toMatch(/^Ran [1-9]\d* tests? in [\d.]+s\n\nOK\n$/m);
});
