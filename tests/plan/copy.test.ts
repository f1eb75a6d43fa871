import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "../../src/core/ip.ts";
import { applyCopy, loadPlan, type Placement, type Plan } from "../../src/plan/index.ts";
import { render } from "./cases.ts";

async function lab(): Promise<Plan> {
  const outcome = await loadPlan("tests/plans/lab");
  if (!outcome.ok) throw new Error(render(outcome));
  return outcome.value;
}
const plan = await lab();
const operator = {
  bastion: { address: parseAddress("172.16.0.10")!, prefix: 24, gateway: parseAddress("172.16.0.1")! },
};

function placed(copy: number): Placement {
  const outcome = applyCopy(plan, copy, { operator });
  if (!outcome.ok) throw new Error(render(outcome));
  return outcome.value;
}

/** Everything of a copy that a cluster holds once. */
const claims = (p: Placement): string[] => [
  `pool ${p.poolName}`,
  ...Object.values(p.operator).map(({ address }) => `address ${formatAddress(address)}`),
  ...[...plan.zones.values()].map((zone) => `vlan ${p.vlanTag(zone)}`),
  ...[...plan.hosts.values()].flatMap((host) => [
    `vm ${p.vmId(host)}`,
    `guest ${p.guestName(host)}`,
    ...host.nics.map((nic) => `mac ${p.mac(host, nic)}`),
  ]),
];

test("copy 0 is the lab as it is written", () => {
  const p = placed(0);
  const rtrA = plan.hosts.get("rtr-a")!;
  expect([p.poolName, p.guestName(rtrA), p.vmId(rtrA), p.vlanTag(plan.zones.get("dmz")!)]).toEqual([
    "lab",
    "rtr-a",
    1001,
    40,
  ]);
  expect(p.mac(rtrA, rtrA.nics[0]!)).toBe(rtrA.nics[0]!.mac);
});

test("copy 7 has VM ids, VLANs, names, pool and operator-facing addresses of its own", () => {
  const p = placed(7);
  const rtrA = plan.hosts.get("rtr-a")!;
  expect([p.poolName, p.guestName(rtrA), p.vmId(rtrA), p.vlanTag(plan.zones.get("dmz")!)]).toEqual([
    "lab-c07",
    "c07-rtr-a",
    1701,
    740,
  ]);
  expect(formatAddress(p.operator["bastion"]!.address)).toBe("172.16.0.17");
});

test("all forty copies have room", () => {
  for (let copy = 0; copy < 40; copy++) expect(placed(copy).copy).toBe(copy);
});

test("no two copies share a VM id, VLAN, name, MAC, pool or operator-facing address", () => {
  const copy = fc.integer({ min: 0, max: 39 });
  fc.assert(
    fc.property(copy, copy, (a, b) => {
      fc.pre(a !== b);
      const taken = new Set(claims(placed(a)));
      expect(claims(placed(b)).filter((claim) => taken.has(claim))).toEqual([]);
    }),
  );
});

test("whatever the settings, either copies keep apart or there is a diagnostic", () => {
  const settings = fc.record({
    vmidBase: fc.integer({ min: -10, max: 2000 }),
    vmidStride: fc.integer({ min: -10, max: 200 }),
    vlanStride: fc.integer({ min: -10, max: 200 }),
    copies: fc.integer({ min: -1, max: 120 }),
  });
  const copy = fc.integer({ min: -2, max: 110 });
  fc.assert(
    fc.property(settings, copy, copy, (s, a, b) => {
      fc.pre(a !== b);
      const [first, second] = [applyCopy(plan, a, s), applyCopy(plan, b, s)];
      if (!first.ok || !second.ok) return;
      const taken = new Set(claims(first.value));
      expect(claims(second.value).filter((claim) => taken.has(claim))).toEqual([]);
    }),
  );
});

test("placing a copy leaves the plan as it is: addresses inside are the same in every copy", () => {
  const before = JSON.stringify([...plan.hosts.values()], (_, v: unknown) =>
    typeof v === "bigint" ? v.toString() : v,
  );
  placed(12);
  const after = JSON.stringify([...plan.hosts.values()], (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v));
  expect(after).toBe(before);
});
