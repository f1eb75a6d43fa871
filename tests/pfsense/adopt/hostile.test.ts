import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../../src/pfsense/read/read-config.ts";
import { adopt, IMPORT_CODES, proveAdopted } from "../../../src/pfsense/adopt/index.ts";
import { SAMPLE } from "../read/sample.ts";
import { loadCases, xmlOf } from "../rules/case.ts";
import { emittedOf, planOf, read } from "./office.ts";

const strange: Readonly<Record<string, string>> = {
  sample: SAMPLE,
  "interfaces that overlap": withInterfaces(
    `<lan><enable/><if>a</if><ipaddr>10.0.0.1</ipaddr><subnet>8</subnet></lan><opt1><enable/><if>b</if><ipaddr>10.1.0.1</ipaddr><subnet>16</subnet></opt1>`,
  ),
  "an address that is its network's own": withInterfaces(
    `<lan><enable/><if>a</if><ipaddr>10.0.0.0</ipaddr><subnet>24</subnet></lan>`,
  ),
  "point to point": withInterfaces(
    `<wan><enable/><if>a</if><ipaddr>203.0.113.1</ipaddr><subnet>32</subnet><gateway>G</gateway></wan><lan><enable/><if>b</if><ipaddr>10.0.0.0</ipaddr><subnet>31</subnet></lan>`,
  ),
  "nothing but a disabled interface": withInterfaces(`<wan><if>a</if><ipaddr>dhcp</ipaddr></wan>`),
  "a host name that is no label": withInterfaces(
    `<lan><enable/><if>a</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></lan>`,
    `<hostname>c07-\u00e9 \u{1F600}.x</hostname><domain>-</domain><timezone>Mars/Olympus</timezone><timeservers>  </timeservers>`,
  ),
  "twenty interfaces": withInterfaces(
    Array.from(
      { length: 20 },
      (_, n) =>
        `<opt${n + 1}><enable/><if>v${n}</if><descr>any</descr><ipaddr>10.${n}.0.1</ipaddr><subnet>24</subnet></opt${n + 1}>`,
    ).join(""),
  ),
};

function withInterfaces(interfaces: string, system = "<hostname>fw</hostname>"): string {
  return `<?xml version="1.0"?>\n<pfsense>\n<version>24.0</version><system>${system}</system><interfaces>${interfaces}</interfaces>
<aliases><alias><name>Loop</name><type>host</type><address>Loop 10.0.0.5 10.0.0.6</address></alias></aliases>
<filter><rule><tracker>1</tracker><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol><source><any/></source>
<destination><address>Loop</address></destination><descr><![CDATA[${"very long ".repeat(60)}\u0007: # "]]></descr></rule></filter></pfsense>`;
}

test.each(Object.entries(strange))(
  "%s: an answer, never an exception; documents that are no plan are said to be none",
  (_, xml) => {
    const outcome = readConfig(xml, { file: "config.xml" });
    if (!outcome.ok) return;
    const { documents, notCarried, circumstances } = adopt(outcome.value);
    const isRefused = notCarried.some((d) => d.code === "IMPORT_REFUSED" || d.code === "IMPORT_NO_ZONE");
    if (isRefused) return;
    expect(proveAdopted(outcome.value, planOf(documents), { circumstances }).ways.length).toBeGreaterThan(1);
  },
);

test("every file of the reader's cases is imported, and nothing is called equal that hangs on something unknown", () => {
  for (const [name, c] of loadCases()) {
    const config = read(xmlOf(c));
    const { documents, notCarried, circumstances } = adopt(config);
    expect(notCarried.filter((d) => d.code === "IMPORT_REFUSED").map((d) => `${name}: ${d.fact}`)).toEqual([]);
    if (documents.size === 0) continue;
    const plan = planOf(documents);
    const proof = proveAdopted(config, plan, { circumstances });
    const isWritten = notCarried.every((d) => d.code !== "IMPORT_NOT_EMITTED");
    if (isWritten) {
      const emitted = emittedOf({ config, plan, documents, notCarried, circumstances, proof });
      expect(`${name} ${emitted.proof.verdict}`).toBe(`${name} ${proof.verdict}`);
    }
    // What differs is said with a packet, and something in the list explains it.
    if (proof.verdict === "equal") continue;
    expect(`${name} ${notCarried.some((d) => d.severity === "error") ? "explained" : "unexplained"}`).toBe(
      `${name} explained`,
    );
  }
});

test("findings have codes that are documented", () => {
  for (const xml of [...Object.values(strange), ...loadCases().map(([, c]) => xmlOf(c))]) {
    const outcome = readConfig(xml, { file: "config.xml" });
    if (!outcome.ok) continue;
    for (const d of adopt(outcome.value).notCarried) {
      expect(d.code in IMPORT_CODES || d.code.startsWith("PFSENSE_")).toBe(true);
      expect(d.hint).not.toBe("");
    }
  }
});

test("docs/import.md has every code with what it means", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/import.md"), "utf8").replaceAll(/ +/g, " ");
  for (const [code, meaning] of Object.entries(IMPORT_CODES)) expect(text).toContain(`| \`${code}\` | ${meaning} |`);
});
