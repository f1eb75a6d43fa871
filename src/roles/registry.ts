import { Fault } from "../core/fault.ts";
import type { RoleId } from "../plan/names.ts";
import type { Host, Plan } from "../plan/types.ts";
import { backup } from "./backup/index.ts";
import { base } from "./base/index.ts";
import { bastion } from "./bastion/index.ts";
import { dc } from "./dc/index.ts";
import { internet } from "./internet/index.ts";
import { plainRole } from "./plain.ts";
import type { Probe, RoleContext, RoleDefinition, RoleWork } from "./role.ts";
import { fillTemplate, type Fill } from "./template.ts";
import { workstation } from "./workstation/index.ts";

/** Every role that a host may play: a role that the plan knows and this table does not is an error of types. */
export const roles: Readonly<Record<RoleId, RoleDefinition>> = {
  router: plainRole("router", { memoryMiB: 1024, diskGiB: 8 }),
  dc,
  pbx: plainRole("pbx", { memoryMiB: 1024, diskGiB: 8 }),
  mail: plainRole("mail", { memoryMiB: 4096, diskGiB: 20 }),
  supervision: plainRole("supervision", { memoryMiB: 2048, diskGiB: 20 }),
  backup,
  ebrigade: plainRole("ebrigade", { memoryMiB: 1024, diskGiB: 8 }),
  vpn: plainRole("vpn", { memoryMiB: 512, diskGiB: 8 }),
  bastion,
  workstation,
  internet,
  field: plainRole("field", { memoryMiB: 512, diskGiB: 8 }),
};

export { base };

/** Every file of `templates/` that some role reads, by `<role>/<file>`. */
export const roleTemplateNames: readonly string[] = [base, ...Object.values(roles)].flatMap((r) =>
  r.templates.map((file) => `${r.id}/${file}`),
);

/** What one role asks of one host. */
export interface HostRole {
  readonly role: RoleDefinition["id"];
  readonly work: RoleWork;
}

/**
 * What a host is asked for, in order: the base, then its own role. Nothing for a pfSense, which boots from its
 * configuration.
 * @param templates texts by `<role>/<file>`
 */
export function renderHost(
  plan: Plan,
  host: Host,
  templates: ReadonlyMap<string, string>,
  operator: RoleContext["operator"],
): readonly HostRole[] {
  if (plan.images.get(host.image)!.os === "pfsense") return [];
  const own = roleOf(host);
  const contextOf = (definition: RoleDefinition): RoleContext => ({
    plan,
    host,
    operator,
    neighbours: own.neighbours,
    fill: ((name: string, values: Readonly<Record<string, string>>) => {
      const text = templates.get(`${definition.id}/${name}`);
      if (text === undefined)
        throw new Fault(
          "ROLE_NO_TEMPLATE",
          `The role ${definition.id} fills templates/${definition.id}/${name}, which it does not name among its templates.`,
          `Add "${name}" to the templates of src/roles/${definition.id}/index.ts.`,
        );
      return fillTemplate(`templates/${definition.id}/${name}`, text, values);
    }) as Fill,
  });
  return [base, own]
    .map((definition) => ({ role: definition.id, work: definition.work(contextOf(definition)) }))
    .filter(({ work }) => work.steps.length > 0);
}

/** Every question of acceptance that the plan's roles ask, in the order of the registry. */
export const allProbes = (plan: Plan): readonly Probe[] =>
  [base, ...Object.values(roles)].flatMap((role) => role.probes(plan));

/** Packages that images have beside the system, one list a layer: the base's, which all share, and the role's own. */
export const roleLayers: Readonly<Record<string, string[][]>> = Object.fromEntries(
  Object.entries(roles).map(([id, role]) => [id, [[...base.packages], [...role.packages]]] as const),
);

const roleOf = (host: Host): RoleDefinition => roles[host.role as RoleId];
