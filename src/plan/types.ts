import type { Pool, Zone, Domain, Authority } from "./addressing/types.ts";
import type { Host, Image } from "./hosts/types.ts";
import type { Minimum, RoleSettings } from "./roles/types.ts";
import type { Service } from "./services/types.ts";
import type { EndpointGroup, Flow, Forward, Waiver, Invariant, Switch } from "./flows/types.ts";
import type { Group, Person, Department } from "./people/types.ts";
import type { Coverage } from "./coverage/types.ts";

/*
 * The plan, fully resolved: every name points at a thing that exists, every default is filled in, nothing is
 * optional that a reader would have to default. It is deeply frozen. Maps keep the order of the documents.
 */

export type * from "./addressing/types.ts";
export type * from "./hosts/types.ts";
export type * from "./roles/types.ts";
export type * from "./services/types.ts";
export type * from "./flows/types.ts";
export type * from "./people/types.ts";
export type * from "./coverage/types.ts";

/**
 * lab: the customer's mock-up, which must have every right and need, and shares its addresses by CARP; site: a firewall
 * as it stands somewhere, of which only routers, zones and flows must be said.
 */
export type PlanKind = "lab" | "site";

export interface Plan {
  readonly name: string;
  readonly kind: PlanKind;
  readonly domain: Domain;
  readonly authority: Authority;
  readonly zones: ReadonlyMap<string, Zone>;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly images: ReadonlyMap<string, Image>;
  readonly hosts: ReadonlyMap<string, Host>;
  /** By role. */
  readonly minimums: ReadonlyMap<string, Minimum>;
  /** By role. */
  readonly settings: ReadonlyMap<string, RoleSettings>;
  readonly services: ReadonlyMap<string, Service>;
  readonly endpointGroups: ReadonlyMap<string, EndpointGroup>;
  readonly flows: readonly Flow[];
  readonly switches: ReadonlyMap<string, Switch>;
  readonly forwards: readonly Forward[];
  readonly invariants: readonly Invariant[];
  readonly waivers: readonly Waiver[];
  readonly groups: ReadonlyMap<string, Group>;
  readonly departments: ReadonlyMap<string, Department>;
  /** The COD's own: whom lists, counts and documents speak of. */
  readonly people: ReadonlyMap<string, Person>;
  /** People of acceptance, whom its probes log on as. */
  readonly probePeople: ReadonlyMap<string, Person>;
  readonly coverage: ReadonlyMap<string, Coverage>;
  /** Ids of files of others that are here, whatever the documents say: roles that would install one ask for it. */
  readonly artefacts: readonly string[];
}
