import type { CertificateOrder, Resolve, SecretSource } from "../secrets.ts";
import { fillSteps, textsOf, type DeclaredStep } from "./work.ts";

/** The values that fill the places of a role's steps. */
export const resolverOf = (
  secrets: SecretSource,
  role: CertificateOrder & { readonly steps: readonly DeclaredStep[] },
): Promise<Resolve> => secrets.resolver(textsOf(role.steps), role);

/** Changes when anything changes that a host would be sent, a rotated secret or a renewed certificate too. */
export async function digestOfSteps(
  role: CertificateOrder & { readonly steps: readonly DeclaredStep[] },
  secrets: SecretSource,
): Promise<string> {
  return secrets.digest(JSON.stringify(fillSteps(role.steps, await resolverOf(secrets, role))));
}
