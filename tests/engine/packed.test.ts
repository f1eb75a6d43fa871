import { cpSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryRoot } from "../../src/stack/root.ts";
import { Installed } from "../release/installed.ts";
import { run, type Ran } from "./lab.ts";

/*
 * The road of docs/installed.md: maquette as a package of npm's, in a folder that is in no repository, and a plan of the
 * user's own beside node_modules. A small lab, its guests in memory.
 */

let installed: Installed;
const SETTINGS = "Pulumi.lab.yaml";

const maquette = (words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  run(installed.program, words, { cwd: installed.app, env: { ...installed.env, ...env }, deadlineMs: 1_700_000 });

async function well(words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await maquette(words);
  expect(code, stdout + stderr).toBe(0);
  return stdout;
}

/** Every file of npm's: its size, and when it was written. */
function ofNpm(): readonly string[] {
  const files = readdirSync(join(installed.app, "node_modules"), { recursive: true, encoding: "utf8" });
  return files.sort().map((name) => {
    const { size, mtimeMs } = lstatSync(join(installed.app, "node_modules", name));
    return `${name} ${size} ${mtimeMs}`;
  });
}

beforeAll(() => {
  installed = new Installed();
  cpSync(join(repositoryRoot(), "tests/plans/few"), join(installed.app, "plan"), { recursive: true });
  const shipped = readFileSync(join(installed.app, "node_modules/maquette", SETTINGS), "utf8");
  writeFileSync(join(installed.app, SETTINGS), shipped.replace(/^( *maquette:plan: ).*$/m, "$1plan"));
});
afterAll(async () => {
  await maquette(["destroy", "--yes"]);
  installed.remove();
});

test("brings up the plan beside node_modules, finds nothing to change, and deletes it again; npm's files stay as they are", async () => {
  const before = ofNpm();
  expect(await well(["check"])).toContain("The plan is sound: 5 hosts");
  expect(await well(["preview"])).toMatch(/^\+ guest pc1$/m);
  const up = await well(["up", "--skip-preview"]);
  expect(up).toContain("5 guests run");
  // What it tells to do next can be done here.
  expect(up).toMatch(/^ {2}npx maquette status /m);
  expect(up).toMatch(/^ {2}plan\/\*\.yaml /m);
  const [, there] = /eval "\$\(npx maquette env\)" && cd (\S+)/.exec(up)!;
  expect(await well(["preview"])).toContain("Nothing to change");
  expect(await well(["status"])).toMatch(/^pc1 .* running$/m);

  const plain = 'eval "$("$0" env)" && cd "$1" && pulumi preview --expect-no-changes --non-interactive';
  const { code, stdout, stderr } = await run("sh", ["-c", plain, installed.program, there!], {
    cwd: installed.app,
    env: installed.env,
  });
  expect(code, stdout + stderr).toBe(0);

  const file = join(installed.app, "plan/hosts.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("memoryMiB: 3072", "memoryMiB: 3073"));
  expect(await well(["preview"])).toMatch(/^~ guest pc1 {2}restarted$/m);

  await well(["destroy", "--yes"]);
  expect(ofNpm()).toEqual(before);
  expect(readdirSync(installed.app).sort()).toEqual(
    ["node_modules", "package-lock.json", "package.json", "plan", SETTINGS].sort(),
  );
});
