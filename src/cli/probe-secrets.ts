import type { Resolve, Text } from "../core/text.ts";
import type { Plan } from "../plan/types.ts";
import { SecretSource } from "../provision/secrets.ts";
import type { Command, Probe } from "../roles/role.ts";
import { authorityOf } from "../roles/seed.ts";
import { loadStackSecret } from "../stack/secret.ts";
import { Vault } from "../stack/vault.ts";
import type { Context } from "./context.ts";

/** What these texts ask of the stack's secret; of its certificates none, for nobody asks a probe to show one. */
export async function secretsOf({ folders }: Context, plan: Plan, texts: readonly Text[]): Promise<Resolve> {
  const secrets = new SecretSource(await loadStackSecret(folders.secrets), new Vault(folders.secrets));
  return secrets.resolver(texts, { authority: authorityOf(plan), certificates: {} });
}

/** What probes write to their programs, on whichever host. */
export const inputsOf = (probes: readonly Probe[]): Text[] =>
  probes
    .flatMap(({ run, before = [] }): Command[] => [run, ...before.map((b) => b.run)])
    .flatMap(({ input }) => (input === undefined ? [] : [input]));
