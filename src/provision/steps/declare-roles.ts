import type { Host, Plan } from "../../plan/types.ts";
import { renderHost, type HostRole } from "../../roles/render.ts";
import type { RoleContext } from "../../roles/role.ts";
import { authorityOf, type AuthorityRequest, type CertificateRequest } from "../../roles/seed.ts";
import type { SecretSource } from "../secrets.ts";
import { digestOf, sentSteps } from "./filled.ts";
import { declare, type DeclaredStep } from "./work.ts";

/** A role's work on a host, as its resource declares it. */
export interface DeclaredRole {
  readonly role: HostRole["role"];
  readonly steps: readonly DeclaredStep[];
  /** The CA that signs the certificates. */
  readonly authority: AuthorityRequest;
  readonly certificates: Readonly<Record<string, CertificateRequest>>;
  /** Hosts whose own role is done before. */
  readonly after: readonly Host["id"][];
  /** Of what fills the places for secrets. */
  readonly digest: string;
}

/**
 * What every host of the plan is asked for, in order; a fault of a role is found here, before anything is made.
 * @param templates texts by `<role>/<file>`
 * @throws Fault ROLE_…, TEMPLATE_…
 */
export async function declareRoles(
  plan: Plan,
  operator: RoleContext["operator"],
  templates: ReadonlyMap<string, string>,
  secrets: SecretSource,
): Promise<ReadonlyMap<Host["id"], readonly DeclaredRole[]>> {
  const authority = authorityOf(plan);
  const rendered = [...plan.hosts.values()].map((host) => ({
    host,
    works: renderHost(plan, host, templates, operator),
  }));
  for (const { work } of rendered.flatMap(({ works }) => works))
    await secrets.makeRevoked({ authority, certificates: work.certificates ?? {} });
  const made = rendered.map(async ({ host, works }) => {
    const roles = works.map(async ({ role, work }) => {
      const steps = declare(role, work);
      const certificates = work.certificates ?? {};
      const digest = digestOf(await sentSteps({ steps, authority, certificates }, secrets), secrets);
      return { role, steps, authority, certificates, after: work.after ?? [], digest };
    });
    return [host.id, await Promise.all(roles)] as const;
  });
  return new Map(await Promise.all(made));
}
