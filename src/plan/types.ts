import type { Address, AddressRange, Network } from "../core/ip.ts";
import type { Place } from "../core/diagnostics.ts";
import type { SshKey } from "../core/ssh-key.ts";

/*
 * The plan, fully resolved: every name points at a thing that exists, every default is filled in, nothing is
 * optional that a reader would have to default. It is deeply frozen. Maps keep the order of the documents.
 */

/** Where the YAML says it, for findings of later stages. */
export interface Sourced {
  readonly place: Place;
}

/**
 * wan: an operator's access, a gateway outside; inside: behind the routers; sync: the routers' own link;
 * outside: beyond the operators (the road warrior's place), not a router's interface.
 */
export type ZoneKind = "wan" | "inside" | "sync" | "outside";

export interface DhcpRange {
  readonly range: AddressRange;
  readonly leaseSeconds: number;
}

export interface Vip {
  readonly address: Address;
  /** CARP virtual host id, 1–255, unique on the segment. */
  readonly vhid: number;
}

/** An address pool that is reached through a host of the zone (the VPN's clients). */
export interface Pool extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly network: Network;
  readonly via: Host["id"];
}

export interface Zone extends Sourced {
  readonly id: string;
  readonly kind: ZoneKind;
  readonly description: string;
  /** 802.1Q tag before the copy's offset, 1–4094. */
  readonly vlan: number;
  readonly subnet: Network;
  /** What hosts of the zone use as default gateway: the VIP inside, the operator's router on a WAN; null on sync. */
  readonly gateway: Address | null;
  /** CARP address shared by the routers; null on sync and outside. */
  readonly vip: Vip | null;
  readonly dhcp: DhcpRange | null;
  /** On a WAN: the address that gateway monitoring pings, and the order of preference (1 first). */
  readonly wan: {
    readonly monitor: Address;
    readonly tier: number;
    readonly downKbps: number;
    readonly upKbps: number;
  } | null;
}

export interface Nic {
  readonly zone: string;
  readonly address: Address;
  readonly prefix: number;
  /** Further addresses of the zone on the same interface, mostly none. */
  readonly aliases: readonly Address[];
  /** Locally administered MAC, derived from the host's and zone's names, so that it survives a rebuild. */
  readonly mac: string;
}

export interface Host extends Sourced {
  readonly id: string;
  /** One of `ROLES`. */
  readonly role: string;
  readonly description: string;
  /** In the order in which the hypervisor attaches them; the first is the one that the host is known by. */
  readonly nics: readonly Nic[];
  readonly cores: number;
  readonly memoryMiB: number;
  /** Sizes in GiB; the first is the system disk. */
  readonly disksGiB: readonly number[];
  readonly image: string;
  /** Position in the stack's list of nodes, modulo its length. */
  readonly node: number;
  /** The pair that must not share a node (rtr, dc), or null. */
  readonly apartAs: string | null;
  /** Start order on the hypervisor: lower first; delay before the next, in seconds. */
  readonly startOrder: number;
  readonly startDelaySeconds: number;
  /** Proxmox' protection flag and Pulumi's protect. */
  readonly isProtected: boolean;
  /** Scenery outside the lab's firewall: provisioned out of band. */
  readonly isOutside: boolean;
  /** VM id before the copy's offset: 1–99. */
  readonly number: number;
}

export interface Image extends Sourced {
  readonly id: string;
  readonly os: "debian" | "pfsense" | "windows";
  readonly description: string;
  /** Where Proxmox downloads it, or null for one that the user supplies (pfSense, Windows). */
  readonly url: string | null;
  /** File name in the import storage. */
  readonly fileName: string;
  readonly sha512: string | null;
}

export type PortMatch = { readonly lo: number; readonly hi: number };

/** One way in which a service is spoken. */
export type ServiceTerm =
  | { readonly protocol: "tcp" | "udp"; readonly ports: readonly PortMatch[] }
  | { readonly protocol: "icmp"; readonly types: readonly number[] | null }
  | { readonly protocol: "any" }
  | { readonly protocol: "ip"; readonly number: number };

export interface Service extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly terms: readonly ServiceTerm[];
}

/**
 * A named end of a flow, resolved. `firewall` is the routers' own addresses, VIPs included; `any` everything;
 * `internet` whatever is in no inside zone, no sync zone and no pool (so the outside zones and the operators' own
 * subnets belong to it). A host is all its addresses, aliases included.
 */
export type Endpoint =
  | { readonly kind: "any" }
  | { readonly kind: "internet" }
  | { readonly kind: "firewall" }
  | { readonly kind: "zone"; readonly zone: string }
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "pool"; readonly pool: string }
  | { readonly kind: "network"; readonly network: Network };

