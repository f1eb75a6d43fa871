import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { families } from "../../src/cli/french/families.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

/*
 * The French catalogue has every code of a fault or a finding that src makes, and no other. Codes are found where they are
 * made: the first argument of a new Fault or a property `code` shows the families (the first words); whatever literal or
 * name of a property has one of those is a code, and so is what a template of literals can become.
 */

const CODE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;
const familyOf = (code: string): string => code.split("_", 1)[0]!;

const entries = families.flatMap((family) => Object.entries(family.entries));

interface Found {
  /** Of whatever looks like a code, where it was seen first. */
  readonly seen: Map<string, string>;
  readonly families: Set<string>;
  /** Single words that are `code` beside a `hint`: of a purpose, whose templates make codes of it. */
  readonly purposes: Set<string>;
  readonly templates: { readonly parts: readonly (readonly string[] | "purpose")[]; readonly at: string }[];
}

/** What one expression of a template may be, when it says so itself: a choice of literals, or a parameter of such a type. */
function valuesOf(expression: ts.Expression): readonly string[] | "purpose" | undefined {
  if (ts.isConditionalExpression(expression)) {
    const both = [expression.whenTrue, expression.whenFalse];
    return both.every(ts.isStringLiteralLike) ? both.map((b) => b.text) : undefined;
  }
  if (!ts.isIdentifier(expression)) return undefined;
  if (expression.text === "code") return "purpose";
  for (let at: ts.Node = expression; !ts.isSourceFile(at); at = at.parent) {
    if (!ts.isFunctionLike(at)) continue;
    const type = at.parameters.find((p) => p.name.getText() === expression.text)?.type;
    if (type === undefined || !ts.isUnionTypeNode(type)) continue;
    return type.types.flatMap((t) =>
      ts.isLiteralTypeNode(t) && ts.isStringLiteral(t.literal) ? [t.literal.text] : [],
    );
  }
  return undefined;
}

/** Up through choices (`a ? "X" : "Y"`, `a ?? "X"`) to what takes the value. */
function takerOf(node: ts.Node): { readonly taker: ts.Node; readonly value: ts.Node } {
  let value = node;
  while (
    ts.isConditionalExpression(value.parent) ||
    ts.isParenthesizedExpression(value.parent) ||
    ts.isBinaryExpression(value.parent)
  )
    value = value.parent;
  return { taker: value.parent, value };
}

const hasHint = (property: ts.PropertyAssignment): boolean =>
  property.parent.properties.some((p) => p.name?.getText() === "hint");

function collect(name: string, text: string, found: Found): void {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const look = (node: ts.Node): void => {
    const isKey = ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node;
    if (ts.isStringLiteralLike(node) || isKey) {
      const { taker, value } = takerOf(node);
      const isCodeProperty = ts.isPropertyAssignment(taker) && !isKey && taker.name.getText() === "code";
      const isFault =
        ts.isNewExpression(taker) &&
        /(?:Fault|Error)$/.test(taker.expression.getText()) &&
        taker.arguments?.[0] === value;
      if (CODE.test(node.text)) {
        if (!found.seen.has(node.text)) found.seen.set(node.text, name);
        if (isFault || isCodeProperty) found.families.add(familyOf(node.text));
      } else if (isCodeProperty && /^[A-Z]+$/.test(node.text) && hasHint(taker)) found.purposes.add(node.text);
    }
    if (ts.isTemplateExpression(node)) {
      const around = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
      const values = node.templateSpans.map((span) => valuesOf(span.expression));
      if (
        around.every((t) => /^[A-Z0-9_]*$/.test(t)) &&
        around.some((t) => t.includes("_")) &&
        !values.includes(undefined)
      )
        found.templates.push({
          at: name,
          parts: around.flatMap((t, i) => [[t], ...(i < values.length ? [values[i]!] : [])]),
        });
    }
    ts.forEachChild(node, look);
  };
  look(source);
}

