import type { Resolve } from "../../core/text.ts";
import type { CertificateOrder, SecretSource } from "../secrets.ts";
import type { SentRole } from "./runner.ts";
import { fillSteps, textsOf, type DeclaredStep, type SentStep } from "./work.ts";

/** Steps, and where the values for their places come from. */
export type Fillable = CertificateOrder & { readonly steps: readonly DeclaredStep[] };

/** The values that fill the places of a role's steps. */
export const resolverOf = (role: Fillable, secrets: SecretSource): Promise<Resolve> =>
  secrets.resolver(textsOf(role.steps), role);

/** Steps as their host gets them, every place filled. */
export const sentSteps = async (role: Fillable, secrets: SecretSource): Promise<readonly SentStep[]> =>
  fillSteps(role.steps, await resolverOf(role, secrets));

export const sentRole = async (
  role: Fillable & { readonly role: string },
  secrets: SecretSource,
): Promise<SentRole> => ({ role: role.role, steps: await sentSteps(role, secrets) });

/** Changes when anything changes that a host would be sent, a rotated secret or a renewed certificate too. */
export const digestOf = (sent: readonly SentStep[], secrets: SecretSource): string =>
  secrets.digest(JSON.stringify(sent));
