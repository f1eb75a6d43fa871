import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { inOrder } from "../../src/infra/roles.ts";
import type { World } from "../../src/infra/world.ts";
import { loadPlan } from "../../src/plan/index.ts";
import type { Plan } from "../../src/plan/types.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { faultOf } from "../stack/temporary.ts";

let plan: Plan;
beforeAll(async () => {
  const loaded = await loadPlan(join(repositoryRoot(), "tests/plans/lab"), { nodes: 2 });
  if (!loaded.ok) throw new Error("the lab's plan is not sound");
  plan = loaded.value;
});

const order = (after: Readonly<Record<string, readonly string[]>>): readonly string[] => {
  const roles = new Map([...plan.hosts.keys()].map((id) => [id, [{ after: after[id] ?? [] }]]));
  return inOrder({ plan, roles: roles as unknown as World["roles"] }).map((h) => h.id);
};

describe("hosts get their roles", () => {
  test("the way in first, then in the plan's order where none waits for another", () => {
    const others = [...plan.hosts.keys()].filter((id) => id !== "bastion");
    expect(order({})).toEqual(["bastion", ...others]);
  });

  test("after those that they wait for, through several hands, and each once", () => {
    const ordered = order({ bastion: ["pc1"], pc1: ["dc2", "mail"], mail: ["dc2"], dc2: ["dc1"] });
    expect([...ordered].sort()).toEqual([...plan.hosts.keys()].sort());
    const wanted = ["dc1", "dc2", "mail", "pc1", "bastion"];
    expect(ordered.filter((id) => wanted.includes(id))).toEqual(wanted);
  });

  test("never where they wait for each other: the circle is named", async () => {
    const fault = await faultOf(() => order({ dc1: ["dc2"], dc2: ["mail"], mail: ["dc1"] }));
    expect(fault.code).toBe("ROLE_CIRCLE");
    expect(fault.message).toContain("dc1 → dc2 → mail → dc1");
    expect((await faultOf(() => order({ pbx: ["pbx"] }))).message).toContain("pbx → pbx");
  });
});
