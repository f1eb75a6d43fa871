import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "maquette-packed-"));
const app = join(folder, "app");

function ran(
  argv: readonly [string, ...string[]],
  cwd: string,
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr, error } = spawnSync(argv[0], argv.slice(1), {
    cwd,
    encoding: "utf8",
    timeout: 150_000,
    // Its own bundles and state: what the clone has made must not help.
    env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), XDG_STATE_HOME: join(folder, "state") },
  });
  return { status, text: `${stdout}${stderr}${error?.message ?? ""}` };
}
const maquette = (...words: string[]): ReturnType<typeof ran> =>
  ran([join(app, "node_modules/.bin/maquette"), ...words], app);

// By its file, never by its name: on the registry that belongs to somebody else.
describe("the tarball of npm pack, installed in an empty folder", () => {
  beforeAll(() => {
    mkdirSync(app);
    const packed = ran(["npm", "pack", "--silent", "--pack-destination", folder], root);
    expect(packed).toMatchObject({ status: 0 });
    const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    const installed = ran(["npm", "install", ...quiet, join(folder, packed.text.trim())], app);
    expect(installed, installed.text).toMatchObject({ status: 0 });
    cpSync(join(root, "stacks/lab"), join(app, "plan"), { recursive: true });
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("starts, and says its version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(maquette("--version")).toEqual({ status: 0, text: `maquette ${version}\n` });
  });

  test("judges a plan given to it, and proves its policy", () => {
    const { status, text } = maquette("check", "--plan", "plan");
    expect(text).toMatch(/The plan is sound[^]*Proven: rtr-a, rtr-b/);
    expect(status).toBe(0);
  });

  test("finds the fault in one, at its place", () => {
    appendFileSync(join(app, "plan/people.yaml"), "\nnobody-knows: 1\n");
    const { status, text } = maquette("check", "--plan", "plan");
    expect(text).toMatch(/people\.yaml:\d+:\d+ /);
    expect(status).toBe(1);
  });

  test("brings its licence and its pages, and none of its tests", () => {
    const installed = join(app, "node_modules/maquette");
    expect(readFileSync(join(installed, "LICENSE"), "utf8")).toContain("Apache License");
    expect(readFileSync(join(installed, "docs/plan.md"), "utf8")).not.toBe("");
    expect(() => readFileSync(join(installed, "tests/run/main.ts"))).toThrow("ENOENT");
  });
});
