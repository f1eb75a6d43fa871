import { isAbsolute, join } from "node:path";
import type { Outcome } from "../core/diagnostics.ts";
import { markOf } from "../infra/mark.ts";
import { namingOf } from "../infra/naming.ts";
import type { Settings } from "../infra/settings.ts";
import type { Naming } from "../infra/world.ts";
import { loadPlan } from "../plan/index.ts";
import type { Plan } from "../plan/types.ts";
import { loadStackSecret } from "../stack/secret.ts";
import type { Context } from "./context.ts";

/** The plan of a command: the one asked for with --plan (as the user's shell means it), else the stack's. */
export async function planOf(context: Context, settings: Settings, asked: unknown): Promise<Outcome<Plan>> {
  const own = isAbsolute(settings.plan) ? settings.plan : join(context.root, settings.plan);
  return loadPlan(typeof asked === "string" ? asked : own, { nodes: settings.nodes.length });
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
