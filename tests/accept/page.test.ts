import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { pageOf, type PageFacts } from "../../src/accept/probes/page.ts";
import type { ProbeResult } from "../../src/accept/probes/run.ts";
import type { Probe } from "../../src/roles/role.ts";

const probe = (id: string, needs: readonly string[], dependsOn: Probe["dependsOn"] = null): Probe => ({
  ...{ id, needs, from: "pc1", title: { en: id, fr: `titre de ${id}` }, expected: "une réponse", dependsOn },
  run: { argv: ["true"] },
  judge: () => ({ isGood: true, seen: "" }),
});
const result = (own: Probe, isGood: boolean, seen = "une réponse"): ProbeResult => ({
  probe: own,
  isGood,
  seen,
  ms: 412,
});
const need = (id: string, outOfScope: string | null = null) => ({
  id,
  text: `Besoin ${id}`,
  switchedOff: [],
  outOfScope,
});

const facts = (change: Partial<PageFacts> = {}): PageFacts => ({
  lab: "cod.test",
  accepted: {
    needs: [need("N1", "sans onduleur"), need("N2"), need("N3"), need("N6", "sans Windows"), need("N9"), need("O1")],
    results: [
      result(probe("web", ["N2", "N6", "N9"]), true),
      result(probe("mail", ["O1"], { host: "mail", units: ["dovecot"] }), false, `<b>&"`),
    ],
    seconds: 12.34,
  },
  at: new Date("2026-11-30T16:05:00Z"),
  version: "0.2.0",
  plan: { "flows.yaml": "b".repeat(64), "hosts.yaml": "c".repeat(64) },
  machine: "Linux, 2 cœurs",
  isProven: true,
  standIns: [{ name: "pfSense", hosts: "rtr-a", standsIn: "un routeur", notShown: "son noyau" }],
  lacking: new Map([["N9", "eBrigade n'est pas installé."]]),
  picture: "<svg></svg>",
  measured: new Map([["N2", ["mesuré <hier>"]]]),
  before: null,
  seenRed: new Map(),
  ...change,
});
/** Text of the page as somebody reads it, a space for each border. */
const read = (page: string): string =>
  page
    .replace(/<style>[^]*?<\/style>/, "")
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replace(/[\s\u00a0\u202f]+/g, " ");

describe("the page of an acceptance", () => {
  test("gives each need its verdict: proven, in part with the plan's reason, red, out of reach, or nothing yet", () => {
    const text = read(pageOf(facts()));
    expect(text).toContain("N2 Besoin N2 Démontré 1 / 1");
    expect(text).toContain("N6 Besoin N6 Démontré en partie 1 / 1");
    expect(text).toContain("O1 Besoin O1 Non satisfait 0 / 1");
    expect(text).toContain("N1 Besoin N1 Hors de portée de la maquette —");
    expect(text).toContain("N3 Besoin N3 Non démontré —");
    expect(text).toContain("N6 — Besoin N6 Démontré en partie sans Windows");
    expect(text).toContain("N9 — Besoin N9 Démontré en partie eBrigade n'est pas installé.");
    expect(text).toContain("2 sondes en 12,3 s, dont 1 rouge.");
  });

  test("has with its need what another command measured of it", () => {
    const text = read(pageOf(facts()));
    expect(text).toContain("mesuré <hier> N3 — Besoin N3");
    expect(pageOf(facts())).toContain("mesuré &lt;hier&gt;");
  });

  test("says at its top that the plan has changed since the acceptance before, and of which documents", () => {
    const before = { at: new Date("2026-11-29T10:00:00Z"), version: "0.2.0", lines: [] };
    const same = { "flows.yaml": "b".repeat(64), "hosts.yaml": "c".repeat(64) };
    const top = (plan: Readonly<Record<string, string>>): string =>
      read(pageOf(facts({ before: { ...before, plan } }))).split("Ce qui est demandé")[0]!;
    expect(top(same)).not.toContain("Le plan a changé");
    expect(top({ ...same, "hosts.yaml": "d".repeat(64) })).toMatch(/Le plan a changé depuis .* : hosts\.yaml\./);
  });

  test("says of each probe who asked from where, what was expected, what was seen, how long, and what turns it red", () => {
    const text = read(pageOf(facts()));
    expect(text).toContain("✓ titre de web pc1 une réponse une réponse 0,4 s");
    expect(text).toContain('✗ titre de mail Rouge quand dovecot est arrêté sur mail. pc1 une réponse <b>&" 0,4 s');
  });

  test("says when a green probe was last seen red in this lab, and of none that was never", () => {
    const seen = "elle n'est <pas> venue";
    const text = read(pageOf(facts({ seenRed: new Map([["web", { at: new Date("2026-11-29T10:00:00Z"), seen }]]) })));
    expect(text).toMatch(/titre de web Vue rouge le 29 novembre 2026 à \d\d:\d\d : elle n'est <pas> venue pc1/);
    expect(text).toContain("1 a déjà été vue rouge dans ce laboratoire");
    expect(read(pageOf(facts()))).toContain("Aucune n'a encore été vue rouge");
  });

  test("tells each probe once, and under other needs where that was, with the red ones by name", () => {
    const { accepted } = facts();
    expect(read(pageOf(facts())).match(/titre de web/g)).toHaveLength(1);
    expect(read(pageOf(facts()))).toContain("Sondes décrites sous N2 (1).");
    const red = { ...accepted, results: accepted.results.map((r) => ({ ...r, isGood: false })) };
    expect(read(pageOf(facts({ accepted: red })))).toContain("décrites sous N2 (1, dont en rouge : titre de web).");
  });

  test("says what changed since the acceptance before", () => {
    const before = {
      at: new Date("2026-11-29T10:00:00Z"),
      version: "0.1.0",
      plan: { "flows.yaml": "a".repeat(64), "hosts.yaml": "c".repeat(64) },
      lines: [
        { probe: "mail", ok: true },
        { probe: "old", ok: true },
        { probe: null, ok: null },
      ],
    };
    const text = read(pageOf(facts({ before })));
    expect(text).toContain("Devenu rouge : mail");
    expect(text).toContain("Sondes nouvelles : web");
    expect(text).toContain("Sondes disparues : old");
    expect(text).toContain("Documents du plan modifiés : flows.yaml Version");
    expect(text).toContain("Version de maquette : 0.1.0 → 0.2.0");
    const same = { ...before, version: "0.2.0", plan: facts().plan };
    const lines = [
      { probe: "web", ok: true },
      { probe: "mail", ok: false },
    ];
    expect(read(pageOf(facts({ before: { ...same, lines } })))).toContain("Rien n'a changé.");
    expect(read(pageOf(facts()))).toContain("Aucune recette complète n'est gardée");
  });

  test("says the circumstances: machine, version, the plan's digests, the proof, and what stands in for what", () => {
    const text = read(pageOf(facts()));
    expect(text).toContain("pfSense rtr-a un routeur son noyau");
    expect(text).toContain("flows.yaml bbbbbbbbbbbb, hosts.yaml cccccccccccc");
    expect(text).toContain("ni plus ni moins");
    expect(read(pageOf(facts({ isProven: false })))).toContain("ne sont pas prouvés");
  });

  test("asks nobody for anything, and is well-formed", () => {
    const page = pageOf(facts());
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import/);
    const parser = new SaxesParser();
    parser.on("error", (error) => expect.fail(error.message));
    parser.write(page.replace(/^<!doctype html>\n/, "").replace(/<meta [^>]*>/g, "")).close();
  });
});
