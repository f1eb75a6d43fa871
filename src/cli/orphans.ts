import { namingOf, seedNaming } from "../infra/naming.ts";
import { readRoleTemplates, readSeedTemplates } from "../infra/read-templates.ts";
import type { Settings } from "../infra/settings.ts";
import type { Plan } from "../plan/types.ts";
import { secretUses, type SecretUse } from "../provision/secret-uses.ts";
import type { Vault } from "../stack/vault.ts";
import type { Context } from "./context.ts";

/** Every secret that the plan asks for. @throws Fault ROLE_…, TEMPLATE_… */
export async function usesOf(context: Context, settings: Settings, plan: Plan): Promise<readonly SecretUse[]> {
  const naming = namingOf(plan, settings);
  return secretUses(plan, {
    templates: await readRoleTemplates(context.root),
    seedTemplates: await readSeedTemplates(context.root),
    naming: (host) => seedNaming(naming, host),
    operator: naming.operator,
  });
}

/** Labels of certificates that the vault keeps and that no host of the plan asks for any more. */
export async function orphansOf(vault: Vault, uses: readonly SecretUse[]): Promise<readonly string[]> {
  const asked = new Set(uses.map((u) => u.label));
  return (await vault.labels()).filter((label) => label !== "ca" && !asked.has(`cert/${label}`));
}

/**
 * A host that has left the plan takes its keys along on a disk that somebody may have copied: what it held is ended.
 * @returns the labels that were revoked now
 */
export async function revokeOrphans(vault: Vault, uses: readonly SecretUse[]): Promise<readonly string[]> {
  const revoked: string[] = [];
  for (const label of await orphansOf(vault, uses)) if ((await vault.revoke(label)).length > 0) revoked.push(label);
  return revoked;
}
