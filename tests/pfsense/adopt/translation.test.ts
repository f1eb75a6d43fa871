import { describe, expect, it } from "vitest";

import { adopt } from "../../../src/pfsense/adopt/index.ts";
import { diffConfigs } from "../../../src/pfsense/proof/diff.ts";
import { isSame } from "../../../src/policy/diff/index.ts";
import { xmlOf } from "../rules/case.ts";
import { caseFiles, fileOf, loadCase } from "./case.ts";
import { emittedOf, importOf, type Imported } from "./office.ts";

/** Two zones that may reach everything, and outbound NAT by hand. */
const fileWith = (rules: readonly string[], mode = "advanced"): string => {
  const pass = (tracker: number, key: string): Readonly<Record<string, unknown>> => ({
    tracker,
    type: "pass",
    interface: key,
    ipprotocol: "inet",
    source: { network: key },
    destination: "any",
  });
  const nat = `<nat><outbound><mode>${mode}</mode>${rules.map((r) => `<rule>${r}</rule>`).join("")}</outbound></nat>`;
  const rulesOf = [pass(1, "lan"), pass(2, "opt1")];
  return xmlOf({ title: "", base: "three-legs", packets: [], rules: rulesOf, xml: nat });
};

const rule = (source: string, rest = ""): string =>
  `<interface>wan</interface><source><network>${source}</network></source><destination><any/></destination>${rest}`;

const LAN = rule("10.0.0.0/24");
const DMZ = rule("10.0.1.0/24");

const said = (file: string): readonly string[] => {
  const { proof } = emittedOf(importOf(file));
  const texts = proof.translations.map(
    (t) => `${t.wan}: ${t.example.replace(/:\d+ ->.*/, "")} ${t.original}, then ${t.adopted}`,
  );
  expect(proof.verdict).toBe(texts.length === 0 ? "equal" : "differs");
  return texts;
};

describe("an import holds what leaves against the file that is emitted", () => {
  it("is equal for what the plan implies, by hand and automatic", () => {
    expect(said(fileWith([LAN, DMZ]))).toEqual([]);
    expect(said(fileWith([], "automatic"))).toEqual([]);
    expect(said(fileWith([LAN, DMZ], "hybrid"))).toEqual([]);
  });

  it.each([
    ["a zone that is not covered", [LAN], /10\.0\.1\.\d+ as it is, then as 198\.51\.100\.2$/],
    ["a part of a zone", [rule("10.0.0.0/25"), DMZ], /10\.0\.0\.\d+ as it is, then as 198\.51\.100\.2$/],
    [
      "a kept port",
      [rule("10.0.0.0/24", "<staticnatport/>"), DMZ],
      /as 198\.51\.100\.2, its source port kept, then as/,
    ],
    ["a given port", [rule("10.0.0.0/24", "<natport>2000:3000</natport>"), DMZ], /, from port 2000:3000, then as/],
    [
      "another address",
      [rule("10.0.0.0/24", "<target>198.51.100.9</target><target_subnet>32</target_subnet>"), DMZ],
      /as 198\.51\.100\.9, then as 198\.51\.100\.2$/,
    ],
    [
      "a pool and how it chooses",
      [
        rule(
          "10.0.0.0/24",
          "<target>198.51.100.16</target><target_subnet>29</target_subnet><poolopts>round-robin sticky-address</poolopts>",
        ),
        DMZ,
      ],
      /as one of 198\.51\.100\.16\/29, round-robin sticky-address, then as/,
    ],
    ["one protocol", [`${LAN}<protocol>tcp</protocol>`, DMZ], /10\.0\.0\.\d+ as it is, then as 198\.51\.100\.2$/],
    ["nothing at all", [], /as it is, then as 198\.51\.100\.2$/],
  ])("finds %s, with a packet", (_, rules, wanted) => {
    const texts = said(fileWith(rules));
    expect(texts.join("\n")).toMatch(new RegExp(wanted.source, "m"));
  });

  it("asks about the firewall's own packets too", () => {
    // From the zones' machines, but not from the router's own address there.
    const machines = [
      "10.0.0.128/25",
      "10.0.0.2/31",
      "10.0.0.4/30",
      "10.0.0.8/29",
      "10.0.0.16/28",
      "10.0.0.32/27",
      "10.0.0.64/26",
    ];
    const texts = said(fileWith([...[...machines, "10.0.0.0/32"].map((n) => rule(n)), DMZ]));
    expect(texts).toEqual(["wan: 10.0.0.1 as it is, then as 198.51.100.2"]);
  });
});

describe("an imported plan, written and imported again", () => {
  const again = (first: Imported): boolean => {
    const { text, config } = emittedOf(first);
    const second = importOf(text, { told: first.circumstances });
    return isSame(diffConfigs(config, emittedOf(second).config));
  };

  it.each(caseFiles().filter((file) => loadCase(file).not_emitted === undefined))("is the same file: %s", (file) => {
    const c = loadCase(file);
    const first = importOf(fileOf(c), c.told ? { told: c.told } : {});
    const isEqual = first.proof.verdict === "equal" && emittedOf(first).proof.verdict === "equal";
    if (!isEqual || first.notCarried.some((d) => d.severity === "error")) return;
    expect(again(first)).toBe(true);
  });

  it.each([
    ["names with accents, quotes and signs", 'Réseau d\'été \\ "n°1" <x> & ; $(id) %s #'],
    ["a very long name", "x".repeat(300)],
    ["a name of nothing but signs", "--- !!! ---"],
  ])("is written whatever the names are: %s", (_, name) => {
    const text = name.replace(/[&<>]/g, (s) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[s]!);
    const file = fileWith([LAN, DMZ])
      .replace("<hostname>r1</hostname>", `<hostname>${text}</hostname>`)
      .replace("<descr>DMZ</descr>", `<descr>${text}</descr>`)
      .replaceAll("<tracker>1</tracker>", `<tracker>1</tracker><descr>${text}</descr>`);
    const first = importOf(file);
    expect(adopt(first.config).documents).toEqual(first.documents);
    expect(emittedOf(first).proof.verdict).toBe("equal");
    expect(again(first)).toBe(true);
  });
});
