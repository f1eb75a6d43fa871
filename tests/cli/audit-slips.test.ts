import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { WORLD } from "../../bench/pfsense/world.ts";
import { maquette } from "./captured.ts";

const folder = mkdtempSync(join(tmpdir(), "maquette-unit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (...changes: readonly (readonly [string, string])[]): string => {
  const file = join(folder, "config.xml");
  writeFileSync(
    file,
    changes.reduce((xml, [from, to]) => {
      expect(xml).toContain(from);
      return xml.replace(from, to);
    }, WORLD),
  );
  return file;
};

describe("what audit cannot read of a file", () => {
  const SLIPS = [
    [
      "the address of an interface",
      "<ipaddr>10.0.1.1</ipaddr><subnet>24<",
      "<ipaddr>10.0.1.1</ipaddr><subnet>33<",
      "PFSENSE_INTERFACE_ADDRESS",
    ],
    ["a virtual IP", "<subnet>172.16.5.1<", "<subnet>172.16.5.1x<", "PFSENSE_VIP_ADDRESS"],
    ["a gateway", "<gateway>10.0.1.9<", "<gateway>10.0.1.900<", "PFSENSE_GATEWAY_ADDRESS"],
    ["a static route", "<network>10.9.0.0/16<", "<network>10.9.0.0/33<", "PFSENSE_ROUTE_NETWORK"],
    [
      "an entry of an alias in an alias",
      "<address>10.0.1.10 10.0.1.11<",
      "<address>10.0.1.10 10.0.1.1x1<",
      "PFSENSE_ALIAS_ENTRY",
    ],
    ["an alias of ports", "<address>80 443 8000:8010<", "<address>80 4x43<", "PFSENSE_ALIAS_ENTRY"],
    [
      "the port of a forward",
      "<network>wanip</network><port>443<",
      "<network>wanip</network><port>4x43<",
      "PFSENSE_NAT_PORT_LOST",
    ],
    ["the target of a forward", "<target>10.0.1.10<", "<target>10.20.20.1x2<", "PFSENSE_NAT_SKIPPED"],
    ["the network of an outbound rule", "<network>10.0.0.0/24<", "<network>10.0.0.0/33<", "PFSENSE_NAT_REFUSED"],
    ["the address of an outbound rule", "<target>198.51.100.2<", "<target>198.51.100.2x<", "PFSENSE_NAT_TARGET_LOST"],
    ["the outer side of a 1:1 mapping", "<external>198.51.100.7<", "<external>198.51.100.7x<", "PFSENSE_NAT_SKIPPED"],
    [
      "the inner side of a 1:1 mapping",
      "<source><address>10.0.1.11<",
      "<source><address>10.0.1.1x1<",
      "PFSENSE_NAT_SKIPPED",
    ],
  ] as const;

  test.each(SLIPS)("is among its first lines and its findings, and exit 1: %s", async (_, from, to, code) => {
    const file = written([from, to]);
    const text = await maquette("audit", file);
    expect(text.code).toBe(1);
    const before = text.out.slice(0, text.out.indexOf("1000000001"));
    expect(before).toContain(code);
    const { findings } = JSON.parse((await maquette("audit", file, "--json")).out) as { findings: { code: string }[] };
    expect(findings.map((f) => f.code)).toContain(code);
  });

  test("is said where pfSense loads no rule at all, and there is nothing to judge", async () => {
    const file = written([
      "<source><any></any></source><destination><any></any><port>135-139",
      "<source></source><destination><any></any><port>135-139",
    ]);
    const { code, out } = await maquette("audit", file);
    expect([code, out]).toEqual([1, expect.stringContaining("PFSENSE_RULES_STOP filter.rule[0].source")]);
    expect(out).not.toContain("1000000001");
  });
});
