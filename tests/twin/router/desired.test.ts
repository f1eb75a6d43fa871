import { describe, expect, it } from "vitest";
import { shown } from "../../../src/core/text.ts";

import { desiredOf, readFileOfRouter } from "../../../src/twin/router/compile/desired.ts";
import type { Desired } from "../../../src/twin/router/compile/desired.ts";
import type { GatewayStates } from "../../../src/twin/router/compile/gateways.ts";
import { emitConfig } from "../../../src/pfsense/emit/index.ts";
import { labPlan } from "../../pfsense/proof/lab.ts";
import { firmwareFiles, routerPackages } from "../../../src/twin/router/firmware.ts";

const lab = (router: string, states: GatewayStates = {}): Desired =>
  desiredOf(readFileOfRouter(Buffer.from(shown(emitConfig(labPlan(), router))), `${router}.xml`), {}, () => states);

const made = (xml: string, states: GatewayStates = {}): Desired => {
  const text = `<?xml version="1.0"?>\n<pfsense>\n<version>24.0</version>${xml}</pfsense>\n`;
  return desiredOf(readFileOfRouter(Buffer.from(text), "config.xml"), {}, () => states);
};

const LAN = "<lan><enable/><if>vtnet1</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></lan>";
const WAN = "<wan><enable/><if>vtnet0</if><ipaddr>198.51.100.2</ipaddr><subnet>24</subnet><gateway>W1</gateway></wan>";
const item = (name: string, key: string, address: string, more = ""): string =>
  `<gateway_item><interface>${key}</interface><gateway>${address}</gateway><name>${name}</name><ipprotocol>inet</ipprotocol>${more}</gateway_item>`;
const fileOf = (d: Desired, unit: string): string => d.services.find((s) => s.unit === unit)!.files[0]!.text;

describe("the lab's routers, to be reviewed", () => {
  for (const router of ["rtr-a", "rtr-b"]) {
    const d = lab(router);
    for (const service of d.services.filter((s) => s.isWanted)) {
      for (const f of service.files) {
        it(`${router}: ${f.path}`, async () => {
          await expect(f.text).toMatchFileSnapshot(`files/${router}${f.path}`);
        });
      }
    }
    it(`${router}: addresses, routes, CARP, the shaper, and what is not imitated`, async () => {
      const { network, routing, shaper, gateways, gaps, accounts, syncPeer } = d;
      const carp = network.carp.map((c) => ({ ...c, password: "…" }));
      const people = accounts.map((a) => ({ ...a, hash: "…", keys: "…" }));
      const shown = {
        links: network.links,
        carp,
        gateways,
        routing,
        shaper: [...shaper.devices],
        syncPeer,
        accounts: people,
        gaps,
      };
      await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot(`files/${router}/router.txt`);
    });
  }
});

