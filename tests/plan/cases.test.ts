import { describe, expect, test } from "vitest";
import { PLAN_CODES } from "../../src/plan/index.ts";
import { baseDocuments, caseFiles, readCases, runCase } from "./cases.ts";

const base = await baseDocuments();
const files = await Promise.all((await caseFiles()).map(async (file) => ({ file, cases: await readCases(file) })));

describe.each(files)("tests/cases/plan/$file", ({ cases }) => {
  test.each(cases)("$title", async (c) => {
    expect(await runCase(base, c)).toBe(c.expect);
  });
});

test("every code of the plan has a case", () => {
  const said = files.flatMap(({ cases }) => cases.map((c) => c.expect)).join("\n");
  expect(Object.keys(PLAN_CODES).filter((code) => !said.includes(`${code} `))).toEqual([]);
});
