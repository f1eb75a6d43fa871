import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { loadPlan, parsePlan, documentsIn } from "../../src/plan/index.ts";
import { loginOf, readPeople, writePeople, type PersonRow } from "../../src/plan/people/csv.ts";
import { mergePeople } from "../../src/plan/people/merge.ts";
import { KEPT } from "../plans/shipped.ts";

const outcome = await loadPlan(KEPT, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan is not sound");
const plan = outcome.value;
const documents = await documentsIn(KEPT);
const yaml = readFileSync(join(KEPT, "people.yaml"), "utf8");

const HEAD = "prénom;nom;fonction;service;groupes;courriel;poste;désactivé";
const read = (text: string | Uint8Array): ReturnType<typeof readPeople> =>
  readPeople(typeof text === "string" ? Buffer.from(text) : text, "people.csv", "cod.test");
const faults = (text: string): string[] =>
  read(text).findings.map((f) => `${f.place!.line}:${f.place!.column} ${f.code} ${f.fact}`);

describe("a table of people", () => {
  test("is read with each of its separators, marks, line ends and alphabets", () => {
    const text = `${HEAD}\nLéa;D'Arc;Opératrice;cod;cod-membres nomades;lea@cod.test;120;oui\n`;
    const wanted = {
      login: "lea.d-arc",
      line: 2,
      fields: {
        ...{ givenName: "Léa", surname: "D'Arc", title: "Opératrice", department: "cod" },
        ...{ groups: ["cod-membres", "nomades"], mailbox: "lea", extension: 120, disabled: true },
      },
    };
    const ways: readonly (string | Uint8Array)[] = [
      text,
      `\uFEFF${text}`,
      text.replaceAll("\n", "\r\n"),
      text.replaceAll(";", ","),
      text.replaceAll(";", "\t"),
      Buffer.from(text, "latin1"),
      Buffer.from(`\uFEFF${text}`, "utf16le"),
    ];
    for (const way of ways) expect(read(way)).toEqual({ rows: [wanted], findings: [] });
  });

  test("says nothing of what it has no column for, and that there is none of what its cell is empty for", () => {
    const [row] = read("given name,surname,title,department,groups,mailbox\nA,B,C,cod,g,\n").rows;
    expect(row!.fields).toEqual({
      ...{ givenName: "A", surname: "B", title: "C", department: "cod", groups: ["g"], mailbox: null },
    });
  });

  test.each([
    ["", ["1:1 PEOPLE_NO_TABLE the table is empty"]],
    ["prénom;nom;fonction;groupes\n", ['1:1 PEOPLE_NO_COLUMN no column "department"']],
    [`${HEAD};fonctions\n`, ['1:9 PEOPLE_UNKNOWN_COLUMN "fonctions" is no column']],
    [`${HEAD};poste\n`, ['1:9 PEOPLE_COLUMN_TWICE "poste" stands twice']],
    [`${HEAD}\nA;B;C;d;g;;;\n\n"A;B;C\nD;E\n`, ["4:1 PEOPLE_NO_TABLE a quote that opens in this line never closes"]],
    [`${HEAD}\nA;B;C;d;g;;;\nA;B;C;d;g;;;\n`, ['3:1 PEOPLE_TWICE "a.b" stands in line 2 already']],
    [`${HEAD}\n;B;C;d;g;;;\n`, ["2:1 PEOPLE_NO_VALUE no given name"]],
    [
      `${HEAD}\nA;B;C;d;g;x@else.where;1 2;peut-être\n`,
      [
        '2:6 PEOPLE_OTHER_DOMAIN "x@else.where" is no address of cod.test',
        '2:7 PEOPLE_NO_NUMBER "1 2" is no extension',
        '2:8 PEOPLE_NO_YES "peut-être" is neither yes nor no',
      ],
    ],
    [`${HEAD}\nA;B;C;d;g;;;;Z\n`, ["2:9 PEOPLE_CELLS 9 cells, and 8 columns"]],
  ])("%j has its faults told by line and cell", (text, wanted) => {
    expect(faults(text)).toEqual(wanted);
  });

  test("makes a login of names as the plan has them", () => {
    expect(loginOf("Jean-Pierre", "O’Brien de la Tour")).toBe("jean-pierre.o-brien-de-la-tour");
    expect(loginOf("Cœur", "Ñandú")).toBe("coeur.nandu");
  });
});

describe("people of a table, in people.yaml", () => {
  test("written and read again are the same, in both languages, and the document stays as it was to the letter", () => {
    for (const language of ["en", "fr"] as const) {
      const { rows, findings } = read(writePeople(plan, language));
      expect(findings).toEqual([]);
      expect(rows.map((r) => r.login)).toEqual([...plan.people.keys()]);
      expect(mergePeople(yaml, rows, "people.csv")).toEqual({ text: yaml, added: [], changed: [], findings: [] });
    }
  });

  const row = (login: string, fields: PersonRow["fields"]): PersonRow => ({ login, line: 2, fields });
  const lea = row("lea.brun", {
    ...{ givenName: "Léa", surname: "Brun", title: "Opératrice, de nuit", department: "cod", groups: ["cod-membres"] },
    ...{ mailbox: null, extension: 120, disabled: null },
  });

  test("come at its end, and the rest stays", () => {
    const { text, added } = mergePeople(yaml, [lea], "people.csv");
    expect(added).toEqual(["lea.brun"]);
    const person = `  lea.brun:\n    { givenName: Léa, surname: Brun, title: "Opératrice, de nuit", department: cod, groups: [cod-membres], extension: 120 }\n`;
    expect(text.replace(person, "")).toBe(yaml);
    expect(parsePlan(new Map([...documents, ["people.yaml", Buffer.from(text)]])).ok).toBe(true);
  });

  test("change what the table says, and no more: a key of somebody's stays", () => {
    const before = yaml.replace("extension: 101 }", 'extension: 101, sshKeys: ["ssh-ed25519 AAAA"] }');
    const { text, changed } = mergePeople(
      before,
      [row("claire.morel", { title: "Préfète de région", extension: null })],
      "x",
    );
    expect(changed).toEqual([{ login: "claire.morel", fields: ["title", "extension"] }]);
    expect(text).toBe(
      before.replace("title: Préfète,", "title: Préfète de région,").replace("extension: 101, sshKeys", "sshKeys"),
    );
  });

  test("with a remark inside are left to their author", () => {
    const own = "people:\n  a.b:\n    givenName: A # as she writes it\n    surname: B\n";
    const merged = mergePeople(own, [row("a.b", { surname: "C" })], "x.csv");
    expect([merged.text, merged.findings.map((f) => f.code)]).toEqual([own, ["PEOPLE_REMARK"]]);
  });

  test.each(["people: {}\n", "people:\n", "departments: {}\npeople: {}", "departments: {}\n", ""])(
    "find their place in %j",
    (text) => {
      const merged = parseDocument(mergePeople(text, [lea], "x").text);
      expect(merged.errors).toEqual([]);
      expect(merged.getIn(["people", "lea.brun", "title"])).toBe("Opératrice, de nuit");
    },
  );

  const text = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .map((s) => s.replaceAll(/\p{C}|\s+/gu, " ").trim())
    .filter((s) => s !== "");
  test("of any names and in any number are written, read and kept as they are", () => {
    const people = fc.uniqueArray(
      fc.record({
        login: fc.stringMatching(/^[a-z]{1,8}\.[a-z]{1,8}$/),
        givenName: text,
        surname: text,
        title: text,
        extension: fc.option(fc.integer({ min: 100, max: 9999 })),
        isDisabled: fc.boolean(),
      }),
      { selector: (p) => p.login, maxLength: 500 },
    );
    const [anybody] = plan.people.values();
    fc.assert(
      fc.property(people, fc.constantFrom("en" as const, "fr" as const), (all, language) => {
        const made = new Map(all.map((p) => [p.login, { ...anybody!, ...p, mailbox: null, groups: ["cod-membres"] }]));
        const { rows, findings } = read(writePeople({ ...plan, people: made }, language));
        expect(findings).toEqual([]);
        const merged = mergePeople("people: {}\n", rows, "x").text;
        const kept = parseDocument(merged).toJS() as { people: Record<string, Record<string, unknown>> | null };
        expect(Object.keys(kept.people ?? {})).toEqual(all.map((p) => p.login));
        for (const p of all)
          expect(kept.people![p.login]).toMatchObject({ givenName: p.givenName, surname: p.surname, title: p.title });
        expect(mergePeople(merged, rows, "x").text).toBe(merged);
      }),
      { numRuns: 40 },
    );
  });
});
