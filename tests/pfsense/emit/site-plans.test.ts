import { describe, expect, test } from "vitest";
import { shown } from "../../../src/core/text.ts";
import { Fault } from "../../../src/core/fault.ts";
import type { Plan } from "../../../src/plan/types.ts";
import { emitConfig, emitRouters, unmetNeeds } from "../../../src/pfsense/emit/index.ts";
import { fileOf, loadCase } from "../adopt/case.ts";
import { importOf, read } from "../adopt/office.ts";
import { labPlan } from "./lab.ts";

/** The plan that an import makes of a case, with a change to the file. */
const planFrom = (name: string, change: (xml: string) => string = (xml) => xml): Plan =>
  importOf(change(fileOf(loadCase(`${name}.yaml`)))).plan;

const routerOf = (plan: Plan): string => [...plan.hosts.values()].find((h) => h.role === "router")!.id;

const written = (plan: Plan): string => shown(emitConfig(plan, routerOf(plan)));

function faultOf(plan: Plan): string {
  try {
    written(plan);
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

/** A zone of a plan, changed. */
const withZone = (plan: Plan, id: string, change: Partial<NonNullable<ReturnType<Plan["zones"]["get"]>>>): Plan => ({
  ...plan,
  zones: new Map([...plan.zones].map(([key, zone]) => [key, key === id ? { ...zone, ...change } : zone])),
});

const without = (plan: Plan, host: string): Plan => ({
  ...plan,
  hosts: new Map([...plan.hosts].filter(([id]) => id !== host)),
});

describe("the one router of a site", () => {
  const office = planFrom("small-office");
  const text = written(office);
  const config = read(text);

  test("has nothing that takes two, and nothing of roles that the site has not", () => {
    expect(text).not.toMatch(
      /<hasync>|xmlrpc|<ha>|<vip>|<authserver>|<domainoverrides>|<snmpd>|<remoteserver>|<queue>/,
    );
    expect([...text.matchAll(/\{\{secret:([^|]+)\|/g)].map(([, s]) => s)).toEqual([
      "bcrypt/pfsense-admin",
      "ssh-public/provisioner",
      "vault-certificate/ca",
      "vault-certificate/r1",
      "vault-key/r1",
      "ssh-private/host/r1",
      "ssh-public/host/r1",
    ]);
    expect([...emitRouters(office).keys()]).toEqual(["r1"]);
  });

  test("is gateway, resolver and time of its zones by its own address", () => {
    const server = /<dhcpd>[\s\S]*<\/dhcpd>/.exec(text)![0];
    for (const what of ["gateway", "dnsserver", "ntpserver"]) expect(server).toContain(`<${what}>10.0.0.1</${what}>`);
    expect(text).toContain("<active_interface>lo0,lan</active_interface>");
    expect(unmetNeeds(office)).toEqual([]);
  });

  test("leaves by the WAN's own address, and by the default gateway rather than one that rules name", () => {
    expect(config.nat.outbound.map((r) => [r.interface, r.target ?? ""])).toEqual([
      ["wan", ""],
      ["wan", ""],
    ]);
    expect(text).toContain("<defaultgw4>WANS</defaultgw4>");
    expect(config.filter.rules.filter((r) => r.gateway !== undefined)).toEqual([]);
  });

  test("resolves by itself when the file names no resolver, and asks those that it names", () => {
    expect(text).not.toMatch(/<forwarding>|<dnsserver>127/);
    const asks = written({ ...office, domain: { ...office.domain, forwarders: labPlan().domain.forwarders } });
    expect(asks).toContain("<forwarding>");
  });

  test("without an inside zone has no rule for what leaves from inside", () => {
    const bare = planFrom("small-office", (xml) =>
      xml.replace(/<lan><enable\/>[\s\S]*?<\/lan>(?=<\/interfaces>)/, "").replace(/<rule>[\s\S]*<\/rule>/, ""),
    );
    expect([...bare.zones.keys()]).toEqual(["wan"]);
    expect(written(bare)).not.toContain("n_nat_inside");
  });

  test("opens forwards on its own address, and keeps a VIP where the zone has one", () => {
    expect(written(planFrom("dmz-port-forward"))).toMatch(
      /<destination>\s*<network>wanip<\/network>\s*<port>80<\/port>/,
    );
    const shared = written(planFrom("carp-pair"));
    expect([...shared.matchAll(/<vhid>(\d+)<\/vhid>/g)].map(([, id]) => id)).toEqual(["1", "2"]);
    expect(shared).toMatch(/<destination>\s*<address>198\.51\.100\.4<\/address>\s*<port>443<\/port>/);
    expect(shared).toContain("<target>198.51.100.4</target>");
    expect(shared).not.toContain("<hasync>");
  });

  test("asks for its address where the plan knows no gateway, and names it by pfSense's words", () => {
    const dynamic = written(planFrom("dhcp-wan-told"));
    expect(dynamic).toContain("<ipaddr>dhcp</ipaddr>");
    expect(dynamic).toContain("<item>WAN_DHCP|1|address</item>");
    expect(dynamic).toMatch(/<network>wanip<\/network>\s*<port>1194<\/port>/);
    expect(dynamic).not.toContain("203.0.113.");
  });

  test("sends by rows of its own addresses what these say", () => {
    const rule = `<rule><tracker>9</tracker><type>block</type><interface>lan</interface><ipprotocol>inet</ipprotocol><floating>yes</floating>
      <direction>out</direction><quick>yes</quick><source><network>lanip</network></source><destination><address>10.0.0.9</address></destination></rule>`;
    const own = read(written(planFrom("small-office", (xml) => xml.replace("</filter>", `${rule}</filter>`))));
    const out = own.filter.rules.filter((r) => r.direction === "out" && r.type === "block");
    expect(out.map((r) => r.description)).toEqual(["F201 Rule 9 on the router", "F601 Everything else"]);
  });
});

describe("is refused", () => {
  const office = planFrom("small-office");

  test("a lab of one router, and a site of none or three", () => {
    const lab = labPlan();
    expect(faultOf(without(lab, "rtr-b"))).toBe("PFSENSE_EMIT_ROUTERS");
    expect(() => shown(emitConfig(without(office, "r1"), "r1"))).toThrow(
      "The plan has 0 routers; one or a pair is written.",
    );
    expect(faultOf({ ...without(lab, "rtr-b"), kind: "site" })).toBe("none");
    expect(faultOf({ ...lab, kind: "site" })).toBe("none");
  });

  test("a site's host that is no router", () => {
    expect(() => shown(emitConfig(office, "r2"))).toThrow(expect.objectContaining({ hint: "The router is r1." }));
  });

  test("a shared address on a WAN that has no gateway", () => {
    const lab = labPlan();
    expect(faultOf(withZone(lab, "wan1", { gateway: null }))).toBe("PFSENSE_EMIT_GATEWAY");
    const shared = planFrom("carp-pair");
    expect(faultOf(withZone(shared, "wan", { gateway: null }))).toBe("PFSENSE_EMIT_GATEWAY");
    expect(faultOf(withZone(shared, "wan", { gateway: null, vip: null }))).toBe("none");
  });
});

test("a plan of kind site with two routers is the pair that a lab is, but for nothing", () => {
  const lab = labPlan();
  expect(emitRouters({ ...lab, kind: "site" })).toEqual(emitRouters(lab));
});
