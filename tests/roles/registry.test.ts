import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadPlan, ROLE_IDS, type Host, type Plan } from "../../src/plan/index.ts";
import { smallMachines } from "../../src/roles/machines.ts";
import { allProbes, base, roles } from "../../src/roles/registry.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

const root = repositoryRoot();
const outcome = await loadPlan(join(root, "stacks/lab"));
if (!outcome.ok) throw new Error("the lab's plan is not sound");
const plan = outcome.value;
const all = [base, ...Object.values(roles)];

describe("the registry of roles", () => {
  test("has every role of the plan, under its own name", () => {
    expect(Object.entries(roles).map(([name, role]) => [name, role.id])).toEqual(ROLE_IDS.map((id) => [id, id]));
  });

  test.each(all.map((r) => [r.id, r] as const))(
    "%s: its page is there, and its templates are those of its folder",
    (id, role) => {
      expect(existsSync(join(root, role.manual)), role.manual).toBe(true);
      const folder = join(root, "templates", id);
      expect([...role.templates].sort()).toEqual(existsSync(folder) ? readdirSync(folder).sort() : []);
    },
  );

  test("gives neighbours only services that the plan knows, and tells what of a probe's is a host's", () => {
    for (const role of all) for (const service of role.neighbours) expect([...plan.services.keys()]).toContain(service);
    for (const probe of allProbes(plan)) {
      expect([...plan.hosts.keys()]).toContain(probe.from);
      for (const need of probe.needs) expect([...plan.coverage.keys()]).toContain(need);
      if (probe.dependsOn) expect([...plan.hosts.keys()]).toContain(probe.dependsOn.host);
    }
    const ids = allProbes(plan).map((p) => p.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("a machine that is too small for its role is a finding with its place; the lab's are not", () => {
    expect(smallMachines(plan)).toEqual([]);
    const changed = (change: Partial<Host>): Plan => ({
      ...plan,
      hosts: new Map([...plan.hosts].map(([id, h]) => [id, id === "mail" ? { ...h, ...change } : h] as const)),
    });
    const [memory, ...rest] = smallMachines(changed({ memoryMiB: 512 }));
    expect(rest).toEqual([]);
    expect(memory).toMatchObject({
      code: "ROLE_SMALL_MACHINE",
      path: "hosts.mail.memoryMiB",
      place: { file: expect.stringContaining("hosts.yaml") as string },
    });
    expect(smallMachines(changed({ disksGiB: [4] }))).toMatchObject([{ path: "hosts.mail.disksGiB" }]);
  });
});
