import { describe, expect, test } from "vitest";
import { formatAddress } from "../../../src/core/ip.ts";
import { interfaceKeys, unmetNeeds } from "../../../src/pfsense/emit/index.ts";
import { makePacketDecider } from "../../../src/pfsense/rules/decide.ts";
import type { Flow } from "../../../src/pfsense/rules/lanes.ts";
import type { Circumstances } from "../../../src/pfsense/rules/types.ts";
import type { Plan } from "../../../src/plan/index.ts";
import { labPlan, ONE_WAN, readBack, type Edits } from "./lab.ts";
import { edges, services, Table, type Wanted } from "./oracle.ts";

/** At most so many are shown: one is mostly enough to see what is wrong. */
const MAX_SHOWN = 12;

const flowOf = (p: Wanted): Flow => ({
  family: 4,
  slice: p.protocol === 6 ? "tcp" : p.protocol === 17 ? "udp" : p.protocol === 1 ? "icmp" : "other",
  src: Number(p.src.value),
  dst: Number(p.dst.value),
  a: p.protocol === 6 || p.protocol === 17 ? 40_000 : p.protocol === 1 ? p.port : p.protocol,
  b: p.protocol === 6 || p.protocol === 17 ? p.port : 0,
});

/** Every packet that the table and the file answer differently, of those whose ends and services are edges of the plan. */
function differences(plan: Plan, router: string, circumstances: Circumstances): readonly string[] {
  const table = new Table(plan);
  const decider = makePacketDecider(readBack(plan, router), circumstances);
  const keys = interfaceKeys(plan);
  const all = edges(plan);
  const out: string[] = [];
  const compare = (from: string, p: Wanted): void => {
    const want = table.decide(from, from === "self" ? p : forwarded(plan, from, p));
    const got = decider.decide({ in: from === "self" ? "self" : keys.get(from)!, flow: flowOf(p) });
    if (got.verdict === want.action && got.unsure === undefined) return;
    const what = `${formatAddress(p.src)} -> ${formatAddress(p.dst)} ${p.protocol}:${p.port}`;
    out.push(
      `${from} ${what}: table ${want.action} by ${want.flow}, file ${got.verdict} by ${got.rule} ${got.unsure ?? ""}`,
    );
  };
  const spoken = services(plan);
  for (const zone of keys.keys())
    for (const src of all) {
      // What bears a router's own address and arrives is its neighbour on the sync link, or a lie.
      if (table.isFirewall(src) && plan.zones.get(zone)!.kind !== "sync") continue;
      for (const dst of all) for (const s of spoken) compare(zone, { src, dst, ...s });
    }
  const own = addressesOf(plan, router);
  for (const src of all.filter((a) => own.has(a.value)))
    // What a router sends to itself leaves by no interface.
    for (const dst of all.filter((a) => !own.has(a.value))) for (const s of spoken) compare("self", { src, dst, ...s });
  return out;
}

/** A router's addresses, VIPs included. */
function addressesOf(plan: Plan, router: string): ReadonlySet<bigint> {
  const nics = plan.hosts.get(router)!.nics.flatMap((n) => [n.address, ...n.aliases]);
  const vips = [...plan.zones.values()].flatMap((z) => (z.vip ? [z.vip.address] : []));
  return new Set([...nics, ...vips].map((a) => a.value));
}

/** The table speaks of destinations as they stand after port forwarding. */
function forwarded(plan: Plan, from: string, p: Wanted): Wanted {
  const zone = plan.zones.get(from)!;
  if (zone.kind !== "wan" || zone.vip?.address.value !== p.dst.value) return p;
  const name = p.protocol === 6 ? "tcp" : p.protocol === 17 ? "udp" : "other";
  const forward = [...plan.forwards.values()].find(
    (f) =>
      f.wans.includes(from) &&
      plan.services
        .get(f.service)!
        .terms.some((t) => t.protocol === name && t.ports.some((r) => r.lo <= p.port && p.port <= r.hi)),
  );
  return forward ? { ...p, dst: plan.hosts.get(forward.host)!.nics[0]!.address } : p;
}

/** Rows that the routers' own services need and the lab's table may lack, and a closing row of section 2. */
const MORE_ROWS: Edits = {
  services: [
    [
      "  pfsync:\n",
      "  kea-ha:\n    description: Kea\n    terms: [{ protocol: tcp, ports: [8765] }]\n  igmp:\n    description: IGMP\n    terms: [{ protocol: ip, number: 2 }]\n  pfsync:\n",
    ],
  ],
  flows: [
    ["services: [pfsync, https]", "services: [pfsync, https, kea-ha]"],
    [/to: \[sync\]\n    services: \[pfsync, https\]/, "to: [sync]\n    services: [pfsync, https, kea-ha]"],
    [
      "  # ── 3. ",
      `${row("F207", 2, "firewall", "224.0.0.0/4", "igmp", "allow")}${row("F299", 2, "firewall", "any", "any", "deny")}  # ── 3. `,
    ],
  ],
};

/** Ends that the lab does not use: everything, networks across zones, a router by its name, the Internet beside a zone. */
const STRANGE_ROWS: Edits = {
  flows: [
    [
      "  # ── 5. ",
      [
        row("F471", 4, "any", "any", "rdp", "allow"),
        row("F472", 4, "10.20.48.0/22", "internet, dcs", "imaps", "allow"),
        row("F473", 4, "internet, users", "10.20.40.0/30, pbx", "sip-tls", "reject"),
        row("F474", 4, "0.0.0.0/1", "zone:field, mail", "any", "allow"),
      ].join("") + "  # ── 5. ",
    ],
    ["  # ── 3. ", `${row("F208", 2, "rtr-a, rtr-b", "pbx", "sip", "allow")}  # ── 3. `],
  ],
};

function row(id: string, section: number, from: string, to: string, services: string, action: string): string {
  const ends = (text: string): string => text.replace(/[^ ,]+[:/][^ ,]+/g, (name) => JSON.stringify(name));
  return `  - id: ${id}\n    section: ${section}\n    from: [${ends(from)}]\n    to: [${ends(to)}]\n    services: [${services}]\n    action: ${action}\n    log: true\n    owner: sidsic\n    description: Rangée ${id}\n`;
}

describe("the routers let through what the flow table says, at every edge of the plan", () => {
  test.each([
    ["the lab", "rtr-a", {}, {}],
    ["the lab", "rtr-b", {}, {}],
    ["the lab without its first access", "rtr-a", {}, { WAN1GW: "down" }],
    ["the lab with one access", "rtr-b", ONE_WAN, {}],
    ["the lab with rows for the pair and a closing row of section 2", "rtr-a", MORE_ROWS, {}],
    ["rows with unusual ends", "rtr-b", STRANGE_ROWS, {}],
    ["a table without a last row", "rtr-a", { flows: [[/  - id: F601[\s\S]*?journalisé\n/, ""]] }, {}],
  ] satisfies [string, string, Edits, Record<string, "up" | "down">][])(
    "%s (%s)",
    { timeout: 60_000 },
    (_, router, edits, gatewayStates) => {
      const found = differences(labPlan(edits), router, { gatewayStates });
      expect(found.slice(0, MAX_SHOWN)).toEqual([]);
    },
  );

  test("what the pair needs and the lab's table may lack is met once its rows are there", () => {
    expect(unmetNeeds(labPlan(MORE_ROWS))).toEqual([]);
  });
});
