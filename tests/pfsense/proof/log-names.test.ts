import { expect, it } from "vitest";
import { routersOf } from "../../../src/cli/routers.ts";
import { logNames } from "../../../src/pfsense/proof/log-names.ts";
import { loadPlan } from "../../../src/plan/index.ts";
import { KEPT } from "../../plans/shipped.ts";

const outcome = await loadPlan(KEPT, { nodes: 2 });
if (!outcome.ok) throw new Error("the lab's plan is not sound");
const plan = outcome.value;
const { configs } = routersOf(plan);
const names = logNames(plan, configs);

it("each tracker that a user's rule has in the routers' files means the row that its description names, or none", () => {
  const rows = new Set(plan.flows.map((f) => f.id));
  for (const config of configs.values())
    for (const rule of config.filter.rules) {
      const [first] = (rule.description ?? "").split(" ");
      expect(names.rules[rule.tracker!]?.[0], rule.description).toBe(rows.has(first!) ? first : null);
    }
  // Whatever may be logged: rows that log are all among them.
  const told = new Set(Object.values(names.rules).flatMap(([row]) => row ?? []));
  expect(plan.flows.filter((f) => f.isLogged && !told.has(f.id)).map((f) => f.id)).toEqual([]);
});

it("what pfSense does by itself bears pfSense's name", () => {
  expect(names.rules["1000000103"]).toEqual([null, expect.stringContaining("default")]);
});

it("both routers' interfaces are the plan's zones, and addresses are those who have them", () => {
  for (const router of plan.hosts.values())
    if (router.role === "router")
      expect(Object.values(names.devices[router.id]!).sort()).toEqual(router.nics.map((n) => n.zone).sort());
  expect(names.addresses).toMatchObject({ "10.20.20.11": "dc1", "10.20.30.1": "routers@users" });
});

it("a port that two services have is none's", () => {
  expect(names.services).toMatchObject({ "udp/123": "ntp", "tcp/636": expect.any(String) as unknown });
  expect(Object.values(names.services)).not.toContain("");
});
