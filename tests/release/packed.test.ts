import { appendFileSync, cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../../src/stack/root.ts";
import { run, type Ran } from "../engine/lab.ts";
import { Installed } from "./installed.ts";

let installed: Installed;
const maquette = (...words: string[]): Promise<Ran> =>
  run(installed.program, words, {
    cwd: installed.app,
    // Bundles of its own: what the clone has made must not help.
    env: { ...installed.env, XDG_CACHE_HOME: installed.at("cache") },
  });

describe("the tarball of npm pack, installed in an empty folder", () => {
  beforeAll(() => {
    installed = new Installed();
    cpSync(join(repositoryRoot(), "tests/plans/lab"), join(installed.app, "plan"), { recursive: true });
  });
  afterAll(() => installed.remove());

  test("starts, and says its version", async () => {
    const { version } = JSON.parse(readFileSync(join(repositoryRoot(), "package.json"), "utf8")) as { version: string };
    expect(await maquette("--version")).toEqual({ code: 0, stdout: `maquette ${version}\n`, stderr: "" });
  });

  test("judges the plan that it brings", async () => {
    expect((await maquette("check")).stderr).not.toContain("CLI_");
  });

  test("judges a plan given to it, and proves its policy", async () => {
    const { code, stdout } = await maquette("check", "--plan", "plan");
    expect(stdout).toMatch(/The plan is sound[^]*Proven: rtr-a, rtr-b/);
    expect(code).toBe(0);
  });

  test("finds the fault in one, at its place", async () => {
    appendFileSync(join(installed.app, "plan/people.yaml"), "\nnobody-knows: 1\n");
    const { code, stdout, stderr } = await maquette("check", "--plan", "plan");
    expect(`${stdout}${stderr}`).toMatch(/people\.yaml:\d+:\d+ /);
    expect(code).toBe(1);
  });

  test("brings its licence and its pages, and none of its tests", () => {
    const folder = join(installed.app, "node_modules/maquette");
    expect(readFileSync(join(folder, "LICENSE"), "utf8")).toContain("Apache License");
    expect(readFileSync(join(folder, "docs/plan.md"), "utf8")).not.toBe("");
    expect(() => readFileSync(join(folder, "tests/run/main.ts"))).toThrow("ENOENT");
  });
});
