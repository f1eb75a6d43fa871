import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../../src/stack/root.ts";

/*
 * Manual pages in two languages: what a reader types, opens or looks for is the same in both, so that one who changes the
 * English page is told of the French one.
 */

const folder = join(repositoryRoot(), "docs/roles");
const read = (file: string): string => readFileSync(join(folder, file), "utf8");
const french = readdirSync(folder).filter((file) => file.endsWith(".fr.md"));

/** Each word in code, as often as it stands there, but for the link of each page to the other. */
const codeOf = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replaceAll(/\s+/g, " ")).sort();
const headings = (text: string): number => [...text.matchAll(/^#+ /gm)].length;
const rows = (text: string): number => [...text.matchAll(/^\|/gm)].length;

test("the services that people use have a page in French", () => {
  expect(french).toEqual(
    expect.arrayContaining(["field", "mail", "pbx", "vpn", "workstation"].map((r) => `${r}.fr.md`)),
  );
});

test.each(french)("%s says what its twin says", (file) => {
  const [own, twin] = [read(file), read(file.replace(".fr.md", ".md"))];
  expect(codeOf(own)).toEqual(codeOf(twin));
  expect([headings(own), rows(own)]).toEqual([headings(twin), rows(twin)]);
  expect(own).toContain(`[In English](${file.replace(".fr.md", ".md")})`);
  expect(twin).toContain(`[En français](${file})`);
});
