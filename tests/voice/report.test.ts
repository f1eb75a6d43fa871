import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { maquette } from "../cli/captured.ts";
import { KEPT } from "../plans/shipped.ts";

const asked = async (...more: readonly string[]): ReturnType<typeof maquette> =>
  maquette("voice", "--plan", KEPT, ...more);

describe("maquette voice", () => {
  test.each(["en", "fr"])("fits 80 columns (%s), and says of MOS that it is unknown", async (lang) => {
    const { code, out } = await asked("--lang", lang);
    expect(code).toBe(0);
    for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(out).toContain(lang === "en" ? "MOS, measured: unknown" : "MOS mesuré : inconnu");
  });

  test("gives programs the same figures, and null for what was not measured", async () => {
    const { out } = await asked("--format", "json", "--calls", "3");
    const found = JSON.parse(out) as {
      measured: unknown;
      calls: number;
      codecs: readonly { id: string; expected: { r: number } | null }[];
      scenarios: readonly { scenario: string; links: readonly { link: string; limit: { full: number | null } }[] }[];
    };
    expect(found).toMatchObject({ calls: 3, measured: null });
    expect(found.codecs.find((c) => c.id === "g722")!.expected).toBeNull();
    expect(found.codecs.find((c) => c.id === "pcma")!.expected!.r).toBeCloseTo(90.1, 1);
    const field = found.scenarios.find((s) => s.scenario === "field-desk")!;
    expect(field.links.filter((l) => l.link === "wan2").map((l) => l.limit.full)).toEqual([51, 0]);
    expect((await asked("--json", "--calls", "3")).out).toBe(out);
  });

  test("writes tables of Markdown whose rows have as many cells as their header", async () => {
    const { out } = await asked("--format", "markdown", "--lang", "fr");
    const cells = out.split("\n").flatMap((l) => (l.startsWith("|") ? [l.split("|").length] : []));
    expect(cells.length).toBeGreaterThan(20);
    expect(new Set(cells).size).toBeLessThanOrEqual(2);
    expect(out).toMatch(/^# Téléphonie de lab/);
  });

  test("draws a panel for each access, which XML readers take", async () => {
    const { out } = await asked("--format", "svg");
    new SaxesParser().write(out).close();
    expect(out).toContain("wan1, up: load of calls in the tunnel");
    expect(out).toContain("for voice when full 5700");
    expect(out).not.toContain("NaN");
  });

  test("refuses a codec that it does not know, and names the near one", async () => {
    const { code, err } = await asked("--codec", "opsu");
    expect(code).toBe(2);
    expect(err).toContain('Did you mean "opus"?');
  });
});
