import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { maquette } from "./captured.ts";

/** A rule that holds on 1 January alone. */
const CONFIG = `<?xml version="1.0"?>
<pfsense><version>24.0</version><system><timezone>Europe/Paris</timezone></system>
<interfaces><wan><enable/><if>vtnet0</if><ipaddr>203.0.113.2</ipaddr><subnet>24</subnet></wan>
<lan><enable/><if>vtnet1</if><ipaddr>192.168.10.1</ipaddr><subnet>24</subnet></lan></interfaces>
<schedules><schedule><name>newyear</name><timerange><month>1</month><day>1</day><hour>0:00-23:59</hour></timerange></schedule></schedules>
<filter><rule><tracker>1700000001</tracker><type>pass</type><interface>lan</interface><ipprotocol>inet</ipprotocol>
<protocol>tcp</protocol><source><network>lan</network></source><destination><any/></destination><sched>newyear</sched></rule></filter>
</pfsense>`;

const folder = mkdtempSync(join(tmpdir(), "maquette-unit-"));
const file = join(folder, "config.xml");
const packets = join(folder, "packets.jsonl");
const PACKET = { in: "lan", src: "192.168.10.11", dst: "198.51.100.9", proto: "tcp", sport: 40000, dport: 80 };

beforeAll(() => {
  writeFileSync(file, CONFIG);
  writeFileSync(packets, `${JSON.stringify(PACKET)}\n`);
});
afterAll(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

describe("what audit says of a rule with a schedule", () => {
  test.each(["2026-01-01T12:00:00Z", "2026-07-14T12:00:00Z"])("does not hang on the hour: %s", async (now) => {
    vi.useFakeTimers({ now: new Date(now), toFake: ["Date"] });
    const { code, out } = await maquette("audit", file);
    expect(out).toContain("1700000001");
    expect(out).toMatch(/PFSENSE_RULE_SCHEDULE filter\.rule\[0\]: it holds only while schedule "newyear" does/);
    expect(code).toBe(1);
  });

  test("is decided for the hour that --now gives, and refuses one that is none", async () => {
    const on = async (now: string): Promise<string> => (await maquette("audit", file, "--now", now)).out;
    expect(await on("2026-01-01T12:00:00Z")).toContain("1700000001");
    expect(await on("2026-07-14T12:00:00Z")).not.toContain("1700000001");
    const { code, err } = await maquette("audit", file, "--now", "noon");
    expect([code, err]).toEqual([2, expect.stringContaining('--now is "noon"')]);
  });

  test("addresses that came by DHCP can be told, as import is told them", async () => {
    const dynamic = join(folder, "dhcp.xml");
    writeFileSync(dynamic, CONFIG.replace("<ipaddr>203.0.113.2</ipaddr><subnet>24</subnet>", "<ipaddr>dhcp</ipaddr>"));
    expect((await maquette("audit", dynamic)).out).toContain("PFSENSE_ADDRESS_UNKNOWN");
    const told = await maquette("audit", dynamic, "--addresses", "wan=203.0.113.9/24");
    expect(told.out).not.toContain("PFSENSE_ADDRESS_UNKNOWN");
  });
});
