import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { loadPlan, type Host, type Plan } from "../../src/plan/index.ts";
import { smallMachines } from "../../src/roles/machines.ts";
import { BASE } from "../../src/roles/role.ts";
import { allProbes, base, roles, vocabulary } from "../../src/roles/registry.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

const root = repositoryRoot();
const outcome = await loadPlan(join(root, "tests/plans/lab"));
if (!outcome.ok) throw new Error("the lab's plan is not sound");
const plan = outcome.value;
const all = [base, ...roles.values()];

/** Also of folders in it; what Python leaves beside modules that a test has run is no template. */
function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && !e.parentPath.endsWith("__pycache__"))
    .map((e) => relative(folder, join(e.parentPath, e.name)))
    .sort();
}

describe("the registry of roles", () => {
  test("has each role once, new ones at the end, for the ids of templates follow the order", () => {
    const before = ["router", "dc", "pbx", "mail", "supervision", "backup", "ebrigade", "vpn", "bastion"];
    const ids = [...roles.keys()];
    expect(ids.slice(0, 12)).toEqual([...before, "workstation", "internet", "field"]);
    // Two of one name would be one in the map: a folder is a role's, or the base's.
    const folders = readdirSync(join(root, "src/roles"), { withFileTypes: true }).filter((d) => d.isDirectory());
    expect([...ids, "base"]).toEqual(expect.arrayContaining(folders.map((d) => d.name)));
    expect([...vocabulary.keys()]).toEqual(ids);
  });

  test.each(all.map((r) => [r.id, r] as const))(
    "%s: its page is there, and its templates are those of its folder",
    (id, role) => {
      expect(existsSync(join(root, role.manual)), role.manual).toBe(true);
      const folder = join(root, "templates", id);
      expect([...role.templates].sort()).toEqual(filesIn(folder));
    },
  );

  test("gives neighbours only services that the plan knows, and tells what of a probe's is a host's", () => {
    for (const role of roles.values())
      for (const service of role.neighbours) expect([...plan.services.keys()]).toContain(service);
    for (const probe of allProbes(plan)) {
      expect([...plan.hosts.keys()]).toContain(probe.from);
      for (const need of probe.needs) expect([BASE, ...plan.coverage.keys()]).toContain(need);
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
