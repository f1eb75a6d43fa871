import {
  contains,
  formatNetwork,
  networkOf,
  networksOverlap,
  rangeOf,
  type Address,
  type Network,
} from "../../core/ip.ts";
import type { PfConfig } from "../model/config.ts";
import type { PfInterface } from "../model/network.ts";
import { hasGateway, ownVips } from "../rules/interfaces.ts";
import type { FilterInterface } from "../rules/filter-interface.ts";
import type { Circumstances } from "../rules/types.ts";
import type { Names } from "./names.ts";
import type { Notes } from "./notes.ts";

/** An interface as a zone of the plan, and the router's place in it. */
export interface Leg {
  readonly zone: string;
  readonly key: string;
  readonly kind: "wan" | "inside" | "sync";
  readonly interface: FilterInterface;
  readonly config: PfInterface;
  readonly subnet: Network;
  readonly address: Address;
  readonly isStandIn: boolean;
  readonly vip: { readonly address: Address; readonly vhid: number } | null;
  /** Further addresses of the router in the zone. */
  readonly aliases: readonly Address[];
  readonly vlan: { readonly tag: number; readonly isReal: boolean };
}

/** RFC 5737, then RFC 2544: networks that nobody has. */
const DOCUMENTATION = ["192.0.2.0", "198.51.100.0", "203.0.113.0"];

/**
 * Addresses that the file does not hold, so that everything about them is exact: those that were told, else one of a
 * documentation network. Whatever is said of the file is said under these.
 */
export function standIns(config: PfConfig, told: Circumstances): Circumstances {
  const taken: Network[] = config.interfaces.flatMap((i) =>
    i.ipv4.kind === "static" ? [networkOf(i.ipv4.address, i.ipv4.prefix)] : [],
  );
  const free = candidates().filter((n) => !taken.some((t) => networksOverlap(t, n)));
  const addresses: Record<string, readonly string[]> = { ...told.addresses };
  for (const i of config.interfaces) {
    if (!i.isEnabled || i.ipv4.kind !== "dynamic" || Object.hasOwn(addresses, i.key)) continue;
    const network = free.shift();
    if (network) addresses[i.key] = [formatNetwork({ ...network, base: network.base + 2n })];
  }
  return { ...told, addresses };
}

function candidates(): Network[] {
  const base = (text: string): bigint => text.split(".").reduce((v, octet) => (v << 8n) | BigInt(octet), 0n);
  const bench = Array.from({ length: 64 }, (_, n) => base(`198.18.${n}.0`));
  return [...DOCUMENTATION.map(base), ...bench].map((b) => ({ family: 4, base: b, prefix: 24 }));
}

/** Every enabled interface that holds an IPv4 address, in the order of the file; what is no zone is noted. */
export function legsOf(
  config: PfConfig,
  interfaces: readonly FilterInterface[],
  told: Circumstances,
  names: Names,
  notes: Notes,
): readonly Leg[] {
  const legs: Leg[] = [];
  const vlans = vlanTags(config);
  const vhids = new Set<number>();
  for (const i of config.interfaces) {
    const path = `interfaces.${i.key}`;
    if (!i.isEnabled) {
      notes.told(
        "IMPORT_INTERFACE_DISABLED",
        i.place,
        path,
        "the interface is disabled",
        "It has no zone in the plan.",
      );
      continue;
    }
    const held = interfaces.find((x) => x.key === i.key && x.kind === "interface");
    const ip = held?.ip4;
    if (!held || !ip) {
      const hint = "Rules on it are not carried; give it an IPv4 address, or write its zone by hand.";
      notes.told("IMPORT_INTERFACE", i.place, path, "it has no IPv4 address that the file holds", hint);
      continue;
    }
    const subnet = networkOf(ip.address, ip.prefix);
    const other = legs.find((l) => networksOverlap(l.subnet, subnet));
    if (other) {
      const fact = `${formatNetwork(subnet)} overlaps ${formatNetwork(other.subnet)} of ${other.key}`;
      notes.lost(
        "IMPORT_INTERFACE",
        i.place,
        path,
        fact,
        "A zone needs addresses of its own; it has no zone in the plan.",
      );
      continue;
    }
    const method = i.ipv4.kind === "dynamic" && told.addresses?.[i.key] === undefined ? i.ipv4.method : undefined;
    const isStandIn = method !== undefined;
    if (isStandIn) {
      const fact = `its address comes by ${method}; ${formatNetwork(subnet)} stands in`;
      const hint = `Tell the real one: --addresses ${i.key}=ADDRESS/PREFIX`;
      notes.lost("IMPORT_ADDRESS_STANDS_IN", i.place, path, fact, hint);
    }
    const { vip, aliases } = vipsOf(config, held, subnet, vhids, notes);
    legs.push({
      zone: names.take([i.description ?? i.key, i.key]),
      key: i.key,
      kind: kindOf(config, held),
      interface: held,
      config: i,
      subnet,
      address: ip.address,
      isStandIn,
      vip,
      aliases,
      vlan: { tag: 0, isReal: false },
    });
  }
  return numbered(legs, vlans);
}

