import type { Place } from "../core/diagnostics.ts";
import type { Draft } from "./draft.ts";
import type { DocumentName } from "./names.ts";
import type { Problem, Where } from "./problem.ts";
import type { Shape } from "./shape.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { Context, type Shapes } from "./context.ts";
import { resolveCoverage } from "./coverage/resolve.ts";
import { resolveEndpointGroups } from "./flows/endpoints.ts";
import {
  resolveFlows,
  resolveForwards,
  resolveInvariants,
  resolveSwitches,
  resolveWaivers,
  switchedOff,
} from "./flows/resolve.ts";
import { resolveHosts, resolveImages } from "./hosts/resolve.ts";
import { firstOf, ofKind, resolveDepartments, resolveGroups, resolvePeople } from "./people/resolve.ts";
import { resolveMinimums, resolveSettings } from "./roles/resolve.ts";
import { resolveServices } from "./services/resolve.ts";
import { resolveAuthority, resolveDomain, resolvePools, resolveZones } from "./addressing/resolve.ts";

export type { Shapes } from "./context.ts";

/** What is known of a plan beside its documents. */
interface Circumstances {
  /** How many nodes the stack has. */
  readonly nodes: number;
  readonly roles: Vocabulary | undefined;
  readonly locate: (where: Where) => Place;
}

/** Names to things, text to addresses and ports, defaults filled in; every name that leads nowhere is a problem. */
export function resolve(
  shapes: Shapes,
  { nodes, roles, locate }: Circumstances,
): { readonly draft: Draft; readonly problems: readonly Problem[] } {
  const ctx = new Context(shapes, roles, locate);
  const zones = resolveZones(ctx);
  const pools = resolvePools(ctx);
  const images = resolveImages(ctx);
  const hosts = resolveHosts(ctx, zones);
  const domain = resolveDomain(ctx, hosts);
  const services = resolveServices(ctx);
  const endpointGroups = resolveEndpointGroups(ctx);
  const flows = resolveFlows(ctx, endpointGroups);
  const forwards = resolveForwards(ctx);
  const invariants = resolveInvariants(ctx, endpointGroups);
  const waivers = resolveWaivers(ctx);
  const departments = resolveDepartments(ctx);
  const groups = resolveGroups(ctx);
  const everybody = resolvePeople(ctx, groups, domain);
  const switches = resolveSwitches(ctx);
  const coverage = resolveCoverage(ctx, switches);
  const off = [...switchedOff(ctx).keys()];
  const offOf = (kind: string): number => off.filter((name) => name.startsWith(`${kind}:`)).length;
  // Sound by the schema and yet left out, for a name that leads nowhere: the section is not whole either.
  const counts: Partial<Record<DocumentName, Readonly<Record<string, number>>>> = {
    addressing: { zones: zones.size, pools: pools.size },
    hosts: { hosts: hosts.size },
    services: { services: services.size },
    // A person who lost a group to a misspelling is not whole.
    people: {
      people: shapes.people
        .entries("people")
        .filter(({ id, value }) => everybody.get(firstOf(id, value))?.groups.length === value.groups.length).length,
    },
    flows: {
      groups: endpointGroups.size,
      flows: flows.length + offOf("flow"),
      forwards: forwards.length + offOf("forward"),
    },
  };
  const draft: Draft = {
    name: shapes.addressing.one("name")?.value ?? null,
    // A misspelt kind is reported as that, and not as all that a lab would need.
    kind: shapes.addressing.one("kind")?.value ?? (shapes.addressing.isWhole("kind") ? "lab" : "site"),
    domain,
    authority: resolveAuthority(ctx),
    zones,
    pools,
    images,
    hosts,
    minimums: resolveMinimums(ctx),
    settings: resolveSettings(ctx),
    services,
    endpointGroups,
    flows,
    switches,
    forwards,
    invariants,
    waivers,
    departments,
    groups,
    people: ofKind(everybody, "user"),
    probePeople: ofKind(everybody, "probe"),
    coverage,
    namedEnds: [
      ...flows.flatMap((flow) => [...flow.fromNames, ...flow.toNames]),
      ...shapes.flows.entries("invariants").flatMap(({ value }) => [...value.from, ...value.to]),
    ],
    nodes,
    roles,
    origin: (entity) => ctx.origin(entity),
    isWhole: (document, section) => {
      const shape = shapes[document] as Shape<Record<string, unknown>>;
      const resolved = counts[document]?.[section];
      return shape.isWhole(section) && (resolved === undefined || resolved === shape.entries(section).length);
    },
  };
  return { draft, problems: ctx.problems };
}