function codesOf(files: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  const found: Found = { seen: new Map(), families: new Set(), purposes: new Set(), templates: [] };
  for (const [name, text] of files) collect(name, text, found);
  const codes = new Map([...found.seen].filter(([code]) => found.families.has(familyOf(code))));
  for (const { parts, at } of found.templates) {
    const made = parts.reduce<readonly string[]>(
      (before, part) => before.flatMap((b) => [...(part === "purpose" ? found.purposes : part)].map((p) => b + p)),
      [""],
    );
    for (const code of made) if (CODE.test(code) && !codes.has(code)) codes.set(code, at);
  }
  return codes;
}

function* sources(): Generator<readonly [string, string]> {
  const src = join(repositoryRoot(), "src");
  for (const name of readdirSync(src, { recursive: true, encoding: "utf8" }))
    if (name.endsWith(".ts") && !name.startsWith(join("cli", "french")))
      yield [`src/${name}`, readFileSync(join(src, name), "utf8")];
}

describe("every code that a person may see is in French", () => {
  const codes = codesOf(sources());

  test("the codes of src are found, in all their forms", () => {
    // As a Fault's argument, as a finding's property, in a table of codes, made of two words, of a chosen one.
    for (const code of [
      "DOOR_NO_LAB",
      "MAIL_ALIAS_TAKEN",
      "IMPORT_VPN",
      "ENGINE_PROXY",
      "PFSENSE_NAT_REFUSED",
      "DOOR_OFF",
    ])
      expect(codes.has(code), code).toBe(true);
    for (const other of ["MAQUETTE_LANG", "HTTPS_PROXY", "UND_ERR_SOCKET", "DUPLICATE_KEY"])
      expect(codes.has(other), other).toBe(false);
  });

  test("a code without French is named, with the file that makes it", () => {
    const said = new Set(entries.map(([code]) => code));
    expect([...codes].filter(([code]) => !said.has(code)).map(([code, file]) => `${code} (${file})`)).toEqual([]);
  });

  test("French of a code that nothing makes is named", () => {
    expect(entries.map(([code]) => code).filter((code) => !codes.has(code))).toEqual([]);
  });

  test("no code stands in two families", () => {
    const names = entries.map(([code]) => code);
    expect(names.filter((code, i) => names.indexOf(code) !== i)).toEqual([]);
  });

  test("a new code is found wherever it is made", () => {
    const made = codesOf([
      ["a.ts", 'throw new Fault(x ? "NEW_ONE" : "NEW_TWO", "", "");'],
      ["b.ts", 'export const CODES = { NEW_THREE: "" }; const env = { OTHER_NAME: "" };'],
      ["c.ts", 'const p = { code: "TAKEN", hint: "" }; f(`${code}_AWAY`);'],
    ]);
    expect([...made.keys()].sort()).toEqual(["NEW_ONE", "NEW_THREE", "NEW_TWO", "TAKEN_AWAY"]);
  });
});

describe("the French is written as the house writes it", () => {
  const texts = entries.flatMap(([code, { what, cure }]) => [
    [`${code}: what`, what],
    [`${code}: cure`, cure],
  ]);
  const prose = (text: string): string =>
    text.replaceAll(/`[^`]*`|https?:\S+|maquette:\w+|\S*@\S*|http\(s\)|hôte:port/g, "…");
  const wrong = (isWrong: (text: string) => boolean): readonly string[] =>
    texts.filter(([, text]) => isWrong(text!)).map(([name, text]) => `${name}: ${text!}`);

  test("a sentence each, with its full stop", () => {
    expect(wrong((text) => !/^(?:\p{Lu}|`|\d|[a-z]+[./]|maquette|pf)/u.test(text) || !/[.]$/.test(text))).toEqual([]);
  });
  test("a space before what the French set one before, and within their quotes", () => {
    expect(wrong((text) => /[^\s][:;!?»](?:\s|$)|«\S/.test(prose(text)))).toEqual([]);
  });
  test("no two spaces, no English quotes, nobody is told tu", () => {
    expect(wrong((text) => / {2}|["”“]|’|(?<!\p{L})(?:tu|ton|tes)(?!\p{L})/u.test(prose(text)))).toEqual([]);
  });
});
