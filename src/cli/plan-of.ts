import type { Outcome } from "../core/diagnostics.ts";
import { markOf } from "../infra/mark.ts";
import { namingOf } from "../infra/naming.ts";
import { planFolder, type Settings } from "../infra/settings.ts";
import type { Naming } from "../infra/world.ts";
import { loadPlan } from "../plan/index.ts";
import type { Plan } from "../plan/types.ts";
import { vocabulary } from "../roles/registry.ts";
import { loadStackSecret } from "../stack/secret.ts";
import type { Context } from "./context.ts";
import { hadIn, placesOf } from "./had.ts";

/** The plan of a command: the one asked for with --plan (as the user's shell means it), else the stack's. */
export async function planOf(context: Context, settings: Settings, asked: unknown): Promise<Outcome<Plan>> {
  return loadPlan(folderOf(context, settings, asked), {
    nodes: settings.nodes.length,
    roles: vocabulary,
    artefacts: await hadIn(placesOf(context, settings)),
  });
}

/** Where that plan is. */
export function folderOf(context: Context, settings: Settings, asked: unknown): string {
  return typeof asked === "string" ? asked : planFolder(context.root, context.stack, settings);
}

/** How the stack's guests are named and marked on the hypervisor. */
export async function identityOf(
  context: Context,
  settings: Settings,
  plan: Plan,
): Promise<{ readonly naming: Naming; readonly mark: string }> {
  const naming = namingOf(plan, settings);
  return { naming, mark: markOf(naming.pool, await loadStackSecret(context.folders.secrets), context.stack) };
}
