import { contains, formatAddress, formatNetwork, networksOverlap, type Network } from "../../core/ip.ts";
import { below, problem, warning, type Where } from "../problem.ts";
import { isRouter } from "../query.ts";
import type { Zone, ZoneKind } from "../types.ts";
import { repeats, type Rule } from "../rule.ts";

/** Zones and pools share no address: a router could not tell where to send it. */
export const zonesDoNotOverlap: Rule = function* (draft) {
  const networks: { label: string; network: Network; where: Where }[] = [
    ...[...draft.zones.values()].map((zone) => ({
      label: `zone "${zone.id}"`,
      network: zone.subnet,
      where: below(draft.origin(zone), "subnet"),
    })),
    ...[...draft.pools.values()].map((pool) => ({
      label: `pool "${pool.id}"`,
      network: pool.network,
      where: below(draft.origin(pool), "network"),
    })),
  ];
  for (const [index, later] of networks.entries())
    for (const earlier of networks.slice(0, index)) {
      if (!networksOverlap(earlier.network, later.network)) continue;
      const fact = `${formatNetwork(later.network)} overlaps ${formatNetwork(earlier.network)} of ${earlier.label}`;
      yield problem("PLAN_ZONE_OVERLAP", later.where, fact, "Each zone and pool needs addresses of its own");
    }
};

export const vlansDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(draft.zones.values(), (zone) => zone.vlan)) {
    const fact = `VLAN ${again.vlan} is already that of zone "${first.id}"`;
    yield problem("PLAN_VLAN_DUPLICATE", below(draft.origin(again), "vlan"), fact, "Choose a free VLAN");
  }
};

/** CARP asks for one id a segment only; over the whole lab it also keeps captures and virtual MACs apart. */
export const vhidsDiffer: Rule = function* (draft) {
  for (const { first, again } of repeats(draft.zones.values(), (zone) => zone.vip?.vhid ?? null)) {
    const fact = `vhid ${again.vip?.vhid ?? 0} is already that of zone "${first.id}"`;
    yield problem("PLAN_VHID_DUPLICATE", below(draft.origin(again), "vip", "vhid"), fact, "Choose a free id, 1 to 255");
  }
};

/** What each kind of zone must have and may have beside its subnet. */
const PARTS: Record<ZoneKind, { needs: readonly Part[]; may: readonly Part[] }> = {
  wan: { needs: ["gateway", "vip", "wan"], may: [] },
  inside: { needs: ["vip"], may: ["gateway", "dhcp"] },
  sync: { needs: [], may: [] },
  outside: { needs: [], may: ["gateway"] },
};
/** A site's one router may have nobody to share an address with, and an access whose gateway nobody wrote down. */
const PARTS_OF_SITES: typeof PARTS = {
  ...PARTS,
  wan: { needs: [], may: PARTS.wan.needs },
  inside: { needs: [], may: ["vip", ...PARTS.inside.may] },
};
type Part = "gateway" | "vip" | "dhcp" | "wan";

export const zonesHaveTheirParts: Rule = function* (draft) {
  for (const zone of draft.zones.values()) {
    const where = draft.origin(zone);
    const { needs, may } = (draft.kind === "lab" ? PARTS : PARTS_OF_SITES)[zone.kind];
    for (const part of ["gateway", "vip", "dhcp", "wan"] as const) {
      const has = zone[part] !== null;
      if (needs.includes(part) && !has) {
        const fact = `a zone of kind ${zone.kind} needs "${part}"`;
        yield problem("PLAN_ZONE_INCOMPLETE", where, fact, `Add ${part}, or change the kind`);
      }
      if (has && !needs.includes(part) && !may.includes(part)) {
        const fact = `a zone of kind ${zone.kind} has no "${part}"`;
        const place = { ...below(where, part), at: "key" as const };
        yield problem("PLAN_ZONE_EXCESS", place, fact, `Remove ${part}, or change the kind`);
      }
    }
  }
};

const subnetHint = (zone: Zone): string => `The subnet of "${zone.id}" is ${formatNetwork(zone.subnet)}`;

