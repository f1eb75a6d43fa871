import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadPlan, type Host, type Plan } from "../../src/plan/index.ts";
import { roleTemplateNames } from "../../src/roles/registry.ts";
import { renderHost, type HostRole } from "../../src/roles/render.ts";
import { shown } from "../../src/core/text.ts";
import type { FileContent, FilesStep, RoleContext, Step } from "../../src/roles/role.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

export type ShownFile = Omit<FileContent, "content"> & { readonly content: string };

/** The lab's plan, and what its hosts are asked for. */
export interface RenderedLab {
  readonly plan: Plan;
  readonly debians: readonly Host[];
  readonly roles: (id: Host["id"], operator?: RoleContext["operator"]) => readonly HostRole[];
  readonly steps: (id: Host["id"], role: HostRole["role"]) => readonly Step[];
  /** Every file of a host's steps, by path, as people read it. */
  readonly files: (id: Host["id"], operator?: RoleContext["operator"]) => ReadonlyMap<string, ShownFile>;
}

export async function renderedLab(change: (plan: Plan) => Plan = (plan) => plan): Promise<RenderedLab> {
  const root = repositoryRoot();
  const outcome = await loadPlan(join(root, "tests/plans/lab"), { nodes: 2 });
  if (!outcome.ok) throw new Error("the lab's plan has faults");
  const plan = change(outcome.value);
  const read = roleTemplateNames.map(
    async (name) => [name, await readFile(join(root, "templates", name), "utf8")] as const,
  );
  const templates = new Map(await Promise.all(read));
  const roles: RenderedLab["roles"] = (id, operator = null) =>
    renderHost(plan, plan.hosts.get(id)!, templates, operator);
  return {
    plan,
    debians: [...plan.hosts.values()].filter((h) => plan.images.get(h.image)!.os === "debian"),
    roles,
    steps: (id, role) => roles(id).find((r) => r.role === role)?.work.steps ?? [],
    files: (id, operator = null) =>
      new Map(
        roles(id, operator)
          .flatMap(({ work }) => work.steps)
          .filter((s): s is FilesStep => s.kind === "files")
          .flatMap((s) => Object.entries(s.files))
          .map(([path, file]) => [path, { ...file, content: shown(file.content) }] as const),
      ),
  };
}
