import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../src/core/diagnostics.ts";
import { hiddenIn, printable, visibleLine } from "../../src/core/hidden.ts";

const namesIn = (text: string): readonly string[] => hiddenIn(text).map((h) => h.name);

describe("what is hidden in a text", () => {
  test.each([
    ["a control", "a\u001b[2Kb", ["U+001B"]],
    ["a control of the second set", "a\u009bb", ["U+009B"]],
    ["what turns the text", "a\u202eb\u2066\u061c", ["U+202E", "U+2066", "U+061C"]],
    ["a blank that takes no room", "a\u200bb\u2060\ufeff", ["U+200B", "U+2060", "U+FEFF"]],
    ["a hyphen that shows at a line's end alone", "a\u00adb", ["U+00AD"]],
    ["letters that are none", "a\u115f\u3164\u{e0041}", ["U+115F", "U+3164", "U+E0041"]],
    ["lines' ends of other kinds", "a\u2028b\u2029", ["U+2028", "U+2029"]],
    ["half a character", "a\ud83db", ["U+D83D"]],
    ["a selector that selects nothing", "dmz\ufe0f", ["U+FE0F"]],
  ])("is %s", (_, text, names) => expect(namesIn(text)).toEqual(names));

  test.each(["Préfecture « de l’Hérault »", "État n° 3\u00a0: prêt", "👩‍🚒 🏳️‍🌈 🛰️ 1️⃣ 🇫🇷", "日本語 العربية"])(
    "is nothing in %s",
    (text) => expect(namesIn(text)).toEqual([]),
  );
});

test("what is printed hides nothing, and a text that hides nothing is printed as it is", () => {
  expect(printable("a\u202eb\u001b[31m\n")).toBe("a\\u{202e}b\\u{1b}[31m\\u{a}");
  expect(printable("a\u202eb\n", "\n")).toBe("a\\u{202e}b\n");
  const odd = fc.constantFrom("\u202e", "\u001b", "\ud83d", "👩‍🚒", "\n", "é", "\ufe0f");
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), odd)), (parts) => {
      const text = parts.join("");
      expect(hiddenIn(printable(text))).toEqual([]);
      if (hiddenIn(text).length === 0) expect(printable(text)).toBe(text);
      expect(hiddenIn(visibleLine(text))).toEqual([]);
    }),
  );
});

test("a diagnostic about a text shows it written out, in its place, fact and hint", () => {
  const d = {
    code: "X_Y",
    severity: "error",
    place: { file: "a\u001b[2J.yaml", line: 1, column: 2 },
    path: "x",
    fact: '"a\u202eb" is not',
    hint: "not\u200b\n  this",
  } as const;
  expect(formatDiagnostic(d)).toBe('a\\u{1b}[2J.yaml:1:2 X_Y x: "a\\u{202e}b" is not\n  hint: not\\u{200b}\n  this');
});
