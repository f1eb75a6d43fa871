import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { POLICY_CODES } from "../../src/policy/codes.ts";
import { caseFiles, readCase, runCase } from "./cases.ts";

const cases = caseFiles().map((file) => ({ file, ...readCase(file) }));

describe("tests/cases/policy", () => {
  test.each(cases)("$file: $title", (c) => {
    expect(runCase(c)).toBe(c.expect);
  });
});

test("every code of the policy has a case", () => {
  const said = cases.map((c) => c.expect).join("\n");
  expect(Object.keys(POLICY_CODES).filter((code) => !said.includes(`${code} `))).toEqual([]);
});

test("every code of the policy stands in docs/policy.md with its meaning", () => {
  const docs = readFileSync(join(import.meta.dirname, "../../docs/policy.md"), "utf8").replace(/ +/g, " ");
  const missing = Object.entries(POLICY_CODES).filter(([code, text]) => !docs.includes(`| \`${code}\` | ${text} |`));
  expect(missing.map(([code]) => code)).toEqual([]);
});
