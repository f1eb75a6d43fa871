import { readFileSync } from "node:fs";
import type { Plan } from "../../../src/plan/types.ts";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { shown } from "../../../src/core/text.ts";
import { Fault } from "../../../src/core/fault.ts";
import {
  EMIT_CODES,
  emitConfig,
  interfaceKeys,
  unmetNeeds,
  unreadableLabels,
} from "../../../src/pfsense/emit/index.ts";
import { labPlan, ONE_WAN, readBack, type Edits } from "./lab.ts";

const plan = labPlan();

function faultOf(edits: Edits): string {
  try {
    shown(emitConfig(labPlan(edits), "rtr-a"));
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

describe("other plans", () => {
  test("the lab has rows for all that its routers' own services need", () => {
    expect(unmetNeeds(plan)).toEqual([]);
  });

  test("a table that lacks such rows is told each of them", () => {
    const bare = labPlan({
      flows: [
        [/, kea-ha\]/g, "]"],
        [/ {2}- id: F207[\s\S]*?\(CARP\)\n/, ""],
      ],
    });
    expect(unmetNeeds(bare).map((d) => d.fact)).toEqual([
      "DHCP's hot standby (Kea) needs tcp 8765 from firewall to 10.20.99.2, which no row allows",
      "DHCP's hot standby (Kea) needs tcp 8765 from 10.20.99.1 to 10.20.99.2, which no row allows",
      "CARP on a switch that snoops (IGMP) needs IP protocol 2 from firewall to 224.0.0.22, which no row allows",
    ]);
  });

  test.each([
    [
      "a row out of its section",
      "PFSENSE_EMIT_ORDER",
      { flows: [[/id: F401\n    section: 4/, "id: F401\n    section: 6"]] },
    ],
    ["a third router", "PFSENSE_EMIT_ROUTERS", { hosts: [[/  bastion:\n/, `${thirdRouter()}  bastion:\n`]] }],
  ] satisfies [string, string, Edits][])("%s is refused as %s", (_, code, edits) => {
    expect(faultOf(edits)).toBe(code);
  });

  test("a row whose description ends in a backslash is refused where it stands, unless pfSense ends it in dots", () => {
    const described = (description: string): Plan => ({
      ...plan,
      flows: plan.flows.map((f) => (f.id === "F411" ? { ...f, description } : f)),
    });
    const codes = (text: string): readonly string[] => unreadableLabels(described(text)).map((d) => d.code);
    for (const text of ["Partage \\\\SRV\\", 'C:\\"', `${"x".repeat(46)}\\`])
      expect(codes(text), text).toEqual(["PFSENSE_EMIT_LABEL"]);
    expect(unreadableLabels(described("\\"))[0]!.place).toEqual(plan.flows.find((f) => f.id === "F411")!.place);
    for (const text of ["C:\\temp", `${"x".repeat(47)}\\`, `${"x".repeat(46)}\\ et la suite`, "Partage \\\\SRV\\."])
      expect(codes(text), text).toEqual([]);
  });

  test("every fault stands in the documentation", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/pfsense-emit.md"), "utf8");
    for (const [code, what] of Object.entries(EMIT_CODES)) expect(page).toMatch(new RegExp(`\\| \`${code}\`.*${what}`));
  });

  test("a host that is no router has no config.xml", () => {
    expect(() => shown(emitConfig(plan, "dc1"))).toThrow(/"dc1" is not a router/);
  });

  test("devices can be named, and are refused when there are too few", () => {
    const names = (n: number): ReadonlyMap<string, readonly string[]> =>
      new Map([["rtr-a", Array.from({ length: n }, (_, i) => `igc${i}`)]]);
    expect(shown(emitConfig(plan, "rtr-a", { interfaceNames: names(8) }))).toContain("<if>igc3</if>");
    expect(() => shown(emitConfig(plan, "rtr-a", { interfaceNames: names(7) }))).toThrow(/has 8 NICs/);
  });

  test("one access makes a group of one, and the other zones move up", () => {
    const one = readBack(labPlan(ONE_WAN), "rtr-b");
    expect(one.gateways.groups.map((g) => g.items)).toEqual([["WAN1GW|1|address"]]);
    expect(interfaceKeys(labPlan(ONE_WAN)).get("sync")).toBe("opt1");
    expect(one.nat.portForwards).toHaveLength(2);
  });

  test("a zone whose name looks like an alias' gives its interface another name", () => {
    const renamed = labPlan({
      addressing: [["  vpn:\n    kind: inside", "  h-dc1:\n    kind: inside"]],
      hosts: [[/zone: vpn,/g, "zone: h-dc1,"]],
      flows: [[/zone:vpn/g, "zone:h-dc1"]],
    } satisfies Edits);
    expect(readBack(renamed, "rtr-a").interfaces.at(-1)?.description).toBe("ZONE_H_DC1");
  });
});

function thirdRouter(): string {
  const nic = (zone: string, net: string): string => `      - { zone: ${zone}, address: ${net}.5 }\n`;
  const nets = { wan1: "198.51.100", wan2: "203.0.113", sync: "10.20.99", admin: "10.20.10", servers: "10.20.20" };
  const more = { users: "10.20.30", dmz: "10.20.40", vpn: "10.20.50" };
  const nics = Object.entries({ ...nets, ...more }).map(([zone, net]) => nic(zone, net));
  return `  rtr-c:\n    number: 40\n    role: router\n    description: Trois\n    nics:\n${nics.join("")}    cores: 2\n    memoryMiB: 2048\n    disksGiB: [16]\n    image: pfsense-2.8\n    node: 0\n    apartAs: rtr\n    start: { order: 2, delaySeconds: 0 }\n    protected: false\n\n`;
}
