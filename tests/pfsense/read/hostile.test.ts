import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { SAMPLE } from "./sample.ts";

/** The one error of a file that is refused: code, place, and the words of its hint. */
function refusal(input: string | Uint8Array): string {
  const outcome = readConfig(input, { file: "config.xml" });
  if (outcome.ok) return "read";
  const [first] = outcome.errors;
  expect(outcome.errors).toHaveLength(1);
  expect(first?.hint).not.toBe("");
  return `${first?.code ?? ""} ${first?.place?.line ?? "-"}:${first?.place?.column ?? "-"}`;
}

const utf16 = (text: string, isBig: boolean): Uint8Array => {
  const bytes = Array.from(text).flatMap((c) => (isBig ? [0, c.charCodeAt(0)] : [c.charCodeAt(0), 0]));
  return new Uint8Array(bytes);
};

describe("files that are no configuration", () => {
  const bomb = `<?xml version="1.0"?>\n<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>\n<pfsense>&b;</pfsense>`;
  const external = `<?xml version="1.0"?>\n<!DOCTYPE p SYSTEM "file:///etc/passwd">\n<pfsense/>`;
  const cases: readonly (readonly [string, string | Uint8Array, string])[] = [
    ["an entity bomb", bomb, "PFSENSE_XML_DOCTYPE 2:"],
    ["an external DTD", external, "PFSENSE_XML_DOCTYPE 2:"],
    ["an entity without a DOCTYPE", `<?xml version="1.0"?>\n<pfsense>&nbsp;</pfsense>`, "PFSENSE_XML_ENTITY 2:"],
    ["more than 32 MiB", " ".repeat(33 * 1024 * 1024), "PFSENSE_XML_TOO_LARGE -:-"],
    ["deep nesting", `<?xml version="1.0"?>\n<pfsense>${"<a>".repeat(100_000)}`, "PFSENSE_XML_DEPTH 2:199"],
    ["little-endian UTF-16", utf16(SAMPLE, false), "PFSENSE_XML_UTF16 1:1"],
    ["big-endian UTF-16", utf16(SAMPLE, true), "PFSENSE_XML_UTF16 1:1"],
    ["UTF-16 with a mark", new Uint8Array([0xff, 0xfe, 0x3c, 0]), "PFSENSE_XML_UTF16 1:1"],
    [
      "Latin-1 bytes",
      new Uint8Array([...Buffer.from("<pfsense>\n<a>caf"), 0xe9, ...Buffer.from("</a></pfsense>")]),
      "PFSENSE_XML_UTF8 2:7",
    ],
    ["a declared encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>\n<pfsense/>`, "PFSENSE_XML_ENCODING 1:1"],
    ["nothing", "", "PFSENSE_XML_EMPTY -:-"],
    ["spaces", " \n ", "PFSENSE_XML_EMPTY -:-"],
    ["a truncated file", SAMPLE.slice(0, SAMPLE.length / 2), "PFSENSE_XML_TRUNCATED"],
    ["a wrong closing tag", `<?xml version="1.0"?>\n<pfsense>\n<a></b></pfsense>`, "PFSENSE_XML_MALFORMED 3:"],
    ["an OPNsense file", `<?xml version="1.0"?>\n<opnsense></opnsense>`, "PFSENSE_ROOT 2:1"],
    ["HTML", "<html><body>Login</body></html>", "PFSENSE_ROOT 1:1"],
    ["JSON", `{"a": 1}`, "PFSENSE_XML_MALFORMED 1:"],
    [
      "an encrypted backup",
      "---- BEGIN config.xml ----\nU2FsdGVkX18=\n---- END config.xml ----\n",
      "PFSENSE_ENCRYPTED 1:1",
    ],
    ["control characters", `<?xml version="1.0"?>\n<pfsense><a>\u0001</a></pfsense>`, "PFSENSE_XML_MALFORMED 2:"],
  ];
  for (const [name, input, expected] of cases) {
    it(`refuses ${name}, with its place and a hint`, () => {
      expect(refusal(input).startsWith(expected)).toBe(true);
    });
  }

  it("names OPNsense in the hint", () => {
    const outcome = readConfig("<?xml version='1.0'?>\n<opnsense/>", { file: "x" });
    expect(outcome.ok ? "" : outcome.errors[0]?.hint).toContain("OPNsense");
  });

  it("refuses more than a million elements", () => {
    const xml = `<?xml version="1.0"?>\n<pfsense>${"<a/>".repeat(1_000_100)}</pfsense>`;
    expect(refusal(xml)).toContain("PFSENSE_XML_ELEMENTS");
  });

  it("shows foreign text in findings without control characters or endless lines", () => {
    const xml = SAMPLE.replace("<ipaddr>dhcp</ipaddr>", `<ipaddr>${"x".repeat(500)}&#10;&#9;[31m</ipaddr>`);
    const outcome = readConfig(xml, { file: "x" });
    const fact = outcome.warnings.find((w) => w.code === "PFSENSE_INTERFACE_ADDRESS")?.fact ?? "";
    expect(fact.length).toBeLessThan(200);
    expect(fact).not.toMatch(/\n|\t/);
  });
});

describe("damaged files", () => {
  const bytes = new TextEncoder().encode(SAMPLE);
  const damage = fc.oneof(
    fc.record({ at: fc.nat(bytes.length - 1), byte: fc.integer({ min: 0, max: 255 }) }).map(({ at, byte }) => {
      const copy = bytes.slice();
      copy[at] = byte;
      return copy;
    }),
    fc.tuple(fc.nat(bytes.length), fc.nat(bytes.length)).map(([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return new Uint8Array([...bytes.slice(0, from), ...bytes.slice(to)]);
    }),
    fc.tuple(fc.nat(bytes.length), fc.string({ unit: "binary", maxLength: 20 })).map(([at, text]) => {
      const piece = new TextEncoder().encode(text);
      return new Uint8Array([...bytes.slice(0, at), ...piece, ...bytes.slice(at)]);
    }),
  );

  it("are read or refused, and never throw", () => {
    fc.assert(
      fc.property(damage, (input) => {
        const outcome = readConfig(input, { file: "config.xml" });
        return outcome.ok ? outcome.value.file === "config.xml" : outcome.errors.length > 0;
      }),
      { numRuns: 400 },
    );
  });

  it("give the same whatever text stands in an element", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const escaped = text
          .replace(/[^ -~]/g, "")
          .replace(/&/g, "&amp;")
          .replace(/</g, "&lt;")
          .replace(/>/g, "&gt;");
        const outcome = readConfig(
          SAMPLE.replace("<hostname>fw1", () => `<hostname>fw1${escaped}`),
          { file: "x" },
        );
        expect(outcome.ok && outcome.value.system.hostname).toBe(`fw1${text.replace(/[^ -~]/g, "")}`);
      }),
      { numRuns: 200 },
    );
  });
});
