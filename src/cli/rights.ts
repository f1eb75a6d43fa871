import { Fault } from "../core/fault.ts";
import { describeNeeds, needsOf, unmet, type Need } from "../infra/needs.ts";
import type { Settings } from "../infra/settings.ts";
import type { Naming } from "../infra/world.ts";
import type { Plan } from "../plan/types.ts";
import type { PveClient } from "../pve/client/index.ts";

/** What the stack's token lacks, asked of the API for each place by itself: what stands there counts, not what is above. */
export async function missingRights(
  client: PveClient,
  settings: Settings,
  plan: Plan,
  naming: Naming,
): Promise<readonly Need[]> {
  const needs = needsOf({ settings, plan, naming, hosts: [...plan.hosts.values()] });
  const paths = [...new Set(needs.flatMap((n) => n.paths))];
  const held = await Promise.all(paths.map(async (path) => [path, await client.permissionsOn(path)] as const));
  return unmet(needs, new Map(held));
}

/** Before anything is made. @throws Fault PVE_RIGHTS_MISSING naming each privilege and its path */
export function refuseMissing(missing: readonly Need[], token: string): void {
  if (missing.length === 0) return;
  throw new Fault(
    "PVE_RIGHTS_MISSING",
    `The token ${token} lacks rights without which the lab cannot be made:\n  ${describeNeeds(missing).join("\n  ")}`,
    "Give its user a role with them there, as docs/own-proxmox.md does (`pveum acl modify PATH --users USER --roles ROLE`); a token with privilege separation needs them too. Nothing was made.",
  );
}
