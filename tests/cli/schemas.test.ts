import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DOCUMENT_NAMES } from "../../src/plan/index.ts";
import { KEPT } from "../plans/shipped.ts";
import { maquette } from "./captured.ts";

const folder = mkdtempSync(join(tmpdir(), "maquette-schemas-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the schemas of a plan are written beside it, with its names, where git does not look, and the plan stays sound", async () => {
  cpSync(KEPT, folder, { recursive: true });
  await maquette("schemas", "--plan", folder);
  const { code, out, err } = await maquette("schemas", "--plan", folder);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain("# yaml-language-server: $schema=.schemas/flows.schema.json");
  const files = DOCUMENT_NAMES.map((name) => `${name}.schema.json`);
  expect(readdirSync(join(folder, ".schemas")).sort()).toEqual([".gitignore", ...files].sort());
  expect(readFileSync(join(folder, ".schemas/.gitignore"), "utf8")).toBe("*\n");
  expect(readFileSync(join(folder, ".schemas/flows.schema.json"), "utf8")).toContain('"host:internet"');
  expect((await maquette("check", "--plan", folder)).out).toMatch(/The plan is sound/);
});

test("a folder without documents is refused, and nothing is written into it", async () => {
  const empty = mkdtempSync(join(folder, "empty-"));
  const { code, err } = await maquette("schemas", "--plan", empty);
  expect(code).toBe(2);
  expect(err).toContain("CLI_NO_PLAN");
  expect(readdirSync(empty)).toEqual([]);
});
