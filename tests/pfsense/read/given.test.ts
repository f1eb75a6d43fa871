import { describe, expect, it } from "vitest";

import { isGiven, QUESTIONS, type Asked } from "../../../src/pfsense/read/given.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";

const WAYS: readonly Asked[] = ["isset", "text", "true"];

const errors = (inner: string): readonly string[] => {
  const interfaces = "<interfaces><wan><enable></enable><if>em0</if></wan><lan><if>em1</if></lan></interfaces>";
  const read = readConfig(
    `<?xml version="1.0"?>\n<pfsense>\n<version>24.0</version>${interfaces}${inner}</pfsense>\n`,
    {
      file: "config.xml",
    },
  );
  return read.ok ? [] : read.errors.map((d) => `${d.code} ${d.path}`);
};

describe("whether a field is given, as PHP asks", () => {
  it.each([
    [undefined, [false, false, false]],
    ["", [true, false, false]],
    ["0", [true, true, false]],
    // PHP takes only these three for false.
    ["00", [true, true, true]],
    [" ", [true, true, true]],
    ["0.0", [true, true, true]],
    ["false", [true, true, true]],
  ])("takes %j for given, by isset, text and truth: %j", (text, wanted) => {
    expect(WAYS.map((asked) => isGiven(asked, text))).toEqual(wanted);
  });

  it("says of each field which function of pfSense asks", () => {
    for (const [path, { where }] of QUESTIONS) {
      expect(path).toMatch(/^[a-z*]+(\.[a-z*_0-9-]+)+$/);
      expect(where).toMatch(/^(\w+\.inc, \w+|rc\.\w+)$/);
    }
  });
});

describe("what pfSense's generator of rules dies of", () => {
  const rule = (fields: string): string => `<filter><rule><interface>wan</interface>${fields}</rule></filter>`;
  const ANY = "<destination><any></any></destination>";

  it.each([
    ["an empty source", rule(`<source></source>${ANY}`), ["PFSENSE_RULES_STOP filter.rule[0].source"]],
    ["a source that is a text", rule(`<source>lan</source>${ANY}`), ["PFSENSE_RULES_STOP filter.rule[0].source"]],
    [
      "an empty destination",
      rule("<source><any></any></source><destination></destination>"),
      ["PFSENSE_RULES_STOP filter.rule[0].destination"],
    ],
    [
      "an empty destination of a port forward, on whatever interface",
      "<nat><rule><interface>opt9</interface><source><any></any></source><destination></destination></rule></nat>",
      ["PFSENSE_RULES_STOP nat.rule[0].destination"],
    ],
    [
      "an empty source of an outbound rule that counts",
      `<nat><outbound><mode>hybrid</mode><rule><interface>wan</interface><source></source>${ANY}</rule></outbound></nat>`,
      ["PFSENSE_RULES_STOP nat.outbound.rule[0].source"],
    ],
    ["a rule that is a text", "<filter><rule>x</rule></filter>", ["PFSENSE_RULES_STOP filter.rule"]],
    ["an alias that is a text", "<aliases><alias>x</alias></aliases>", ["PFSENSE_RULES_STOP aliases.alias"]],
  ])("is %s", (_, inner, wanted) => {
    expect(errors(inner)).toEqual(wanted);
  });

  it.each([
    ["a missing source: the rule is left out", rule(ANY)],
    ["an empty source of a rule that is switched off", rule(`<disabled></disabled><source></source>${ANY}`)],
    [
      "an empty source on an interface that is off",
      `<filter><rule><interface>lan</interface><source></source>${ANY}</rule></filter>`,
    ],
    [
      "an empty source of an outbound rule that does not count",
      `<nat><outbound><mode>automatic</mode><rule><interface>wan</interface><source></source>${ANY}</rule></outbound></nat>`,
    ],
  ])("is not %s", (_, inner) => {
    expect(errors(inner)).toEqual([]);
  });
});
