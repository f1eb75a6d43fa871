import type { Address, AddressRange, Network } from "../../core/ip.ts";
import type { Host } from "../hosts/types.ts";
import type { Sourced } from "../sourced.ts";

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