export const gatewaysAreInTheirSubnet: Rule = function* (draft) {
  for (const zone of draft.zones.values()) {
    const where = draft.origin(zone);
    const { gateway, vip, subnet } = zone;
    // An inside gateway that was not written is the VIP, which has its own rule.
    const isVip = gateway !== null && vip !== null && gateway.value === vip.address.value;
    if (gateway && !contains(subnet, gateway) && !isVip) {
      const fact = `${formatAddress(gateway)} is not in ${formatNetwork(subnet)}`;
      yield problem("PLAN_GATEWAY_OUTSIDE_SUBNET", below(where, "gateway"), fact, subnetHint(zone));
    } else if (zone.kind === "inside" && gateway && vip && !isVip) {
      const fact = `${formatAddress(gateway)} is not the VIP ${formatAddress(vip.address)}`;
      const hint = "Leave the gateway out: it is the VIP, which outlives either router";
      yield problem("PLAN_GATEWAY_NOT_VIP", below(where, "gateway"), fact, hint);
    }
    if (vip && !contains(subnet, vip.address)) {
      const fact = `${formatAddress(vip.address)} is not in ${formatNetwork(subnet)}`;
      yield problem("PLAN_VIP_OUTSIDE_SUBNET", below(where, "vip", "address"), fact, subnetHint(zone));
    }
  }
};

export const dhcpRangesAreInTheirSubnet: Rule = function* (draft) {
  for (const zone of draft.zones.values()) {
    if (!zone.dhcp) continue;
    const { family, lo, hi } = zone.dhcp.range;
    for (const [key, value] of [["from", lo] as const, ["to", hi] as const]) {
      const address = { family, value };
      if (contains(zone.subnet, address)) continue;
      const fact = `${formatAddress(address)} is not in ${formatNetwork(zone.subnet)}`;
      yield problem("PLAN_DHCP_OUTSIDE_SUBNET", below(draft.origin(zone), "dhcp", key), fact, subnetHint(zone));
    }
  }
};

export const wansDiffer: Rule = function* (draft) {
  const wans = [...draft.zones.values()].filter((zone) => zone.wan !== null);
  for (const { first, again } of repeats(wans, (zone) => zone.wan?.tier)) {
    const fact = `tier ${again.wan?.tier ?? 0} is already that of "${first.id}"`;
    const hint = "Give each WAN its own order of preference";
    yield problem("PLAN_WAN_TIER_DUPLICATE", below(draft.origin(again), "wan", "tier"), fact, hint);
  }
  const monitor = (zone: Zone): string | null => (zone.wan ? formatAddress(zone.wan.monitor) : null);
  for (const { first, again } of repeats(wans, monitor)) {
    const fact = `${monitor(again) ?? ""} is already what "${first.id}" pings`;
    const hint = "One address for each WAN: the router sends it through that WAN only";
    yield problem("PLAN_WAN_MONITOR_SHARED", below(draft.origin(again), "wan", "monitor"), fact, hint);
  }
};

/** A pool is routed to one address inside: its host has one leg there, and is no router. */
export const poolsHaveAGateway: Rule = function* (draft) {
  for (const pool of draft.pools.values()) {
    const host = draft.hosts.get(pool.via);
    if (!host || (host.nics.length === 1 && !host.isOutside && !isRouter(host))) continue;
    const fact = `"${pool.via}" cannot be the way to the pool`;
    yield problem("PLAN_POOL_GATEWAY", below(draft.origin(pool), "via"), fact, "Name an inside host with one NIC");
  }
};

/** Apple's systems take no server's certificate that is valid for longer, whoever signed it (HT103769). */
const LONGEST_DAYS = 825;

const at = (key: string): Where => ({ document: "addressing", path: ["authority", key] });

/** What the authority signs ends with it at the latest: asked for longer, it would never be what the plan says. */
export const nothingOutlivesTheAuthority: Rule = function* ({ authority }) {
  const days = authority.years * 365;
  for (const [key, what] of [
    ["certificateDays", "a certificate"],
    ["crlDays", "a revocation list"],
  ] as const) {
    if (authority[key] <= days) continue;
    const fact = `${what} of ${authority[key]} days would outlive an authority of ${days} days`;
    yield problem("PLAN_OUTLIVES_AUTHORITY", at(key), fact, `Write ${key}: ${days} or less, or more years`);
  }
};

export const certificatesAreAccepted: Rule = function* ({ authority: { certificateDays } }) {
  if (certificateDays <= LONGEST_DAYS) return;
  const fact = `Apple's systems accept no server's certificate of more than ${LONGEST_DAYS} days`;
  yield warning("PLAN_CERTIFICATE_LONG", at("certificateDays"), fact, `Write ${LONGEST_DAYS} or less`);
};
