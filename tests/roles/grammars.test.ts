import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { shown } from "../../src/core/text.ts";
import { branch, leaf, renderXml } from "../../src/pfsense/emit/xml.ts";
import { unreadableLabels } from "../../src/pfsense/emit/labels.ts";
import { Findings } from "../../src/pfsense/read/findings.ts";
import { parseXml } from "../../src/pfsense/read/xml.ts";
import { labelOfRule } from "../../src/pfsense/rules/labels.ts";
import { fullName } from "../../src/plan/query.ts";
import type { Plan } from "../../src/plan/types.ts";
import { escapeRdn } from "../../src/roles/dc/accounts.ts";
import { gecosOf } from "../../src/roles/base/administrators.ts";
import { quoted } from "../../src/twin/router/compile/filter.ts";
import { importOf } from "../pfsense/adopt/office.ts";
import { xmlOf } from "../pfsense/rules/case.ts";
import { labPlan } from "../pfsense/proof/lab.ts";

/*
 * Every grammar that text of a plan, or of a file that is imported, is written into, beside JSON, which writes itself: what a
 * parser of that grammar reads back is what was put in, or it was refused. Where such text goes at all is plan-text.test.ts.
 */

/** A line of text with what means something to some grammar. */
const line = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."\\\"'`$%;#&|<>(){}[]=,:/-+*!?@~^ é".split("")),
      fc.constantFrom(
        "É",
        "ß",
        "日本",
        "\u0301",
        "😀",
        "]]>",
        "<!--",
        "&amp;",
        "&#39;",
        "$(id)",
        "%h",
        "\\n",
        "--",
        "a",
        "Zoë",
      ),
      fc.string({ unit: "grapheme", maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 60 },
  )
  // What a plan takes: one line without hidden characters (shape.ts).
  .map((parts) => parts.join("").replace(/[\p{C}\u2028\u2029]/gu, ""))
  .filter((text) => text.trim() !== "" && text.length <= 200);

const runs = { numRuns: 300 };

describe("what is written is what is read", () => {
  test("in the XML of pfSense", () => {
    fc.assert(
      fc.property(line, (text) => {
        const xml = shown(renderXml(branch("pfsense", leaf("descr", text))));
        expect(parseXml(xml, new Findings("x"))?.children[0]?.text).toBe(text);
      }),
      runs,
    );
  });

  test("in a label of pf, as pfctl reads it, but for quotes and what is cut; or the row is refused", () => {
    const plan = labPlan();
    const [first, ...rest] = plan.flows;
    fc.assert(
      fc.property(line, (text) => {
        const described: Plan = { ...plan, flows: [{ ...first!, description: text }, ...rest] };
        if (unreadableLabels(described).length > 0) return;
        const wanted = `USER_RULE: ${first!.id} ${text}`.replaceAll('"', "");
        const label = labelOfRule(`${first!.id} ${text}`);
        expect(pfString(`"${label}"`)).toBe(label);
        if (Buffer.byteLength(wanted) <= 63) expect(label).toBe(wanted);
        else expect(wanted.startsWith(label.slice(0, -4))).toBe(true);
      }),
      runs,
    );
  });

  test("in a name of LDAP (RFC 4514)", () => {
    fc.assert(
      fc.property(line, line, (one, other) => {
        const dn = `CN=${escapeRdn(one)},OU=${escapeRdn(other)},DC=cod`;
        expect(rdns(dn)).toEqual([`CN=${one}`, `OU=${other}`, "DC=cod"]);
      }),
      runs,
    );
  });

  test("in the comment of an account, but for what ends its fields", () => {
    fc.assert(
      fc.property(line, line, (givenName, surname) => {
        const comment = gecosOf({ givenName, surname });
        const passwd = `elise:x:1000:1000:${comment},,,,maquette:/home/elise:/bin/bash`.split(":");
        expect(passwd).toHaveLength(7);
        expect(passwd[4]!.split(",")[0]).toBe(fullName({ givenName, surname }).replace(/[:,]/g, " "));
      }),
      runs,
    );
  });

  test("in a comment of nft, but for quotes and backslashes", () => {
    fc.assert(
      fc.property(line, (text) => {
        const written = `counter accept comment "${quoted(text, 120)}"`;
        expect(/^counter accept comment "([^"\\]*)"$/.exec(written)?.[1]).toBe(
          text.replace(/["\\]/g, "'").slice(0, 120),
        );
      }),
      runs,
    );
  });

  test("in the YAML and the comments of an imported plan, line ends of the file included", () => {
    const escaped = (text: string): string =>
      text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]!).replace(/\n/g, "&#10;");
    fc.assert(
      fc.property(line, fc.constantFrom("", "\n", "\n- evil: true", "\nzones: {}"), (text, more) => {
        const rule = {
          tracker: 1,
          type: "pass",
          interface: "lan",
          ipprotocol: "inet",
          source: "any",
          destination: "any",
        };
        const xml = xmlOf({ title: "", base: "two-legs", packets: [], rules: [{ ...rule, descr: "@" }] });
        const { plan } = importOf(xml.replace("<descr>@</descr>", () => `<descr>${escaped(`${text}${more}`)}</descr>`));
        expect(plan.zones.size).toBe(2);
        expect(plan.flows.length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });
});

/** A quoted string of pf.conf (`yylex` of pfctl's parse.y): a backslash before the quote is that quote, before a line end nothing. */
function pfString(text: string): string | undefined {
  let out = "";
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "\\" && text[i + 1] === '"') {
      out += '"';
      i++;
    } else if (text[i] === '"') return i === text.length - 1 ? out : undefined;
    else out += text[i]!;
  }
  return undefined;
}

/** A distinguished name in parts: a backslash before a sign is that sign, and bare spaces around a value are none of it. */
function rdns(dn: string): readonly string[] {
  const parts: { readonly sign: string; readonly isBare: boolean }[][] = [[]];
  for (let i = 0; i < dn.length; i++) {
    if (dn[i] === "\\") parts.at(-1)!.push({ sign: dn[++i]!, isBare: false });
    else if (dn[i] === ",") parts.push([]);
    else parts.at(-1)!.push({ sign: dn[i]!, isBare: true });
  }
  return parts.map((part) => {
    const isSpace = (n: number): boolean => part[n]?.sign === " " && part[n].isBare;
    let from = part.findIndex(({ sign }) => sign === "=") + 1;
    const name = part.slice(0, from);
    let to = part.length;
    while (isSpace(from)) from++;
    while (to > from && isSpace(to - 1)) to--;
    return [...name, ...part.slice(from, to)].map(({ sign }) => sign).join("");
  });
}
