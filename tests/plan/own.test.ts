import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, formatNetwork, networkOf, parseNetwork, rangeOf, type Network } from "../../src/core/ip.ts";
import { documentsIn, parsePlan, type Plan } from "../../src/plan/index.ts";
import { netbiosOf, ownPlan, type OwnPlan } from "../../src/plan/own.ts";
import { vocabulary } from "../../src/roles/registry.ts";
import { KEPT } from "../plans/shipped.ts";
import { faultOf } from "../stack/temporary.ts";

const bytes = await documentsIn(KEPT);
const texts = new Map([...bytes].map(([name, b]) => [name, new TextDecoder().decode(b)] as const));
const parsed = (documents: ReadonlyMap<string, string>): ReturnType<typeof parsePlan> =>
  parsePlan(new Map([...documents].map(([name, text]) => [name, new TextEncoder().encode(text)] as const)), {
    nodes: 2,
    roles: vocabulary,
  });
const outcome = parsed(texts);
if (!outcome.ok) throw new Error("the lab's plan has faults");
const plan: Plan = outcome.value;

const network = (text: string): Network => parseNetwork(text)!.network;
const wish = (change: Partial<OwnPlan> = {}): OwnPlan => ({
  ...{ site: "valmont", domain: "valmont.example", netbios: "VALMONT", schemas: "../schemas" },
  network: network("172.20.0.0/16"),
  ...change,
});
const made = (change: Partial<OwnPlan> = {}): Plan => {
  const result = parsed(ownPlan(texts, plan, wish(change)));
  expect(result.ok ? [] : result.errors).toEqual([]);
  return (result as { value: Plan }).value;
};
const inside = (p: Plan): readonly Network[] => [
  ...[...p.zones.values()].filter((z) => z.kind === "inside" || z.kind === "sync").map((z) => z.subnet),
  ...[...p.pools.values()].map((pool) => pool.network),
];

describe("a plan of one's own", () => {
  test("has its name, domain and networks, each network at the place that it had, and nothing else is another", () => {
    const own = made();
    expect([own.name, own.domain.name, own.domain.netbios]).toEqual(["valmont", "valmont.example", "VALMONT"]);
    expect(formatNetwork(own.zones.get("users")!.subnet)).toBe("172.20.30.0/24");
    expect(formatNetwork(own.pools.get("vpn-clients")!.network)).toBe("172.20.51.0/24");
    expect(formatNetwork(own.zones.get("wan1")!.subnet)).toBe("198.51.100.0/24");
    expect([...own.hosts.keys()]).toEqual([...plan.hosts.keys()]);
    expect(own.flows.map((f) => f.id)).toEqual(plan.flows.map((f) => f.id));
    expect(own.people.size).toBe(plan.people.size);
  });

  test("keeps every comment and line of the documents", () => {
    const own = ownPlan(texts, plan, wish());
    for (const [name, text] of texts) {
      const comments = (t: string): readonly string[] =>
        t.split("\n").filter((l) => l.trim().startsWith("#") && !l.includes("$schema"));
      expect(comments(own.get(name)!), name).toEqual(comments(text));
      expect(own.get(name)!.split("\n")).toHaveLength(text.split("\n").length);
      expect(own.get(name)!).toMatch(/^# yaml-language-server: \$schema=\.\.\/schemas\/\w+\.schema\.json\n/);
    }
  });

  test("under the values that it has already is the plan as it is", () => {
    const same = {
      site: plan.name,
      domain: plan.domain.name,
      netbios: plan.domain.netbios,
      network: network("10.20.0.0/16"),
    };
    expect(ownPlan(texts, plan, wish({ ...same, schemas: "../../../schemas" }))).toEqual(texts);
  });

  test("is sound in any private network with room for it, all inside and no two over each other", () => {
    const somewhere = fc
      .tuple(
        fc.constantFrom("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        fc.integer({ min: 8, max: 21 }),
        fc.nat(),
      )
      .map(([whole, prefix, n]) => {
        const { base, prefix: least } = network(whole);
        const length = Math.max(prefix, least);
        const places = 2 ** (length - least);
        return networkOf({ family: 4, value: base + (BigInt(n % places) << BigInt(32 - length)) }, length);
      });
    fc.assert(
      fc.property(somewhere, (there) => {
        for (const n of inside(made({ network: there }))) {
          expect(contains(there, { family: 4, value: n.base })).toBe(true);
          expect(contains(there, { family: 4, value: rangeOf(n).hi })).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("is refused where its networks have no room, with what they take", async () => {
    const fault = await faultOf(() => ownPlan(texts, plan, wish({ network: network("192.168.4.0/22") })));
    expect([fault.code, fault.message, fault.hint]).toEqual([
      "PLAN_NETWORK_SMALL",
      "192.168.4.0/22 has 1024 addresses; the plan's 7 networks take 1544.",
      "Give a /21 or larger.",
    ]);
  });

  test("has the NetBIOS name of its domain's first label, as much of it as such a name may have", () => {
    expect(netbiosOf("valmont.example")).toBe("VALMONT");
    expect(netbiosOf("prefecture-de-la-loire.example")).toBe("PREFECTURE-DE-L");
    expect(netbiosOf("sous-prefecture-x.example")).toBe("SOUS-PREFECTURE");
  });
});
