import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fillText } from "../../src/core/text.ts";
import { parsePlan, type Plan } from "../../src/plan/index.ts";
import { roleTemplateNames, roles, vocabulary } from "../../src/roles/registry.ts";
import { renderHost } from "../../src/roles/render.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { bytesOf, labDocuments } from "../plan/lab-documents.ts";

const root = repositoryRoot();
const documents = await labDocuments();
const templates = new Map(
  await Promise.all(
    roleTemplateNames.map(async (name) => [name, await readFile(join(root, "templates", name), "utf8")] as const),
  ),
);

/** @param settings of roles.yaml; null leaves the document out */
function planOf(settings: object | null): Plan {
  const files = bytesOf(settings === null ? documents : { ...documents, roles: { settings } });
  if (settings === null) files.delete("roles.yaml");
  const outcome = parsePlan(files, { roles: vocabulary });
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.path}: ${e.fact}`).join("\n"));
  return outcome.value;
}

/** What a host is given in a file. */
function file(plan: Plan, host: string, path: string): string {
  const steps = renderHost(plan, plan.hosts.get(host)!, templates, null).flatMap(({ work }) => work.steps);
  const found = steps.flatMap((step) => (step.kind === "files" && step.files[path] ? [step.files[path].content] : []));
  expect(found).toHaveLength(1);
  return fillText(found[0]!, () => "x");
}
const kept = (plan: Plan): string => file(plan, "backup", "/etc/tmpfiles.d/maquette-hosts.conf").split("\n")[1]!;
const policy = (plan: Plan): unknown =>
  (JSON.parse(file(plan, "dc1", "/etc/maquette/domain.json")) as { passwordPolicy: unknown }).passwordPolicy;

test("what a plan says to a role is in what its hosts get", () => {
  const plan = planOf({
    dc: { passwords: { minimumLength: 14 }, lockout: { attempts: 5, minutes: 60 } },
    backup: { logDays: 30 },
  });
  expect(kept(plan)).toBe("d /var/log/hosts 0750 root adm 30d");
  expect(policy(plan)).toMatchObject({
    minPwdLength: "14",
    pwdHistoryLength: "24",
    lockoutThreshold: "5",
    lockoutDuration: "-36000000000",
    lockOutObservationWindow: "-36000000000",
  });
});

test("a plan that says nothing, or is without the document, has every setting at its default, and so has the lab", () => {
  const defaults = {
    minPwdLength: "12",
    pwdProperties: "1",
    pwdHistoryLength: "24",
    minPwdAge: "0",
    maxPwdAge: String(-(2n ** 63n)),
    lockoutThreshold: "10",
    lockoutDuration: "-9000000000",
    lockOutObservationWindow: "-9000000000",
  };
  for (const plan of [
    planOf(null),
    planOf({}),
    planOf({ dc: {} }),
    planOf((documents.roles as { settings: object }).settings),
  ]) {
    expect(kept(plan)).toBe("d /var/log/hosts 0750 root adm 365d");
    expect(policy(plan)).toEqual(defaults);
  }
});

test("every role's settings may be left out, and no key of theirs is taken that they do not know", () => {
  for (const { id, settings } of roles.values()) {
    if (settings === undefined) continue;
    expect([id, settings.safeParse({}).success]).toEqual([id, true]);
    expect([id, settings.safeParse({ "no such key": 1 }).success]).toEqual([id, false]);
  }
});
