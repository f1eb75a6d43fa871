import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { formatDiagnostic, type Diagnostic, type Place } from "../../src/core/diagnostics.ts";
import { hiddenIn } from "../../src/core/hidden.ts";
import { parsePlan } from "../../src/plan/index.ts";
import { parseYaml, type Source } from "../../src/plan/document.ts";
import { diagnose, formatPath } from "../../src/plan/problem.ts";
import { checkShape } from "../../src/plan/shape.ts";
import { documentSchemas } from "../../src/plan/schemas.ts";
import { vocabulary } from "../../src/roles/registry.ts";
import { stringFields, withText, type Field } from "./fields.ts";
import { bytesOf, labDocuments } from "./lab-documents.ts";

const documents = await labDocuments();
const schemas = documentSchemas(vocabulary);
const fields = stringFields(documents);

/** What is said about a field's text by its own document, as far as values alone tell. */
function saidOf(field: Field, text: string, at: Pick<Source, "place">): readonly Diagnostic[] {
  const value = withText(documents, field, text)[field.document];
  const path = formatPath(field.isKey ? [...field.path.slice(0, -1), text] : field.path);
  return checkShape(field.document, { file: "", value, ...at }, schemas[field.document])
    .problems.map((p) => diagnose(p, (where) => at.place(where.path, where.at)))
    .filter((d) => d.path === path);
}
const nowhere = { place: (): Place => ({ file: "", line: 1, column: 1 }) };

describe("of every field of the plan's schemas", () => {
  test("a text with something that is not seen is refused where it stands, once, and shown written out", () => {
    expect(fields.length).toBeGreaterThan(60);
    const characters = ["\u202e", "\u200b", "\u2069", "\u001b", "\u0000", "\u{e0041}"];
    for (const [n, field] of fields.entries()) {
      const text = `ab${characters[n % characters.length]!}c`;
      const yaml = stringify(withText(documents, field, text)[field.document]);
      const said = saidOf(field, text, parseYaml("x.yaml", yaml).source!);
      expect([field.name, said.map((s) => s.code)]).toEqual([field.name, ["PLAN_HIDDEN_CHARACTER"]]);
      expect([field.name, hiddenIn(formatDiagnostic(said[0]!).replaceAll("\n", ""))]).toEqual([field.name, []]);
      const { line, column } = said[0]!.place!;
      expect(yaml.split("\n")[line - 1]!.slice(column - 1)).toMatch(/^["']?ab/);
    }
  });

  test("a text of several lines is refused where it stands", () => {
    for (const field of fields)
      for (const end of ["\n", "\r", "\t"])
        expect([field.name, saidOf(field, `ab${end}c`, nowhere).length]).toEqual([field.name, 1]);
  });

  test("a text of 9,000 characters is refused where it stands, and not printed whole", () => {
    for (const field of fields) {
      const said = saidOf(field, "a".repeat(9000), nowhere);
      expect([field.name, said.length > 0]).toEqual([field.name, true]);
      for (const { fact } of said) expect(fact.length).toBeLessThan(500);
    }
  });
});

test("a comment in which something turns the text or is not seen is refused at that very place", () => {
  const bytes = bytesOf(documents);
  const text = `# for\u202e admins\n${Buffer.from(bytes.get("people.yaml")!).toString()}# é\u0007\n`;
  const outcome = parsePlan(bytes.set("people.yaml", Buffer.from(text)));
  expect(outcome.ok ? [] : outcome.errors.map((e) => [e.place?.line, e.place?.column, e.code, e.fact])).toEqual([
    [1, 6, "PLAN_HIDDEN_CHARACTER", "a comment has a character that is not seen, U+202E"],
    [text.split("\n").length - 1, 4, "PLAN_HIDDEN_CHARACTER", "a comment has a character that is not seen, U+0007"],
  ]);
});
