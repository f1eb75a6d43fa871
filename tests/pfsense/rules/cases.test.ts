import { describe, expect, it } from "vitest";

import { auditPackets } from "../../../src/pfsense/rules/packets.ts";
import { rulesOf } from "../../../src/pfsense/rules/ruleset.ts";
import { circumstancesOf, configOf, loadCases, packetOf } from "./case.ts";

describe("cases that a network engineer can review", () => {
  for (const [file, c] of loadCases()) {
    it(`${file}: ${c.title}`, async () => {
      const config = configOf(c);
      const wanted = c.packets.map(packetOf);
      const lines = wanted.map((w) => w.json);
      const got: string[] = [];
      for await (const line of auditPackets(config, lines, circumstancesOf(c))) {
        const v = JSON.parse(line) as { verdict?: string; rule?: string; unsure?: string; error?: string };
        got.push(v.error ?? `${v.verdict ?? ""} ${v.rule ?? ""}${v.unsure === undefined ? "" : "?"}`);
      }
      const render = (answers: readonly string[]): string[] =>
        c.packets.map((p, i) => `${p.split(" => ")[0] ?? ""} => ${answers[i] ?? ""}`);
      expect(render(got)).toEqual(render(wanted.map((w) => `${w.verdict} ${w.rule}${w.isUnsure ? "?" : ""}`)));
      const said = rulesOf(config, circumstancesOf(c)).diagnostics.map((d) => d.code);
      expect(said).toEqual(c.says ?? []);
    });
  }
});