function kindOf(config: PfConfig, i: FilterInterface): Leg["kind"] {
  if (hasGateway(i, 4)) return "wan";
  const { haSync } = config;
  const isLink = haSync?.isPfsyncEnabled === true && haSync.pfsyncInterface === i.key && ownVips(i).length === 0;
  const isServing = config.dhcp4.some((d) => d.interface === i.key && d.isEnabled);
  return isLink && !isServing ? "sync" : "inside";
}

function vipsOf(
  config: PfConfig,
  i: FilterInterface,
  subnet: Network,
  vhids: Set<number>,
  notes: Notes,
): Pick<Leg, "vip" | "aliases"> {
  let vip: Leg["vip"] = null;
  const aliases: Address[] = [];
  for (const held of i.vips) {
    const v = config.virtualIps.find((x) => x.address?.value === held.address.value && x.mode === held.mode);
    const path = "virtualip.vip";
    if (held.address.family === 6) continue;
    if (held.mode !== "carp" && held.mode !== "ipalias") {
      const fact = `${v?.addressText ?? ""} is of mode ${held.mode}, which the router does not hold itself`;
      notes.told("IMPORT_VIP", v?.place, path, fact, "The plan has no such address.");
      continue;
    }
    if (!contains(subnet, held.address)) {
      const fact = `${v?.addressText ?? ""} is not in ${formatNetwork(subnet)} of ${i.key}`;
      notes.lost("IMPORT_VIP", v?.place, path, fact, "An address of the plan stands in its zone's network.");
      continue;
    }
    const wanted = Number(v?.vhid);
    if (held.mode !== "carp" || vip || !(wanted >= 1 && wanted <= 255)) {
      aliases.push(held.address);
      continue;
    }
    const vhid = vhids.has(wanted) ? firstFree(vhids) : wanted;
    if (vhid !== wanted) {
      const fact = `CARP id ${wanted} stands on another interface too; the plan has ${vhid} here`;
      notes.told("IMPORT_VHID", v?.place, path, fact, "CARP ids of a plan differ, so that captures keep zones apart.");
    }
    vhids.add(vhid);
    vip = { address: held.address, vhid };
  }
  return { vip, aliases };
}

function firstFree(taken: ReadonlySet<number>): number {
  for (let n = 1; ; n++) if (!taken.has(n)) return n;
}

/** By device. */
const vlanTags = (config: PfConfig): ReadonlyMap<string, number> =>
  new Map(
    config.vlans.flatMap((v) => {
      const tag = Number(v.tag);
      return v.device !== undefined && tag >= 1 && tag <= 4094 ? [[v.device, tag] as const] : [];
    }),
  );

/** The tags that the file has; the others get free ones, for the plan wants one each. */
function numbered(legs: readonly Leg[], tags: ReadonlyMap<string, number>): readonly Leg[] {
  const taken = new Set<number>();
  const real = legs.map((leg) => {
    const tag = tags.get(leg.config.device ?? "");
    if (tag === undefined || taken.has(tag)) return undefined;
    taken.add(tag);
    return tag;
  });
  return legs.map((leg, n) => {
    const tag = real[n] ?? firstFree(taken);
    taken.add(tag);
    return { ...leg, vlan: { tag, isReal: real[n] !== undefined } };
  });
}

/** Whether an address may be a machine's of the zone. */
export function isUsable(leg: Leg, a: Address): boolean {
  if (!contains(leg.subnet, a)) return false;
  const { lo, hi } = rangeOf(leg.subnet);
  return leg.subnet.prefix > 30 || (a.value !== lo && a.value !== hi);
}
