import { layerOf } from "../core/debian.ts";
import { hostsOf } from "../plan/query.ts";
import type { Host, Plan } from "../plan/types.ts";
import type { Vocabulary } from "../plan/vocabulary.ts";
import { backup } from "./backup/index.ts";
import { base } from "./base/index.ts";
import { bastion } from "./bastion/index.ts";
import { dc } from "./dc/index.ts";
import { ebrigade } from "./ebrigade/index.ts";
import { field } from "./field/index.ts";
import { internet } from "./internet/index.ts";
import { mail } from "./mail/index.ts";
import { pbx } from "./pbx/index.ts";
import { power } from "./power/index.ts";
import type { ArtefactUse, Asked, Drill, Probe, RoleDefinition, Sessions, Trouble } from "./role.ts";
import { router } from "./router/index.ts";
import { supervision } from "./supervision/index.ts";
import { vpn } from "./vpn/index.ts";
import { workstation } from "./workstation/index.ts";

/** Every role that a host may play. New ones go to the end: the ids of templates follow this order (infra/naming). */
const all: readonly RoleDefinition[] = [
  router,
  dc,
  pbx,
  mail,
  supervision,
  backup,
  ebrigade,
  vpn,
  bastion,
  workstation,
  internet,
  field,
  power,
];

/** By id, in the same order. */
export const roles: ReadonlyMap<string, RoleDefinition> = new Map(all.map((role) => [role.id, role]));

/** What a plan is judged with: the words that its hosts and roles.yaml may say. */
export const vocabulary: Vocabulary = new Map(all.map((role) => [role.id, { settings: role.settings ?? null }]));

export { base };

/** Those of a host, in the order in which they are done. */
export const rolesOf = (host: Host): readonly RoleDefinition[] => host.roles.map(roleNamed);

export const keepsAddress = (host: Host): boolean => rolesOf(host).some((role) => role.keepsAddress === true);

/** What a host is for good, by its roles; undefined where that is nothing. */
export function keptBy(plan: Plan, host: Host): string | undefined {
  const kept = rolesOf(host).flatMap((role) => role.keeps?.(plan) ?? []);
  return kept.length === 0 ? undefined : kept.join(", ");
}

/** @throws TypeError where a plan was judged without the vocabulary and says a word that is none */
export function roleNamed(id: string): RoleDefinition {
  const role = roles.get(id);
  if (role === undefined) throw new TypeError(`not a role after the plan: ${id}`);
  return role;
}

/** Those that some host of the plan plays. */
export const playedIn = (plan: Plan): readonly RoleDefinition[] =>
  all.filter((role) => hostsOf(plan, role.id).length > 0);

/** A plan does not change, and every host of it asks for the same. */
const asked = new WeakMap<Plan, Asked>();

/** What the roles of the plan ask of those that serve the whole lab. */
export function askedIn(plan: Plan): Asked {
  const known = asked.get(plan);
  if (known !== undefined) return known;
  const asks = playedIn(plan).map((role) => role.asks?.(plan) ?? {});
  const all: Asked = {
    accounts: asks.flatMap((a) => a.accounts ?? []),
    people: [...new Set(asks.flatMap((a) => a.people ?? []))],
    members: [...new Set(asks.flatMap((a) => a.members ?? []))],
    names: asks.flatMap((a) => a.names ?? []),
    watched: asks.flatMap((a) => a.watched ?? []),
    values: asks.flatMap((a) => a.values ?? []),
    recurring: asks.flatMap((a) => a.recurring ?? []),
    measured: asks.flatMap((a) => a.measured ?? []),
    kept: asks.flatMap((a) => a.kept ?? []),
  };
  asked.set(plan, all);
  return all;
}

/** A use of artefacts, and the hosts that it is for. */
export interface HostsUse extends ArtefactUse {
  readonly hosts: readonly Host["id"][];
}

/** What the roles of the plan would install of others. */
export const artefactsIn = (plan: Plan): readonly HostsUse[] =>
  playedIn(plan).flatMap((role) =>
    (role.artefacts?.(plan) ?? []).map((use) => ({
      ...use,
      hosts: use.hosts ?? hostsOf(plan, role.id).map((h) => h.id),
    })),
  );

/** Every file of `templates/` that some role reads, by `<role>/<file>`. */
export const roleTemplateNames: readonly string[] = [base, ...all].flatMap((r) =>
  r.templates.map((file) => `${r.id}/${file}`),
);

/** Every question of acceptance that the plan's roles ask, in the order of the registry. */
export function allProbes(plan: Plan): readonly Probe[] {
  const asked = askedIn(plan);
  return [...base.probes(plan), ...all.flatMap((role) => role.probes(plan, asked))];
}

/** Every rehearsal that the roles bring, by the word that asks for it. */
export const allDrills: ReadonlyMap<string, Drill> = new Map(
  all.flatMap((role) => role.drills ?? []).map((drill) => [drill.id, drill] as const),
);

/** Faults that the roles of the plan know how to make. */
export const allTroubles = (plan: Plan): readonly Trouble[] => playedIn(plan).flatMap((r) => r.troubles?.(plan) ?? []);

/** How a role tells what is open through its host; undefined where it does not. */
export const sessionsOf = (role: string): Sessions | undefined => all.find((r) => r.id === role)?.sessions;

/** Packages that images have beside the system, one list a layer: what every host may need, and the role's own. */
export const roleLayers: Readonly<Record<string, string[][]>> = Object.fromEntries(
  all.map((role) => [role.id, [everybodysPackages(), [...role.packages]]] as const),
);

/** The same for a plan, with what some of its roles want more there. */
export const roleLayersOf = (plan: Plan): Readonly<Record<string, string[][]>> =>
  Object.fromEntries(
    all.map((role) => {
      const isPlayed = hostsOf(plan, role.id).length > 0;
      const more = isPlayed ? (role.morePackages?.(plan) ?? []) : [];
      const roots = isPlayed ? (role.roots?.(plan) ?? []) : [];
      const own = [...(more.length === 0 ? [] : [[...more]]), ...roots.map(layerOf)];
      return [role.id, [...roleLayers[role.id]!, ...own]] as const;
    }),
  );

function everybodysPackages(): string[] {
  const clients = all.flatMap((role) => role.clientPackages ?? []);
  return [...new Set([...base.packages, ...clients])].sort();
}
