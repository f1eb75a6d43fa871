import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, parseAddress, rangeOf } from "../../../src/core/ip.ts";
import type { Endpoint, Plan, ServiceTerm } from "../../../src/plan/types.ts";
import type { Flow } from "../../../src/pfsense/rules/lanes.ts";
import { makePacketDecider } from "../../../src/pfsense/rules/decide.ts";
import { emittedOf, importOf } from "./office.ts";

/*
 * Random small rule sets, imported; then random packets, decided twice by two plain walks that share nothing with the
 * import: pf's last match with `quick` over what was generated, and the first match over the plan's rows. The file that is
 * emitted from the plan is decided a third time, packet by packet, by the reader's own walk through filter, routes and NAT.
 */

const KEYS = ["wan", "lan", "opt1"] as const;
type Key = (typeof KEYS)[number];
const ZONE: Record<Key, string> = { wan: "wan", lan: "lan", opt1: "dmz" };

// Few addresses and ports, so that rules meet: [text in the file, what it holds].
const ENDS = {
  any: () => true,
  lannet: (a: string) => a.startsWith("10.0.0."),
  notlan: (a: string) => !a.startsWith("10.0.0."),
  dmznet: (a: string) => a.startsWith("10.0.1."),
  self: (a: string) => ["198.51.100.2", "10.0.0.1", "10.0.1.1"].includes(a),
  host: (a: string) => a === "10.0.1.10",
  nothost: (a: string) => a !== "10.0.1.10",
  alias: (a: string) => ["10.0.0.5", "10.0.1.10", "203.0.113.7"].includes(a),
} as const;
type End = keyof typeof ENDS;
const XML: Record<End, string> = {
  any: "<any/>",
  lannet: "<network>lan</network>",
  notlan: "<network>lan</network><not/>",
  dmznet: "<network>opt1</network>",
  self: "<network>(self)</network>",
  host: "<address>10.0.1.10</address>",
  nothost: "<address>10.0.1.10</address><not/>",
  alias: "<address>Some</address>",
};

interface Rule {
  readonly on: readonly Key[];
  readonly isFloating: boolean;
  readonly isQuick: boolean;
  readonly type: "pass" | "block" | "reject";
  readonly protocol: "tcp" | "udp" | "icmp" | null;
  readonly ports: readonly [number, number] | null;
  readonly source: End;
  readonly destination: End;
}

const ADDRESSES = [
  "198.51.100.2",
  "198.51.100.9",
  "10.0.0.1",
  "10.0.0.5",
  "10.0.0.9",
  "10.0.1.1",
  "10.0.1.10",
  "10.0.1.77",
  "203.0.113.7",
  "8.8.8.8",
];
const BELONGS: Record<Key, (a: string) => boolean> = {
  wan: (a) => !a.startsWith("10.0."),
  lan: (a) => a.startsWith("10.0.0."),
  opt1: (a) => a.startsWith("10.0.1."),
};

interface Packet {
  readonly key: Key;
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly src: string;
  readonly dst: string;
  readonly port: number;
}

const end = fc.constantFrom(...(Object.keys(ENDS) as End[]));
const rule: fc.Arbitrary<Rule> = fc
  .record({
    on: fc.subarray([...KEYS], { minLength: 1 }),
    isFloating: fc.boolean(),
    isQuick: fc.boolean(),
    type: fc.constantFrom("pass", "pass", "block", "reject" as const),
    protocol: fc.constantFrom("tcp", "tcp", "udp", "icmp", null),
    ports: fc.constantFrom([80, 80] as const, [1, 100] as const, [80, 443] as const, null),
    source: end,
    destination: end,
  })
  .map((r) => ({
    ...r,
    on: r.isFloating ? r.on : r.on.slice(0, 1),
    ports: r.protocol === "tcp" || r.protocol === "udp" ? r.ports : null,
  }));

const packet: fc.Arbitrary<Packet> = fc.record({
  key: fc.constantFrom(...KEYS),
  protocol: fc.constantFrom("tcp", "udp", "icmp"),
  src: fc.constantFrom(...ADDRESSES),
  dst: fc.constantFrom(...ADDRESSES),
  port: fc.constantFrom(1, 79, 80, 100, 101, 443, 444),
});

function fileOf(rules: readonly Rule[], isDynamic: boolean): string {
  const one = (r: Rule, n: number): string => {
    const port = r.ports ? `<port>${r.ports[0]}-${r.ports[1]}</port>` : "";
    const floating = r.isFloating
      ? `<floating>yes</floating><direction>in</direction>${r.isQuick ? "<quick>yes</quick>" : ""}`
      : "";
    return `<rule><tracker>${n + 1}</tracker><type>${r.type}</type><interface>${r.on.join(",")}</interface><ipprotocol>inet</ipprotocol>
      ${r.protocol === null ? "" : `<protocol>${r.protocol}</protocol>`}${floating}
      <source>${XML[r.source]}</source><destination>${XML[r.destination]}${port}</destination></rule>`;
  };
  return `<?xml version="1.0"?>
<pfsense><version>24.0</version><system><hostname>r1</hostname><disablenatreflection>yes</disablenatreflection><webgui><protocol>https</protocol><noantilockout/></webgui></system>
<interfaces><wan><enable/><if>vtnet0</if>${isDynamic ? "<ipaddr>dhcp</ipaddr>" : "<ipaddr>198.51.100.2</ipaddr><subnet>24</subnet><gateway>WANGW</gateway>"}</wan>
<lan><enable/><if>vtnet1</if><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></lan>
<opt1><enable/><if>vtnet2</if><descr>DMZ</descr><ipaddr>10.0.1.1</ipaddr><subnet>24</subnet></opt1></interfaces>
<gateways>${isDynamic ? "" : WANGW}</gateways>
<aliases><alias><name>Some</name><type>host</type><address>10.0.0.5 10.0.1.10 203.0.113.7</address></alias></aliases>
<filter>${rules.map(one).join("\n")}</filter></pfsense>`;
}

