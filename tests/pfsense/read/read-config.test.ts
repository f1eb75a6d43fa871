import { describe, expect, it } from "vitest";

import type { PfConfig } from "../../../src/pfsense/model/config.ts";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { SAMPLE } from "./sample.ts";

function read(xml: string | Uint8Array): PfConfig {
  const outcome = readConfig(xml, { file: "config.xml" });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  return outcome.value;
}

/** `CODE line:column path` of every finding, errors first. */
function findings(xml: string | Uint8Array): readonly string[] {
  const outcome = readConfig(xml, { file: "config.xml" });
  const all = outcome.ok ? outcome.warnings : [...outcome.errors, ...outcome.warnings];
  return all.map((d) => `${d.code} ${d.place?.line ?? "-"}:${d.place?.column ?? "-"} ${d.path}`.trim());
}

const wrap = (inner: string): string =>
  `<?xml version="1.0"?>\n<pfsense>\n<version>24.0</version>\n<interfaces><wan><enable/></wan></interfaces>\n${inner}\n</pfsense>\n`;

describe("reading a configuration", () => {
  it("understands a file that touches every section, without a word", () => {
    expect(findings(SAMPLE)).toEqual([]);
  });

  it("keeps interfaces in the order of the file, with the form of their addresses", () => {
    const [wan, lan, opt1] = read(SAMPLE).interfaces;
    expect(wan).toMatchObject({
      key: "wan",
      gateway: "WANGW",
      blocksPrivate: true,
      ipv4: { kind: "static", prefix: 24 },
    });
    expect(lan?.ipv6).toMatchObject({ kind: "static", prefix: 64 });
    expect(opt1).toMatchObject({ ipv4: { kind: "dynamic", method: "dhcp" }, description: "RD" });
  });

  it("knows each way to obtain an address, and nothing else as one", () => {
    const form = (family: "ipaddr" | "ipaddrv6", text: string): object => {
      const xml = wrap("").replace("<enable/>", `<enable/><${family}>${text}</${family}>`);
      const [wan] = read(xml).interfaces;
      return family === "ipaddr" ? wan!.ipv4 : wan!.ipv6;
    };
    for (const method of ["dhcp", "pppoe", "ppp", "pptp", "l2tp"])
      expect(form("ipaddr", method)).toEqual({ kind: "dynamic", method });
    for (const method of ["dhcp6", "slaac", "track6", "6rd", "6to4"])
      expect(form("ipaddrv6", method)).toEqual({ kind: "dynamic", method });
    expect(form("ipaddr", "slaac")).toEqual({ kind: "invalid", text: "slaac" });
    expect(form("ipaddrv6", "dhcp")).toEqual({ kind: "invalid", text: "dhcp" });
  });

  it("takes presence for true and drops empty elements of lists", () => {
    const { rules } = read(SAMPLE).filter;
    expect(rules.map((r) => r.tracker)).toEqual(["1700000001", "1700000002"]);
    expect(rules[0]).toMatchObject({ isLogged: true, isDisabled: false });
    expect(rules[1]?.destination).toMatchObject({ isNot: true, network: "(self)" });
  });

  it("points to a rule's own line and column", () => {
    expect(read(SAMPLE).filter.rules[0]?.place).toEqual({ file: "config.xml", line: 41, column: 3 });
  });

  it("reads the same from bytes, with or without a byte order mark", () => {
    const bytes = new TextEncoder().encode(SAMPLE);
    expect(read(bytes)).toEqual(read(SAMPLE));
    expect(read(new Uint8Array([0xef, 0xbb, 0xbf, ...bytes])).system.hostname).toBe("fw1");
  });

  it("decodes text once more where pfSense's parser gets it in one piece", () => {
    const descr = (text: string): string | undefined =>
      read(wrap(`<filter><rule><descr>${text}</descr></rule></filter>`)).filter.rules[0]?.description;
    expect(descr("<![CDATA[a &amp; b &lt;c&gt;]]>")).toBe("a & b <c>");
    expect(descr("a &amp; b")).toBe("a & b");
    expect(descr("<![CDATA[&amp;lt;]]>")).toBe("&lt;");
    expect(descr("caf&#233;")).toBe("café");
  });

  it("keeps what it does not understand, and says so once for each kind", () => {
    const xml = wrap(
      "<newthing><a>1 &amp; 2</a></newthing><aliases><alias><name>A</name><x/></alias><alias><name>B</name><x/></alias></aliases>",
    );
    expect(findings(xml)).toEqual(["PFSENSE_UNKNOWN 5:1 newthing", "PFSENSE_UNKNOWN 5:68 aliases.alias[0].x"]);
    expect(read(xml).unknown).toEqual([
      { path: "newthing", line: 5, column: 1, text: "<newthing><a>1 &amp; 2</a></newthing>" },
      { path: "aliases.alias[0].x", line: 5, column: 68, text: "<x/>" },
      { path: "aliases.alias[1].x", line: 5, column: 101, text: "<x/>" },
    ]);
  });
});

describe("the laws of pfSense's parser", () => {
  it("refuses an element that occurs twice, with the place of the second", () => {
    expect(findings(wrap("<filter></filter><filter></filter>"))).toEqual(["PFSENSE_XML_REPEATED 5:18 filter"]);
    expect(findings(wrap("<filter><rule><type>pass</type><type>block</type></rule></filter>"))).toEqual([
      "PFSENSE_XML_REPEATED 5:32 filter.rule.type",
    ]);
  });

  it("warns of a flag that says false, for it means true", () => {
    const xml = wrap("<filter><rule><log>false</log></rule></filter>");
    expect(findings(xml)).toEqual(["PFSENSE_FLAG_FALSE 5:15 filter.rule[0].log"]);
    expect(read(xml).filter.rules[0]?.isLogged).toBe(true);
  });

  it("warns when line 2 is not the root alone", () => {
    expect(findings(SAMPLE.replace("?>\n<pfsense>", "?><pfsense>"))).toEqual(["PFSENSE_SECOND_LINE 2:1"]);
  });

  it("refuses text beside elements", () => {
    expect(findings(wrap("<filter>text<rule><type>pass</type></rule></filter>"))).toEqual([
      "PFSENSE_XML_MIXED 5:1 pfsense.filter",
    ]);
  });

  it("warns of versions that are missing, very old or newer", () => {
    expect(findings(SAMPLE.replace("24.0", "24.5"))).toEqual(["PFSENSE_VERSION_NEW 1:1 version"]);
    expect(findings(SAMPLE.replace("24.0", "12.9"))).toEqual(["PFSENSE_VERSION_OLD 1:1 version"]);
    expect(findings(SAMPLE.replace("24.0", "x"))).toEqual(["PFSENSE_VERSION 1:1 version"]);
    expect(findings(SAMPLE.replace("24.0", "21.5"))).toEqual([]);
  });

  it("refuses an alias with the name of an interface, in any case", () => {
    expect(findings(SAMPLE.replace("<name>SERVERS", "<name>Lan"))).toEqual(["PFSENSE_ALIAS_NAME 36:3 aliases.alias"]);
  });

  it("tells all findings at once", () => {
    const xml = wrap("<a/><a/><filter>x<rule><type>pass</type></rule></filter>").replace("<wan><enable/></wan>", "");
    expect(findings(xml).map((f) => f.split(" ")[0])).toEqual([
      "PFSENSE_XML_MIXED",
      "PFSENSE_XML_REPEATED",
      "PFSENSE_NO_INTERFACES",
      "PFSENSE_UNKNOWN",
    ]);
  });
});
