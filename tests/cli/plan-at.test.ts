import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Context } from "../../src/cli/context.ts";
import { planAt } from "../../src/cli/plan-at.ts";
import type { Settings } from "../../src/infra/settings.ts";
import { CASES } from "../plan/cases.ts";
import { temporaryFolder } from "../stack/temporary.ts";

test("a revision's plan is read as a folder's is: no link is followed, and nothing that is too large", async () => {
  const root = temporaryFolder();
  const git = (...args: string[]): void =>
    void execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", ...args], { cwd: root });
  const folder = join(root, "stacks/lab");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(join(CASES, "base"))) copyFileSync(join(CASES, "base", name), join(folder, name));
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "sound");
  renameSync(join(folder, "people.yaml"), join(folder, "everybody"));
  symlinkSync("everybody", join(folder, "people.yaml"));
  git("add", ".");
  git("commit", "-qm", "by a link");
  rmSync(join(folder, "people.yaml"));
  symlinkSync("../../../people.yaml", join(folder, "people.yaml"));
  writeFileSync(join(folder, "flows.yaml"), "#".repeat(1_048_577));
  git("commit", "-qam", "unsound");
  const at = (where: string): ReturnType<typeof planAt> =>
    planAt(
      { root, stack: "lab", folders: { cache: root } } as Context,
      { plan: "stacks/lab", nodes: ["pve1"], artefacts: null } as unknown as Settings,
      where,
    );
  expect((await at("HEAD~~")).ok).toBe(true);
  expect((await at("HEAD~")).ok).toBe(true);
  const outcome = await at("HEAD");
  expect(outcome.ok ? [] : outcome.errors.map((e) => `${e.place?.file ?? ""} ${e.code} ${e.fact}`)).toEqual([
    "HEAD:stacks/lab/flows.yaml PLAN_FILE_TOO_LARGE has 1048577 bytes; a plan's document has at most 1048576",
    "HEAD:stacks/lab/people.yaml PLAN_FILE_IS_NONE is a link that leads out of the plan's directory",
  ]);
});