describe("routes", () => {
  const two = (more = ""): string =>
    `<interfaces>${WAN}${LAN}<opt1><enable/><if>vtnet2</if><ipaddr>203.0.113.2</ipaddr><subnet>24</subnet><gateway>W2</gateway></opt1></interfaces><gateways>${item("W1", "wan", "198.51.100.1", "<weight>2</weight>")}${item("W2", "opt1", "203.0.113.1")}${more}</gateways>`;
  const group = (tier: number): string =>
    `<gateway_group><name>G</name><item>W1|1|address</item><item>W2|${tier}|address</item><trigger>down</trigger></gateway_group><defaultgw4>G</defaultgw4>`;
  const byDefault = (d: Desired): string | undefined =>
    d.routing.routes.find((r) => r.startsWith("default") && r.includes("table main"));

  it("the default gateway is the one named, else the first of an interface that names it; - is none", () => {
    expect(made(two()).routing.active).toBe("W1");
    expect(made(two("<defaultgw4>W2</defaultgw4>")).routing.active).toBe("W2");
    expect(made(two("<defaultgw4>-</defaultgw4>")).routing.active).toBeUndefined();
    expect(made(two(), { W1: "down" }).routing.active).toBe("W2");
  });

  it("a group's lowest tier that is up is the default, and the best one is kept when all are down", () => {
    expect(byDefault(made(two(group(2))))).toContain("via 198.51.100.1");
    expect(byDefault(made(two(group(2)), { W1: "down" }))).toContain("via 203.0.113.1");
    expect(made(two(group(2)), { W1: "down", W2: "down" }).routing.active).toBe("W1");
  });

  it("a group of one tier balances for the rules that name it, by weight", () => {
    const d = made(two(group(1)));
    const table = d.routing.routes.find((r) => r.includes("nexthop"));
    expect(table).toContain("nexthop via 198.51.100.1 dev vtnet0 weight 2 nexthop via 203.0.113.1 dev vtnet2 weight 1");
    expect(byDefault(d)).not.toContain("nexthop");
  });

  it("a monitor elsewhere has a route by its gateway, unless the file says not to", () => {
    const monitored = (more: string): Desired =>
      made(
        `<interfaces>${WAN}${LAN}</interfaces><gateways>${item("W1", "wan", "198.51.100.1", `<monitor>192.0.2.1</monitor>${more}`)}</gateways>`,
      );
    expect(monitored("").routing.routes).toContain("192.0.2.1/32 via 198.51.100.1 dev vtnet0 table main proto 93");
    expect(monitored("<dpinger_dont_add_static_route/>").routing.routes.join()).not.toContain("192.0.2.1/32");
  });

  it("probes are the file's, and pfSense's where it says nothing", () => {
    const monitor = (more: string): Desired["gateways"][number]["monitor"] =>
      made(`<interfaces>${WAN}</interfaces><gateways>${item("W1", "wan", "198.51.100.1", more)}</gateways>`)
        .gateways[0]!.monitor;
    expect(monitor("")).toMatchObject({
      intervalMs: 500,
      lossIntervalMs: 2000,
      timePeriodMs: 60_000,
      lossHighPercent: 20,
    });
    expect(monitor("<interval>250</interval><time_period>4000</time_period><losshigh>15</losshigh>")).toMatchObject({
      intervalMs: 250,
      timePeriodMs: 4000,
      lossHighPercent: 15,
    });
    expect(monitor("<monitor_disable/>")).toBeUndefined();
  });
});

describe("what the file asks for and the stand-in does not do is said", () => {
  const paths = (xml: string): readonly string[] =>
    made(`<interfaces>${WAN}${LAN}</interfaces>${xml}`).gaps.map((g) => g.path);

  it("interfaces that are no cards, tunnels, packages, unknown elements", () => {
    const xml = `<openvpn><openvpn-server><vpnid>1</vpnid></openvpn-server></openvpn><installedpackages><package><name>squid</name></package></installedpackages><nobody><knows/></nobody>`;
    expect(paths(xml)).toEqual(
      expect.arrayContaining(["openvpn.openvpn-server[0]", "installedpackages.package squid", "nobody"]),
    );
    const vlan = made(
      `<interfaces>${WAN}<opt1><enable/><if>vtnet1.10</if><ipaddr>10.0.1.1</ipaddr><subnet>24</subnet></opt1></interfaces>`,
    );
    expect(vlan.gaps.find((g) => g.path === "interfaces.opt1")?.what).toContain("vtnet1.10");
    expect(vlan.network.links.map((l) => l.device)).toEqual(["vtnet0"]);
  });

  it("the GUI always", () => {
    expect(paths("")).toContain("system.webgui");
  });

  it("a doubtful rule, and on which side it errs", () => {
    const rule = (type: string): string =>
      `<filter><rule><tracker>9</tracker><type>${type}</type><interface>lan</interface><ipprotocol>inet</ipprotocol><dscp>af41</dscp><source><any/></source><destination><any/></destination></rule></filter>`;
    const gapOf = (type: string): string | undefined =>
      made(`<interfaces>${WAN}${LAN}</interfaces>${rule(type)}`).gaps.find((g) => g.path === "rule 9")?.what;
    expect(gapOf("pass")).toBe("DSCP cannot be decided: it passes only what surely matches");
    expect(gapOf("block")).toBe("DSCP cannot be decided: it blocks whatever may match");
  });
});

