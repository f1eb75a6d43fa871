import { expect, test } from "vitest";
import { contains, formatAddress } from "../../src/core/ip.ts";
import { loadPlan, parsePlan, type Plan } from "../../src/plan/index.ts";
import { vocabulary } from "../../src/roles/registry.ts";
import { changedDocuments, KEPT, OWN } from "../plans/shipped.ts";
import { baseDocuments, render } from "./cases.ts";

async function lab(nodes = 1): Promise<Plan> {
  const outcome = await loadPlan(KEPT, { nodes });
  if (!outcome.ok) throw new Error(render(outcome));
  return outcome.value;
}
const plan = await lab();

test("the shipped lab's plan is sound and draws no remark, on one node and on two", async () => {
  for (const nodes of [1, 2, 3]) expect(render(await loadPlan(KEPT, { nodes }))).toBe("");
});

test("the plan in stacks/lab is sound, whoever wrote it", async () => {
  const outcome = await loadPlan(OWN, { nodes: 2, roles: vocabulary });
  expect(outcome.ok ? "" : render(outcome)).toBe("");
});

const changed = changedDocuments();
// Set by .ci/run: there the kept copy must follow what is shipped.
const isOwn = changed.length > 0 && process.env["MAQUETTE_SHIPPED"] !== "1";
const why = isOwn ? ` (skipped: stacks/lab is not the shipped lab but your own: ${changed.join(", ")})` : "";
test.skipIf(isOwn)(`the tests' copy of the shipped lab is what is shipped${why}`, () => {
  expect(changed).toEqual([]);
});

test("files are named as the user gave the directory, relative where it lies inside the current one", async () => {
  const absolute = await loadPlan(KEPT);
  expect(absolute.ok && absolute.value.zones.get("dmz")?.place.file).toBe("tests/plans/lab/addressing.yaml");
  const missing = await loadPlan("stacks/nowhere");
  expect(missing.ok || missing.errors[0]?.fact).toBe("stacks/nowhere does not exist");
});

test("a zone's place is the line of its name", () => {
  expect(plan.zones.get("wan1")?.place).toMatchObject({ line: 29, column: 3 });
});

test("an inside zone's gateway is its VIP, and the routers' own link has none", () => {
  const servers = plan.zones.get("servers")!;
  expect(servers.gateway && formatAddress(servers.gateway)).toBe("10.20.20.1");
  expect(servers.gateway).toEqual(servers.vip?.address);
  expect(plan.zones.get("sync")).toMatchObject({ gateway: null, vip: null, dhcp: null, wan: null });
});

test("the two guests beyond the operators are scenery, and they alone", () => {
  const outside = [...plan.hosts.values()].filter((host) => host.isOutside).map((host) => host.id);
  expect(outside).toEqual(["internet", "field"]);
});

test("resolvers and time servers outside are addresses that the internet guest holds", () => {
  const held = plan.hosts
    .get("internet")!
    .nics.flatMap((nic) => [nic.address, ...nic.aliases])
    .map(formatAddress);
  expect(held).toEqual(expect.arrayContaining([...plan.domain.forwarders.map(formatAddress), ...plan.domain.ntp]));
  for (const zone of plan.zones.values()) if (zone.wan) expect(held).toContain(formatAddress(zone.wan.monitor));
});

test("the domain's servers of DNS are the domain controllers", () => {
  expect(plan.domain).toMatchObject({ name: "cod.test", realm: "COD.TEST", netbios: "COD" });
  expect(plan.domain.dns.map(formatAddress)).toEqual(["10.20.20.11", "10.20.20.12"]);
});

test("the authority is named after the lab, and lives as long where nobody wrote how long", async () => {
  const lives = { years: 10, certificateDays: 397, crlDays: 365 };
  expect(plan.authority).toEqual({ name: "maquette CA lab", ...lives });
  const unsaid = parsePlan(await baseDocuments());
  expect(unsaid.ok && unsaid.value.authority).toEqual({ name: "maquette CA base", ...lives });
});

test("MAC addresses are locally administered, unicast, stable, and differ", () => {
  const macs = [...plan.hosts.values()].flatMap((host) => host.nics.map((nic) => nic.mac));
  expect(new Set(macs).size).toBe(macs.length);
  for (const mac of macs) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  expect(plan.hosts.get("dc1")?.nics[0]?.mac).toBe("02:f6:4d:5f:15:b4");
});

test("ten people and more have a mailbox and an extension, and what they may do follows from a group", () => {
  const people = [...plan.people.values()];
  expect(people.filter((p) => p.mailbox !== null && p.extension !== null).length).toBeGreaterThanOrEqual(10);
  for (const p of people) expect(p.hasVpn).toBe(p.groups.includes("nomades"));
  for (const p of people) expect(p.isAdmin).toBe(p.groups.includes("administrateurs"));
});

test("the lab fits a small host: under 40 GiB of memory", () => {
  const memory = [...plan.hosts.values()].reduce((sum, host) => sum + host.memoryMiB, 0);
  expect(memory).toBeLessThan(40 * 1024);
});

test("sections follow each other in ANSSI's order and a row's number begins with its section", () => {
  const sections = plan.flows.map((flow) => flow.section);
  expect(sections).toEqual([...sections].sort());
  for (const flow of plan.flows) expect(flow.id[1]).toBe(String(flow.section));
});

test("the last row refuses everything and logs it", () => {
  expect(plan.flows.at(-1)).toMatchObject({
    section: 6,
    from: [{ kind: "any" }],
    to: [{ kind: "any" }],
    services: ["any"],
    action: "deny",
    isLogged: true,
  });
});

test("no row lets the DMZ write mail: N4 holds without exception", () => {
  const dmz = plan.zones.get("dmz")!;
  const fromDmz = plan.flows.filter((flow) =>
    flow.from.some((end) => {
      if (end.kind === "zone") return end.zone === "dmz";
      return end.kind === "host" && contains(dmz.subnet, plan.hosts.get(end.host)!.nics[0]!.address);
    }),
  );
  expect(fromDmz.filter((flow) => flow.toNames.includes("mail") && flow.action === "allow")).toEqual([]);
  expect(fromDmz.flatMap((flow) => flow.services)).not.toContain("submission");
});

test("the plan is frozen to its depth, maps included", () => {
  expect(() => (plan.zones as Map<string, unknown>).set("x", 1)).toThrow("the plan is frozen");
  expect(() => (plan.hosts as Map<string, unknown>).clear()).toThrow("the plan is frozen");
  expect(Object.isFrozen(plan.flows)).toBe(true);
  expect(Object.isFrozen(plan.flows[0]?.from[0])).toBe(true);
  expect(Object.isFrozen(plan.hosts.get("rtr-a")?.nics[0])).toBe(true);
});
