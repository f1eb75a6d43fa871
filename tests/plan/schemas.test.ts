import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DOCUMENT_NAMES, PLAN_CODES } from "../../src/plan/index.ts";
import { jsonSchemaFiles } from "../../src/plan/json-schema.ts";
import { vocabulary } from "../../src/roles/registry.ts";
import { KEPT } from "../plans/shipped.ts";

test("schemas/ is what the zod schemas say (otherwise: npm run schemas)", async () => {
  expect((await readdir("schemas")).sort()).toEqual([...jsonSchemaFiles(vocabulary).keys()].sort());
  for (const [file, text] of jsonSchemaFiles(vocabulary)) expect(await readFile(`schemas/${file}`, "utf8")).toBe(text);
});

test("every key of every schema is described, for the editor shows it and hints quote it", () => {
  const bare: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    const { properties, additionalProperties, items } = schema as Record<string, unknown>;
    for (const [key, value] of Object.entries((properties ?? {}) as Record<string, { description?: string }>)) {
      if (!value.description) bare.push(`${path}.${key}`);
      walk(value, `${path}.${key}`);
    }
    walk(additionalProperties, `${path}.*`);
    walk(items, `${path}[]`);
  };
  for (const [file, text] of jsonSchemaFiles(vocabulary)) walk(JSON.parse(text), file.replace(".schema.json", ""));
  expect(bare).toEqual([]);
});

test("each document of the lab names its schema, and so does the editor's configuration", async () => {
  const settings = JSON.parse(await readFile(".vscode/settings.json", "utf8")) as {
    "yaml.schemas": Record<string, string>;
  };
  for (const name of DOCUMENT_NAMES) {
    const text = await readFile(join(KEPT, `${name}.yaml`), "utf8");
    expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=../../../schemas/${name}.schema.json`);
    expect(settings["yaml.schemas"][`./schemas/${name}.schema.json`]).toBe(`stacks/*/${name}.yaml`);
  }
});

test("docs/plan.md lists every code, with what the code says", async () => {
  const text = await readFile("docs/plan.md", "utf8");
  const rows = [...text.matchAll(/^\| `(PLAN_[A-Z0-9_]+)` +\| (.*?) +\|$/gm)].map((m) => [m[1], m[2]]);
  expect(Object.fromEntries(rows)).toEqual(PLAN_CODES);
});
