import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secret } from "../../src/core/secret-place.ts";
import {
  compose,
  fillText,
  joinLines,
  jsonText,
  linesOf,
  placesOf,
  shown,
  textFrom,
  type Text,
} from "../../src/core/text.ts";

const password = secret("password", "x");
const texts: fc.Arbitrary<Text> = fc
  .array(
    fc.oneof(
      fc.string(),
      fc.constantFrom("{{secret:password/x}}", "{{a}}", "\n", "$&", '{"secret":"password/x"}'),
      fc.constantFrom(password, secret("vault-key", "dc1", "base64")),
    ),
  )
  .map((parts) => compose(...parts.map((p) => (typeof p === "string" ? p : [p]))));

describe("a text", () => {
  const resolve = (kind: string, label: string): string => `<${kind} ${label}\n"2">`;

  test("is filled place by place, as it is, as JSON, as XML or in base64", () => {
    expect(fillText(["a: ", secret("password", "u/x")], resolve)).toBe('a: <password u/x\n"2">');
    const line = fillText(["a: ", secret("ssh-private", "host/dc1", "json")], resolve);
    expect(JSON.parse(line.slice(3))).toBe('<ssh-private host/dc1\n"2">');
    const value = (): string => "<a & b>\n";
    expect(fillText([secret("vault-key", "x", "xml")], value)).toBe("&lt;a &amp; b&gt;\n");
    expect(fillText([secret("vault-key", "x", "base64")], value)).toBe("PGEgJiBiPgo=");
  });

  test("that is a string has no place, whatever stands in it; and neither has a value that fills one", () => {
    const said = "{{secret:password/x}} {{ secret:password/x|json }} $&";
    expect(placesOf(said)).toEqual([]);
    expect(fillText(said, resolve)).toBe(said);
    expect(fillText([password], () => said)).toBe(said);
  });

  test("comes back the same from JSON, and filled the same", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const back = textFrom(JSON.parse(JSON.stringify(text)));
        expect(back).toEqual(text);
        expect(fillText(back!, resolve)).toBe(fillText(text, resolve));
      }),
    );
  });

  test("comes apart into lines and together again", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const lines = linesOf(text);
        expect(joinLines(lines)).toEqual(text);
        expect(lines.length).toBe(shown(text).split("\n").length);
      }),
    );
  });

  test.each([null, 1, { secret: "password/x" }, [1], [{ secret: "pasword/x" }], [{ secret: "password/" }]])(
    "is not %j",
    (value) => expect(textFrom(value)).toBeUndefined(),
  );

  test.each([[{ secret: "password/x", as: "rot13" }], [{ secret: "password/x", of: 1 }], [{ secret: "password/a b" }]])(
    "has no place %j",
    (place) => expect(textFrom([place])).toBeUndefined(),
  );
});

test.each([
  ["pasword", "x"],
  ["password", ""],
  ["password", "a}} {{b"],
  ["password", "x|json"],
])("no role gets a place for %s/%s", (kind, label) => {
  expect(() => secret(kind as "password", label)).toThrow(/names no secret/);
});

describe("a document of JSON with places", () => {
  test("is what JSON.stringify writes, and what it was when it is filled", () => {
    const value = fc.jsonValue({ noUnicodeString: false });
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (data, indent) => {
        expect(jsonText(data, indent)).toBe(JSON.stringify(data, null, indent));
        const filled = fillText(jsonText({ data, p: password }, indent), () => 'a"b\\c\n');
        expect(JSON.parse(filled)).toEqual({ data: JSON.parse(JSON.stringify(data)) as unknown, p: 'a"b\\c\n' });
      }),
    );
  });

  test("takes an object of data for data, even one that looks like a place", () => {
    const data = { secret: "password/dc/administrator" };
    expect(jsonText({ data, list: [data] })).toBe(JSON.stringify({ data, list: [data] }));
    expect(placesOf(jsonText({ data, secret: password }))).toEqual([{ as: "json", secret: "password/x" }]);
  });
});
