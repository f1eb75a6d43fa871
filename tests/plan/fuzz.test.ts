import fc from "fast-check";
import { expect, test } from "vitest";
import { DOCUMENT_NAMES, parsePlan, PLAN_CODES } from "../../src/plan/index.ts";
import { baseDocuments } from "./cases.ts";

const base = await baseDocuments();
const file = fc.constantFrom(...DOCUMENT_NAMES.map((name) => `${name}.yaml`));

/** Whatever was done to the text: a plan, or diagnostics that each have a place in the file, a fact and a cure. */
function judge(documents: ReadonlyMap<string, Uint8Array>): void {
  const outcome = parsePlan(documents);
  if (!outcome.ok) expect(outcome.errors.length).toBeGreaterThan(0);
  for (const d of [...(outcome.ok ? [] : outcome.errors), ...outcome.warnings]) {
    expect(Object.keys(PLAN_CODES)).toContain(d.code);
    expect(d.fact).not.toBe("");
    expect(d.hint).not.toBe("");
    const lines = Buffer.from(documents.get(d.place?.file ?? "") ?? [])
      .toString("utf8")
      .split("\n");
    expect(d.place?.line).toBeGreaterThanOrEqual(1);
    expect(d.place?.line).toBeLessThanOrEqual(lines.length);
    expect(d.place?.column).toBeGreaterThanOrEqual(1);
  }
}

const withText = (name: string, change: (text: string) => string): Map<string, Uint8Array> =>
  new Map(base).set(name, Buffer.from(change(Buffer.from(base.get(name)!).toString("utf8"))));

// What a slip of the hand, a bad merge or somebody who tries things leaves behind.
const SHARDS = [
  "",
  " ",
  "\t",
  "\n",
  ":",
  "- ",
  "[",
  "]",
  "{",
  "}",
  "&a ",
  "*a",
  "'",
  '"',
  "#",
  "~",
  "!!set ",
  "<<: ",
  "? ",
  "%",
  "---\n",
  "...",
  "|",
  ">",
  "\u0000",
  "é",
  "\u2028",
  "__proto__: 1\n",
  "1e999",
  "0x1f",
  "-1",
  "constructor",
  "toString",
];

test("a text cut out and something put in its place never makes an exception, and every diagnostic has a place", () => {
  fc.assert(
    fc.property(file, fc.nat(), fc.nat(40), fc.constantFrom(...SHARDS), (name, at, length, put) => {
      judge(withText(name, (text) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + length)));
    }),
    { numRuns: 40 },
  );
});

test("two lines that change places never make an exception", () => {
  fc.assert(
    fc.property(file, fc.nat(), fc.nat(), (name, a, b) => {
      judge(
        withText(name, (text) => {
          const lines = text.split("\n");
          const [i, j] = [a % lines.length, b % lines.length];
          [lines[i], lines[j]] = [lines[j]!, lines[i]!];
          return lines.join("\n");
        }),
      );
    }),
    { numRuns: 40 },
  );
});

test("a value replaced by any JSON never makes an exception", () => {
  fc.assert(
    fc.property(file, fc.nat(), fc.jsonValue({ maxDepth: 3 }), (name, at, value) => {
      judge(
        withText(name, (text) => {
          const colons = [...text.matchAll(/: /g)].map((m) => m.index + 2);
          const start = colons[at % colons.length]!;
          const end = /[,}\n]/.exec(text.slice(start))!.index + start;
          return text.slice(0, start) + JSON.stringify(value) + text.slice(end);
        }),
      );
    }),
    { numRuns: 40 },
  );
});

test("bytes of any kind in the place of a document never make an exception", () => {
  fc.assert(
    fc.property(file, fc.uint8Array({ maxLength: 200 }), (name, bytes) => judge(new Map(base).set(name, bytes))),
    { numRuns: 40 },
  );
});

test("any JSON in the place of a document never makes an exception", () => {
  fc.assert(
    fc.property(file, fc.jsonValue({ maxDepth: 4 }), (name, value) =>
      judge(withText(name, () => JSON.stringify(value))),
    ),
    { numRuns: 40 },
  );
});
