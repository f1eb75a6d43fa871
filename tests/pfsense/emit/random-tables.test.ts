import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differences } from "./differences.ts";
import { labPlan } from "./lab.ts";

/** Ends of every kind; routers by name are left out, since outbound NAT may turn one's VIP into its own address. */
const ENDS = [
  ...["any", "internet", "firewall", "admin", "servers", "users", "dmz", "zone:vpn", "sync", "zone:field", "wan1"],
  ...["bastion", "dc1", "pbx", "mail", "host:vpn", "ebrigade", "pc1", "vpn-clients", "host:internet", "host:field"],
  ...["dcs", "inside", "staff", "10.20.0.0/16", "10.20.48.0/22", "10.20.99.0/30", "0.0.0.0/0", "10.20.30.128/25"],
];
const SERVICES = [
  "any",
  "icmp-echo",
  "pfsync",
  "ssh",
  "http",
  "https",
  "dns",
  "ntp",
  "rpc",
  "rtp",
  "noise",
  "kerberos",
];

const row = fc.record({
  section: fc.integer({ min: 1, max: 6 }),
  from: fc.uniqueArray(fc.constantFrom(...ENDS), { minLength: 1, maxLength: 3 }),
  to: fc.uniqueArray(fc.constantFrom(...ENDS), { minLength: 1, maxLength: 3 }),
  services: fc.uniqueArray(fc.constantFrom(...SERVICES), { minLength: 1, maxLength: 3 }),
  action: fc.constantFrom("allow", "allow", "deny", "reject"),
});
const table = fc.array(row, { minLength: 1, maxLength: 14 }).map((rows) => rows.sort((a, b) => a.section - b.section));

/** The lab with another flow table, without forwards and invariants, and without the needs that rows answer. */
function labWith(rows: readonly object[]): ReturnType<typeof labPlan> {
  const rest = { isLogged: undefined, log: true, owner: "sidsic", description: "Rangée" };
  const flows = rows.map((r, i) => JSON.stringify({ id: `F${900 + i}`, ...r, ...rest }));
  const text = `flows:\n${flows.map((f) => `  - ${f}\n`).join("")}\nforwards: {}\ninvariants: {}\n`;
  return labPlan({
    flows: [[/flows:\n[\s\S]*?\nforwards:\n[\s\S]*$/, text]],
    coverage: [
      [/, ?(flow|forward|invariant):[\w-]+/g, ""],
      [/\[(flow|forward|invariant):[\w-]+/g, "[host:rtr-a"],
    ],
  });
}

describe("any flow table in the order of its sections", () => {
  test("is what the routers let through, at every edge of the plan", { timeout: 120_000 }, () => {
    const routers = fc.constantFrom("rtr-a", "rtr-b");
    fc.assert(
      fc.property(table, routers, (rows, router) => {
        expect(differences(labWith(rows), router, {}).slice(0, 6)).toEqual([]);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });
});