const WANGW =
  "<gateway_item><interface>wan</interface><gateway>198.51.100.1</gateway><name>WANGW</name><ipprotocol>inet</ipprotocol></gateway_item>";
const TOLD = { addresses: { wan: ["198.51.100.2/24"] } };

/** pf: floating rules, then those of the interface; the last match holds, and a quick one ends it. */
function byTheFile(rules: readonly Rule[], p: Packet): string {
  let verdict = "block";
  for (const r of [...rules.filter((x) => x.isFloating), ...rules.filter((x) => !x.isFloating)]) {
    if (!r.on.includes(p.key)) continue;
    if (r.protocol !== null && r.protocol !== p.protocol) continue;
    if (r.ports && (p.port < r.ports[0] || p.port > r.ports[1])) continue;
    if (!ENDS[r.source](p.src) || !ENDS[r.destination](p.dst)) continue;
    verdict = r.type;
    if (!r.isFloating || r.isQuick) break;
  }
  return verdict;
}

/** The plan: the first row that matches. */
function byThePlan(plan: Plan, p: Packet): string {
  const row = plan.flows.find(
    (f) =>
      f.from.some((e) => holds(plan, e, p.src)) &&
      f.to.some((e) => holds(plan, e, p.dst)) &&
      f.services.some((s) => plan.services.get(s)!.terms.some((t) => speaks(t, p))),
  );
  return row?.action === "allow" ? "pass" : row?.action === "reject" ? "reject" : "block";
}

function holds(plan: Plan, e: Endpoint, text: string): boolean {
  const value = parseAddress(text)!.value;
  const within = (n: { lo: bigint; hi: bigint }): boolean => n.lo <= value && value <= n.hi;
  const router = [...plan.hosts.values()].find((h) => h.role === "router")!;
  switch (e.kind) {
    case "any":
      return true;
    case "internet":
      return ![...plan.zones.values()].some((z) => z.kind !== "wan" && within(rangeOf(z.subnet)));
    case "firewall":
      return router.nics.some((n) => n.address.value === value);
    case "zone":
      return within(rangeOf(plan.zones.get(e.zone)!.subnet));
    case "host":
      return plan.hosts.get(e.host)!.nics.some((n) => formatAddress(n.address) === text);
    case "pool":
      return within(rangeOf(plan.pools.get(e.pool)!.network));
    case "network":
      return within(rangeOf(e.network));
  }
}

function speaks(t: ServiceTerm, p: Packet): boolean {
  if (t.protocol === "any") return true;
  if (t.protocol === "ip" || t.protocol !== p.protocol) return false;
  return t.protocol === "icmp" || t.ports.some((r) => r.lo <= p.port && p.port <= r.hi);
}

function flowOf(p: Packet): Flow {
  const [src, dst] = [p.src, p.dst].map((a) => Number(parseAddress(a)!.value)) as [number, number];
  const [a, b] = p.protocol === "icmp" ? [8, 0] : [40_000, p.port];
  return { family: 4, slice: p.protocol, src, dst, a, b };
}

test(
  "random rule sets come back equal, by the proof and by two plain walks over random packets",
  { timeout: 60_000 },
  () => {
    const own = ["198.51.100.2", "10.0.0.1", "10.0.1.1"];
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.array(packet, { minLength: 40, maxLength: 40 }),
        fc.boolean(),
        (rules, packets, isDynamic) => {
          const imported = importOf(fileOf(rules, isDynamic), { told: TOLD });
          const { plan, proof } = imported;
          expect(proof.verdict).toBe("equal");
          const emitted = emittedOf(imported);
          expect([emitted.proof.verdict, emitted.proof.against]).toEqual(["equal", "emitted"]);
          const decider = makePacketDecider(emitted.config, TOLD);
          for (const p of packets.filter((x) => BELONGS[x.key](x.src) && !own.includes(x.src))) {
            const expected = byTheFile(rules, p);
            expect(`${ZONE[p.key]} ${byThePlan(plan, p)}`).toBe(`${ZONE[p.key]} ${expected}`);
            const is = decider.decide({ in: p.key, flow: flowOf(p) });
            expect(`${ZONE[p.key]} ${is.verdict} ${is.unsure ?? ""}`).toBe(`${ZONE[p.key]} ${expected} `);
          }
        },
      ),
      { numRuns: 150 },
    );
  },
);

test("what is written of them is imported again without a difference", { timeout: 240_000 }, () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), fc.boolean(), (rules, isDynamic) => {
      const first = importOf(fileOf(rules, isDynamic), { told: TOLD });
      const again = importOf(emittedOf(first).text, { told: TOLD });
      expect(again.proof.verdict).not.toBe("differs");
    }),
    { numRuns: 25 },
  );
});
