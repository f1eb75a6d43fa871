import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { people } from "../../src/cli/commands/people.ts";
import { context } from "../../src/cli/context.ts";
import { KEPT } from "../plans/shipped.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { listening } from "./captured.ts";

let folder: string;
let table: string;
beforeEach(() => {
  folder = join(temporaryFolder(), "plan");
  cpSync(KEPT, folder, { recursive: true });
  table = join(folder, "people.csv");
});

const run = async (
  words: readonly string[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly code: number; readonly lines: readonly string[]; readonly yaml: string }> => {
  const io = listening();
  const values = { ...more, plan: folder };
  const code = await people(context(values, io), values, words);
  const lines = io.lines.map((line) => line.replace(/^(?:out|err) /, ""));
  return { code, lines, yaml: readFileSync(join(folder, "people.yaml"), "utf8") };
};
const before = readFileSync(join(KEPT, "people.yaml"), "utf8");

test("people import writes who is new and what is other, and says so; exported again they are the table", async () => {
  writeFileSync(table, "prénom;nom;fonction;service;groupes;poste\nLéa;Brun;Opératrice;cod;cod-membres;120\n");
  const { code, lines, yaml } = await run(["import", table]);
  expect([code, lines]).toEqual([0, ["+ lea.brun", expect.stringMatching(/^1 added, 0 changed, 0 as they were/)]]);
  expect(yaml).toContain("  lea.brun:\n    { givenName: Léa, surname: Brun,");
  expect((await run(["export", table])).code).toBe(0);
  expect(readFileSync(table, "utf8")).toContain("lea.brun,Léa,Brun,Opératrice,cod,cod-membres,,120,\r\n");
  expect((await run(["import", table])).lines).toEqual([
    expect.stringContaining("0 added, 0 changed, 13 as they were"),
  ]);
});

test("--dry-run says the same and writes nothing", async () => {
  writeFileSync(
    table,
    "login,given name,surname,title,department,groups\nclaire.morel,Claire,Morel,X,cabinet,nomades\n",
  );
  const { lines, yaml } = await run(["import", table], { "dry-run": true });
  expect(lines[0]).toBe("~ claire.morel: title, groups");
  expect(lines[1]).toContain("Nothing was written");
  expect(yaml).toBe(before);
});

test("what the plan would refuse is told by the table's line, all of it, and nothing is written", async () => {
  writeFileSync(
    table,
    "prénom;nom;fonction;service;groupes;poste\nLéa;Brun;Opératrice;codd;cod-membres;105\nX;Y;Z;cod;nomade;130\n",
  );
  const { code, lines, yaml } = await run(["import", table]);
  const at = lines.join("\n").match(/people\.csv:\d+:\d+ \S+/g);
  expect([code, at?.map((place) => place.replace("people.csv:", ""))]).toEqual([
    1,
    [...["2:1 PLAN_EXTENSION_DUPLICATE", "2:1 PLAN_UNKNOWN_DEPARTMENT"], "3:1 PLAN_UNKNOWN_GROUP"],
  ]);
  expect(yaml).toBe(before);
});

test("a file that is not there, and a word that is none, are refused in words", async () => {
  expect((await faultOf(() => run(["import", join(folder, "none.csv")]))).code).toBe("CLI_NO_FILE");
  expect((await faultOf(() => run(["import"]))).code).toBe("CLI_USAGE");
  expect((await faultOf(() => run(["imprt", table]))).code).toBe("CLI_USAGE");
});
