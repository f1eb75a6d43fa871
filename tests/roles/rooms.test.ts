import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { roles } from "../../src/roles/registry.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

/** Rooms that work for every role, and so know none. */
const ROOMS = [
  "src/roles/base",
  "src/roles/render.ts",
  "src/roles/needs.ts",
  "src/accept",
  "src/cli/commands/drill.ts",
];

const root = repositoryRoot();
const filesIn = (path: string): readonly string[] =>
  statSync(join(root, path)).isDirectory()
    ? readdirSync(join(root, path)).flatMap((name) => filesIn(join(path, name)))
    : [path];

test.each(ROOMS.flatMap(filesIn).filter((file) => file.endsWith(".ts")))("%s asks of no role by its name", (file) => {
  const text = readFileSync(join(root, file), "utf8");
  const ids = [...roles.keys()].join("|");
  expect(text).not.toMatch(new RegExp(`\\b(hostsOf|plays)\\([^)]*["'](${ids})["']`));
  expect(text).not.toMatch(/\.roles?\s*(===|!==)|\.roles\.includes\(/);
  expect(text).not.toMatch(new RegExp(`from "[./]*(roles/)?(${ids})/`));
});
