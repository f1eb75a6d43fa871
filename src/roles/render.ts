import { Fault } from "../core/fault.ts";
import type { Host, Plan } from "../plan/types.ts";
import { incoming, type HostRule } from "./base/firewall.ts";
import { askedIn, base, playedIn, rolesOf } from "./registry.ts";
import type { BaseParts, ClientWork, RoleContext, RoleDefinition, RoleWork } from "./role.ts";
import { fillTemplate, type Fill } from "./template.ts";

/** What one role asks of one host. */
export interface HostRole {
  /** `base`, or the id of a role. */
  readonly role: RoleDefinition["id"];
  readonly work: RoleWork;
}

/** Something of a host's work, and the role that brings it. */
export interface Brought<T> {
  readonly by: RoleDefinition;
  readonly work: T;
}

/** What a host is asked for, by whom. */
export interface HostWork {
  readonly base: RoleWork;
  /** By the roles that serve it. */
  readonly served: readonly Brought<ClientWork>[];
  /** By its own. */
  readonly own: readonly Brought<RoleWork>[];
}

/**
 * What a host is asked for: the base, what the roles ask of it that serve it, and its own. Undefined for a pfSense,
 * which boots from its configuration.
 * @param templates texts by `<role>/<file>`; without them every file is empty, for whoever asks what is asked for
 */
export function workOf(
  plan: Plan,
  host: Host,
  templates?: ReadonlyMap<string, string>,
  operator: RoleContext["operator"] = null,
): HostWork | undefined {
  const { os } = plan.images.get(host.image)!;
  if (os === "pfsense") return undefined;
  const fillOf = (role: string, known: readonly string[]): Fill =>
    templates === undefined ? nothing : filler(role, known, templates);
  const isWayIn = rolesOf(host).some((role) => role.isWayIn);
  const common = { plan, host, asked: askedIn(plan), operator: isWayIn ? operator : null };
  const own = rolesOf(host).map((by) => ({ by, work: by.work({ ...common, fill: fillOf(by.id, by.templates) }) }));
  // What is asked of clients is written for Debian.
  const served = (os === "debian" ? playedIn(plan) : []).flatMap((by) => {
    const work = by.clients?.({ plan, host, asked: common.asked, fill: fillOf(by.id, by.templates) }) ?? null;
    return work === null ? [] : [{ by, work }];
  });
  const parts = partsOf({ own, served });
  return { base: base.work({ ...common, fill: fillOf(base.id, base.templates) }, parts), served, own };
}

/** What the base does for the others. */
function partsOf({ own, served }: Pick<HostWork, "own" | "served">): BaseParts {
  return {
    first: [...own, ...served].flatMap(({ work }) => work.first ?? []),
    packages: [...new Set([...base.packages, ...served.flatMap(({ by }) => by.clientPackages ?? [])])].sort(),
    doors: served.flatMap(({ work }) => work.doors ?? []),
    onRevocation: served.flatMap(({ work }) => work.onRevocation ?? []),
    neighbours: own.flatMap(({ by }) => by.neighbours),
    isWayIn: own.some(({ by }) => by.isWayIn),
  };
}

/**
 * The same in the order in which it is done: the base with what clients get, then the host's own roles. Nothing for a
 * pfSense.
 */
export function renderHost(
  plan: Plan,
  host: Host,
  templates: ReadonlyMap<string, string>,
  operator: RoleContext["operator"],
): readonly HostRole[] {
  const work = workOf(plan, host, templates, operator);
  if (work === undefined) return [];
  const { own, served } = work;
  const first: HostRole = { role: "base", work: together([work.base, ...served.map((s) => s.work)]) };
  return [first, ...own.map(({ by, work: w }) => ({ role: by.id, work: w }))].filter((r) => r.work.steps.length > 0);
}

const nothing = (() => "") as Fill;

/**
 * What the host's own firewall does, first match and else refused; undefined where it has none of ours.
 * @param known its work, where somebody has it already
 */
export function firewallOf(plan: Plan, host: Host, known?: HostWork): readonly HostRule[] | undefined {
  if (plan.images.get(host.image)!.os !== "debian" || host.isOutside) return undefined;
  const work = known ?? workOf(plan, host);
  if (work === undefined) return undefined;
  const { doors, neighbours } = partsOf(work);
  return incoming(plan, host, { doors, neighbours, operators: [] });
}

/** Works one after another, as one. */
function together(works: readonly RoleWork[]): RoleWork {
  return {
    steps: works.flatMap((w) => w.steps),
    certificates: Object.assign({}, ...works.map((w) => w.certificates ?? {})) as NonNullable<RoleWork["certificates"]>,
    after: [...new Set(works.flatMap((w) => w.after ?? []))],
    needs: works.flatMap((w) => w.needs ?? []),
  };
}

/** Fills the templates that a role names, and by `base/…` the base's. @throws Fault ROLE_NO_TEMPLATE */
function filler(role: string, known: readonly string[], templates: ReadonlyMap<string, string>): Fill {
  return ((name: string, values: Readonly<Record<string, string>>) => {
    const isBases = name.startsWith("base/");
    const path = isBases ? name : `${role}/${name}`;
    const text = isBases || known.includes(name) ? templates.get(path) : undefined;
    if (text === undefined)
      throw new Fault(
        "ROLE_NO_TEMPLATE",
        `The role ${role} fills templates/${path}, which ${isBases ? "the base does not have" : "it does not name among its templates"}.`,
        `Add "${name}" to the templates of src/roles/${role}/index.ts.`,
      );
    return fillTemplate(`templates/${path}`, text, values);
  }) as Fill;
}