describe("services", () => {
  it("without bindip pfSense's SNMP listens nowhere, and so does this", () => {
    const snmp = (more: string): boolean =>
      made(`<interfaces>${LAN}</interfaces><snmpd><enable/><rocommunity>c</rocommunity>${more}</snmpd>`).services.find(
        (s) => s.unit === "snmpd.service",
      )!.isWanted;
    expect(snmp("")).toBe(false);
    expect(snmp("<bindip></bindip>")).toBe(true);
  });

  it("PF's own MIB is served where the file has the module and snmpd runs", () => {
    const socketOf = (more: string): string | null =>
      made(`<interfaces>${LAN}</interfaces><snmpd><enable/><rocommunity>c</rocommunity>${more}</snmpd>`).pfMibSocket;
    expect(socketOf("<bindip></bindip><modules><mibii/><pf/></modules>")).toBe("/run/agentx/master");
    expect(socketOf("<bindip></bindip><modules><mibii/></modules>")).toBe(null);
    expect(socketOf("<modules><pf/></modules>")).toBe(null);
  });

  it("the resolver listens on the virtual address that is named, and answers what the file overrides", () => {
    const xml = `<interfaces>${LAN}</interfaces><virtualip><vip><mode>carp</mode><interface>lan</interface><vhid>1</vhid><password>p</password><uniqid>abc</uniqid><subnet>10.0.0.254</subnet><subnet_bits>24</subnet_bits></vip></virtualip>
      <unbound><enable/><active_interface>_vipabc</active_interface><hosts><host>www</host><domain>lab.test</domain><ip>10.0.0.80</ip></hosts>
      <domainoverrides><domain>corp.test</domain><ip>10.0.0.53</ip></domainoverrides><custom_options>${Buffer.from("server:\n  prefetch: yes").toString("base64")}</custom_options></unbound>`;
    const text = fileOf(made(xml), "unbound.service");
    for (const line of [
      "interface: 10.0.0.254",
      'local-data: "www.lab.test. A 10.0.0.80"',
      "forward-addr: 10.0.0.53",
      "prefetch: yes",
      "access-control: 10.0.0.0/24 allow",
    ]) {
      expect(text).toContain(line);
    }
  });

  it("text of the file cannot leave the line it belongs to", () => {
    const xml = `<interfaces>${LAN}</interfaces><snmpd><enable/><bindip></bindip><rocommunity>c</rocommunity><syslocation>here\nrwcommunity evil</syslocation></snmpd>
      <unbound><enable/><hosts><host>a"\n  forward-zone:</host><domain>test</domain><ip>10.0.0.9</ip></hosts></unbound>`;
    expect(fileOf(made(xml), "snmpd.service")).not.toMatch(/^rwcommunity/m);
    expect(fileOf(made(xml), "unbound.service")).not.toMatch(/^\s*forward-zone:/m);
  });
});

describe("the firmware's folder", () => {
  it("is plain data: texts with content, and one program to be bundled", () => {
    const files = firmwareFiles();
    expect(files.map((f) => f.name).sort()).toEqual([
      ...["agentx.py", "card.py", "carp.py", "carpd.py", "checksum.py", "dhcp-event.sh", "filterlog.py", "gatewayd.py"],
      ...["kernel.py", "lines.py", "maquette-router.service", "netlink.py", "pfmib.py", "pfmibd.py", "router.js"],
      ...["syncd.py", "vip.py"],
    ]);
    expect(files.every((f) => f.kind === "bundle" || f.text.length > 100)).toBe(true);
    expect(routerPackages).toContain("nodejs");
  });
});