/** A named list of ends that flows use, flat: a group holds no groups. */
export interface EndpointGroup extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly members: readonly Endpoint[];
  /** As written. */
  readonly memberNames: readonly string[];
}

/** The six sections of ANSSI's recommendation DAT-NT-006, in their order. */
export type Section = 1 | 2 | 3 | 4 | 5 | 6;

export interface Flow extends Sourced {
  readonly id: string;
  readonly section: Section;
  readonly from: readonly Endpoint[];
  readonly to: readonly Endpoint[];
  /** Names as written, for people: the group or host that was said, with `zone:` or `host:` where it was needed. */
  readonly fromNames: readonly string[];
  readonly toNames: readonly string[];
  readonly services: readonly string[];
  readonly action: "allow" | "deny" | "reject";
  readonly isLogged: boolean;
  readonly description: string;
  /** The department that answers for the row. */
  readonly owner: Department["id"];
}

/** A port forward from the WAN addresses to an inside host. */
export interface Forward extends Sourced {
  readonly id: string;
  readonly wans: readonly string[];
  readonly service: string;
  readonly host: string;
  readonly description: string;
}

export interface Waiver extends Sourced {
  readonly id: string;
  /** Code of the finding that is accepted. */
  readonly code: string;
  /** Id of the row that it is accepted for. */
  readonly flow: string;
  readonly owner: string;
  readonly reason: string;
  /** ISO date, the last day on which it holds. */
  readonly expires: string;
}

export interface Invariant extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly from: readonly Endpoint[];
  readonly to: readonly Endpoint[];
  readonly services: readonly string[];
  /** `never`: nothing may pass but what the rows named in `except` allow. `always`: everything must pass. */
  readonly kind: "never" | "always";
  readonly except: readonly string[];
}

/** What membership of a group gives: the tunnel; administration of routers and servers, and the supervision's alerts. */
export type Grant = "vpn" | "admin";

/** A group of the directory. */
export interface Group extends Sourced {
  readonly id: string;
  readonly description: string;
  readonly grants: readonly Grant[];
}

export interface Person extends Sourced {
  /** sAMAccountName. */
  readonly login: string;
  readonly givenName: string;
  readonly surname: string;
  readonly department: string;
  readonly title: string;
  readonly groups: readonly string[];
  /** Local part and domain; null for none. */
  readonly mailbox: string | null;
  readonly extension: number | null;
  /** Follows from the groups: one of them grants `vpn`. */
  readonly hasVpn: boolean;
  /** Likewise: one of them grants `admin`. */
  readonly isAdmin: boolean;
  readonly sshKeys: readonly SshKey[];
}

export interface Department extends Sourced {
  readonly id: string;
  readonly name: string;
}

/** A need (N1…) or an objective (O1…), and what of the plan answers it. */
export interface Coverage extends Sourced {
  readonly id: string;
  readonly text: string;
  /** By `kind:id` (host, zone, pool, flow, forward, invariant, service, group); empty only with a reason. */
  readonly by: readonly string[];
  /** Why the mock-up does not cover it, or not the whole of it; null where it does. */
  readonly outOfScope: string | null;
}

export interface Domain {
  /** DNS name of the AD domain, `cod.test`. */
  readonly name: string;
  readonly realm: string;
  readonly netbios: string;
  /** Servers of DNS in order: the DCs. */
  readonly dns: readonly Address[];
  /** Resolvers outside, that the DCs and routers forward to. */
  readonly forwarders: readonly Address[];
  /** Names or addresses, outside. */
  readonly ntp: readonly string[];
  readonly timezone: string;
}

/** The lab's own certificate authority. The vault holds its key, and renews what it signs before it ends. */
export interface Authority {
  /** Common name of its certificate. */
  readonly name: string;
  /** Its own life, in years of 365 days. */
  readonly years: number;
  /** Life of what it certifies. */
  readonly certificateDays: number;
  /** Life of its revocation list. */
  readonly crlDays: number;
}

/**
 * lab: the customer's mock-up, which must have every role, right and need, and shares its addresses by CARP; site: a firewall
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
  readonly services: ReadonlyMap<string, Service>;
  readonly endpointGroups: ReadonlyMap<string, EndpointGroup>;
  readonly flows: readonly Flow[];
  readonly forwards: readonly Forward[];
  readonly invariants: readonly Invariant[];
  readonly waivers: readonly Waiver[];
  readonly groups: ReadonlyMap<string, Group>;
  readonly departments: ReadonlyMap<string, Department>;
  readonly people: ReadonlyMap<string, Person>;
  readonly coverage: ReadonlyMap<string, Coverage>;
}
