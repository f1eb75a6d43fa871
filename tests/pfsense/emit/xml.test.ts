import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shown } from "../../../src/core/text.ts";
import { branch, escapeText, leaf, renderXml } from "../../../src/pfsense/emit/xml.ts";
import { assignTrackers } from "../../../src/pfsense/emit/identity.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";

/** The text of a hostname after writing and reading. */
function throughFile(text: string): string | undefined {
  const system = branch("system", leaf("hostname", text));
  const root = branch(
    "pfsense",
    leaf("version", "24.0"),
    system,
    branch("interfaces", branch("wan", leaf("if", "vtnet0"))),
  );
  const outcome = readConfig(shown(renderXml(root)), { file: "written.xml" });
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => e.fact).join("\n"));
  return outcome.value.system.hostname;
}

describe("text", () => {
  test.each([
    ["Élise & l'État", "Élise & l'État"],
    ["a < b > c", "a < b > c"],
    ['"guillemets"', '"guillemets"'],
    ["&lt;", "&lt;"],
    ["&amp;amp;lt;", "&amp;amp;lt;"],
    ["&eacute; &#233; &", "&eacute; &#233; &"],
    ["]]>", "]]>"],
    ["<![CDATA[x]]>", "<![CDATA[x]]>"],
    ["deux\tlignes\nici", "deux lignes ici"],
    ["\u{1f6f0} satellite", "\u{1f6f0} satellite"],
  ])("%j comes back as %j", (text, back) => {
    expect(throughFile(text)).toBe(back);
  });

  test("of any printable characters comes back as it was", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((s) => s.trim() === s && escapeText(s) !== "");
    const markup = fc.array(fc.constantFrom("&", "<", ">", '"', "'", "lt;", "amp;", "#38;", "]]>", "é", " ", "x"), {
      minLength: 1,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          markup.map((parts) => `x${parts.join("")}x`),
        ),
        (s) => {
          expect(throughFile(s)).toBe(s.replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, " "));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("decodes to itself whichever way a parser cuts it: once whole, or piece by piece", () => {
    expect(escapeText("&lt;")).toBe("<![CDATA[&amp;lt;]]>");
    expect(escapeText("eBrigade")).toBe("eBrigade");
  });
});

describe("an element", () => {
  test("without content is written with both its tags, as pfSense writes it", () => {
    expect(renderXml(branch("pfsense", branch("aliases"), leaf("version", "24.0")))).toBe(
      '<?xml version="1.0"?>\n<pfsense>\n\t<aliases></aliases>\n\t<version>24.0</version>\n</pfsense>\n',
    );
  });
});

describe("trackers", () => {
  test("depend on the set of keys and not on their order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 60 }), (keys) => {
        expect(new Map([...assignTrackers([...keys].reverse())].sort())).toEqual(
          new Map([...assignTrackers(keys)].sort()),
        );
      }),
    );
  });

  test("are never given to two rules of one key", () => {
    expect(() => assignTrackers(["F412/in/users", "F412/in/users"])).toThrow(RangeError);
  });
});
