import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import {
  diffPlans,
  renderDiffJson,
  renderDiffMarkdown,
  renderDiffSvg,
  renderDiffText,
} from "../../src/policy/diff/index.ts";
import { formatAddress } from "../../src/core/ip.ts";
import { intentOf } from "../../src/policy/intent.ts";
import { matrixOf, tableOf } from "../../src/policy/matrix.ts";
import {
  renderMatrixHtml,
  renderMatrixMarkdown,
  renderMatrixSvg,
  renderTableHtml,
  renderTableMarkdown,
} from "../../src/policy/matrix-render.ts";
import { packetOf, parseProtocol } from "../../src/policy/question.ts";
import { planOf } from "./cases.ts";

const base = planOf([]);
const opened = planOf([
  { in: "flows.yaml", find: "    from: [users]\n    to: [dcs]", put: "    from: [staff]\n    to: [dcs]" },
]);

function isXml(text: string): boolean {
  new SaxesParser().write(text).close();
  return true;
}

describe("a difference of two plans", () => {
  const diff = diffPlans(base, opened);

  test("names sources, destinations and services as the plan does, with one packet", () => {
    expect(diff.changes).toHaveLength(1);
    expect(diff.changes[0]).toMatchObject({
      kind: "starts",
      from: ["vpn-clients"],
      to: ["dc1", "dc2"],
      services: ["https"],
    });
  });

  test("is the same in both directions, with starts and stops exchanged", () => {
    expect(diffPlans(opened, base).changes.map((c) => [c.kind, c.example])).toEqual([
      ["stops", diff.changes[0]!.example],
    ]);
  });

  test("says that no packet changes where none does, in every form", () => {
    const same = diffPlans(base, base);
    expect(renderDiffText(same)).toBe("No packet changes.\n");
    expect(renderDiffMarkdown(same)).toBe("Aucun paquet ne change de sort.\n");
    expect(JSON.parse(renderDiffJson(same))).toMatchObject({ same: true, changes: [] });
    expect(renderDiffSvg(same)).toContain("Aucun paquet ne change de sort.");
  });

  test("is a picture that XML readers take, the same each time", () => {
    expect(isXml(renderDiffSvg(diff))).toBe(true);
    expect(renderDiffSvg(diffPlans(base, opened))).toBe(renderDiffSvg(diff));
  });

  test("names an address by the plan that has it: what stops by what it was, what starts by what it is", () => {
    const [mail, pbx] = ["mail", "pbx"].map((id) => formatAddress(base.hosts.get(id)!.nics[0]!.address));
    const swapped = planOf([
      { in: "hosts.yaml", find: `address: ${mail}`, put: "address: SWAP" },
      { in: "hosts.yaml", find: `address: ${pbx}`, put: `address: ${mail}` },
      { in: "hosts.yaml", find: "address: SWAP", put: `address: ${pbx}` },
    ]);
    const told = diffPlans(base, swapped).changes.filter((c) => c.to.includes("mail") || c.to.includes("pbx"));
    expect(told.length).toBeGreaterThan(1);
    for (const { kind, to, example } of told) {
      const isMail = example.includes(` -> ${mail}:`);
      expect([kind, to]).toEqual([kind, [(kind === "stops") === isMail ? "mail" : "pbx"]]);
    }
  });

  test("shows a port forward that comes or goes", () => {
    const closed = planOf([{ in: "flows.yaml", find: "wans: [wan1, wan2]", put: "wans: [wan1]" }]);
    expect(diffPlans(base, closed).forwards).toEqual([
      { kind: "stops", text: "openvpn on wan2 (203.0.113.4) -> vpn (10.0.50.10)" },
    ]);
  });
});

describe("the matrix", () => {
  const matrix = matrixOf(intentOf(base));
  const cell = (from: string, to: string): readonly string[] =>
    matrix.cells[matrix.ends.indexOf(from)]![matrix.ends.indexOf(to)]!.entries.map((e) => `${e.service} ${e.row}`);

  test("says what each zone may send to each other, and by which row", () => {
    expect(cell("users", "servers")).toEqual(["rtp F401", "https F402"]);
    expect(cell("vpn-clients", "servers")).toEqual(["rtp F401"]);
    expect(cell("internet", "vpn")).toEqual(["openvpn F461"]);
    expect(cell("internet", "servers")).toEqual([]);
    expect(cell("sync", "firewall")).toEqual(["pfsync F101", "ping F101"]);
  });

  test("is Markdown, a page and a picture, in French and in English", () => {
    expect(renderMatrixMarkdown(matrix)).toContain("| De ↓ / vers → |");
    expect(renderMatrixMarkdown(matrix, "en")).toContain("| From ↓ / to → |");
    expect(renderMatrixHtml(matrix)).toContain('<html lang="fr">');
    expect(renderMatrixHtml(matrix)).not.toMatch(/<script|https?:\/\//);
    expect(isXml(renderMatrixSvg(matrix, "en"))).toBe(true);
  });
});

describe("the flow table", () => {
  test("stands in the order of ANSSI's sections whatever the order of the plan", () => {
    const sections = tableOf(base).map((r) => r.section);
    expect(sections).toEqual([...sections].sort((x, y) => x - y));
    expect(renderTableMarkdown(tableOf(base))).toContain("### 1. Flux vers le pare-feu");
    expect(renderTableHtml(tableOf(base), "en")).toContain("Section 6 : Final refusal");
  });
});

describe("a question", () => {
  test("takes a protocol with a port, or a service of the plan", () => {
    expect(parseProtocol(base, "udp/5060")).toEqual({ protocol: "udp", port: 5060 });
    expect(parseProtocol(base, "https")).toEqual({ protocol: "tcp", port: 443 });
    expect(parseProtocol(base, "ping")).toEqual({ protocol: "icmp", port: 8 });
    expect(parseProtocol(base, "pfsync")).toEqual({ protocol: "240" });
  });

  test("offers the nearest name for one that is not there", () => {
    const ask = (): unknown => packetOf(base, { from: "pc3", to: "pbx", protocol: "tcp", port: 22 });
    expect(ask).toThrow(
      expect.objectContaining({ code: "POLICY_QUESTION_NAME", hint: 'did you mean "pc1"?' }) as Error,
    );
    expect(() => parseProtocol(base, "htps")).toThrow(
      expect.objectContaining({ hint: 'did you mean "https"?' }) as Error,
    );
  });
});
