import type { Intervals } from "../../core/intervals.ts";
import type { Address } from "../../core/ip.ts";
import { routersOf } from "../../plan/query.ts";
import type { Host, Plan, Zone, ZoneKind } from "../../plan/index.ts";
import { refuse } from "./fault.ts";
import { checkFamily, checkOrder } from "./laws.ts";
import { complement, ofAddress, ofNetwork, union } from "./ranges.ts";

/** A zone as an interface of the routers; of a pair both have their NICs in the same zones in the same order. */
export interface Leg {
  readonly zone: Zone;
  /** `wan`, `lan`, `opt1` … */
  readonly key: string;
  /** Position of the NIC on the router, from 0. */
  readonly position: number;
  /** `descr`: a macro of pf, so no alias may have it, in any case of letters. */
  readonly label: string;
}

/** What two routers have and one has not. */
export interface Pair {
  readonly primary: Host;
  readonly secondary: Host;
  readonly sync: Leg;
}

/** The plan as its routers see it; the same for both. */
export interface Site {
  readonly plan: Plan;
  /** The primary first. */
  readonly routers: readonly Host[];
  readonly primary: Host;
  /** Null is a router that stands alone, which only a plan of kind site may have. */
  readonly pair: Pair | null;
  /** In the order of the file: wan, lan, opt1 … */
  readonly legs: readonly Leg[];
  /** By preference: the lowest tier first. */
  readonly wans: readonly Leg[];
  /** Every address of the routers, VIPs included: what `firewall` means in the flow table. */
  readonly firewall: Intervals;
  /** Inside zones, sync zones and pools: what `internet` is not. */
  readonly inside: Intervals;
}

/**
 * Looks at the plan as a pair of routers, or as the one router of a site.
 * @throws Fault of `EMIT_CODES` for a plan that pfSense, as it is written here, cannot be
 */
export function siteOf(plan: Plan): Site {
  checkFamily(plan);
  checkOrder(plan);
  const routers = routersOf(plan);
  const [primary, secondary] = routers;
  if (!primary || (!secondary && plan.kind !== "site") || routers.length > 2) {
    const hint = "A pair shares CARP addresses and synchronises one way: give two hosts the role router.";
    const what = plan.kind === "site" ? "one or a pair is written" : "a pair is written";
    refuse("PFSENSE_EMIT_ROUTERS", `The plan has ${routers.length} routers; ${what}.`, hint);
  }
  const legs = legsOf(plan, primary);
  const wans = legs.filter((l) => l.zone.kind === "wan").sort((a, b) => tierOf(a) - tierOf(b));
  if (wans.length === 0) {
    refuse(
      "PFSENSE_EMIT_NO_WAN",
      `${primary.id} has no leg on a WAN.`,
      "Add a zone of kind wan, and a NIC on each router.",
    );
  }
  const pair = secondary ? { primary, secondary, sync: syncOf(legs) } : null;
  for (const { zone } of wans.filter((w) => isDynamic(w) && (pair !== null || w.zone.vip !== null))) {
    const hint = "State the operator's router: an address that DHCP gives cannot be shared.";
    refuse("PFSENSE_EMIT_GATEWAY", `${zone.id} has no gateway.`, hint);
  }
  return { plan, routers, primary, pair, legs, wans, firewall: firewallOf(plan, routers), inside: insideOf(plan) };
}

function syncOf(legs: readonly Leg[]): Leg {
  const syncs = legs.filter((l) => l.zone.kind === "sync");
  const sync = syncs[0];
  if (!sync || syncs.length > 1) {
    const hint = "States and configuration go over one link of their own: declare one zone of kind sync.";
    refuse("PFSENSE_EMIT_SYNC", `The routers have ${syncs.length} legs in zones of kind sync.`, hint);
  }
  return sync;
}

/** A WAN without a gateway has it, and its address, from the operator. */
export const isDynamic = (leg: Leg): boolean => leg.zone.kind === "wan" && leg.zone.gateway === null;

const tierOf = (leg: Leg): number => leg.zone.wan?.tier ?? 255;

/**
 * Which key each zone has: the first WAN in the order of the NICs is `wan`, the first inside zone `lan`, the others are
 * `opt1`, `opt2` … in that order. `lan` is taken because pfSense looks for it by name (console menu, anti-lockout): if
 * somebody deletes `noantilockout`, the rule falls on the first inside zone, the administrators' in the lab.
 */
export function interfaceKeys(plan: Plan): ReadonlyMap<string, string> {
  const router = routersOf(plan)[0];
  const zones = router?.nics.map((n) => plan.zones.get(n.zone)!) ?? [];
  const first = (kind: ZoneKind): Zone | undefined => zones.find((z) => z.kind === kind);
  const [wan, lan] = [first("wan"), first("inside")];
  let opt = 0;
  return new Map(zones.map((z) => [z.id, z === wan ? "wan" : z === lan ? "lan" : `opt${++opt}`]));
}

function legsOf(plan: Plan, router: Host): readonly Leg[] {
  const keys = interfaceKeys(plan);
  const legs = router.nics.map((nic, position): Leg => {
    const zone = plan.zones.get(nic.zone)!;
    return { zone, key: keys.get(zone.id)!, position, label: labelOf(zone.id) };
  });
  const seen = new Map<string, string>();
  for (const { label, zone } of legs) {
    const other = seen.get(label);
    if (other !== undefined) {
      const hint = "Rename one: pfSense makes a macro of each name, in capitals, hyphens and dots as underscores.";
      refuse("PFSENSE_EMIT_NAMES", `Zones ${other} and ${zone.id} would both be interface ${label}.`, hint);
    }
    seen.set(label, zone.id);
  }
  const rank = (key: string): number => (key === "wan" ? -2 : key === "lan" ? -1 : Number(key.slice(3)));
  return legs.sort((a, b) => rank(a.key) - rank(b.key));
}

/** Aliases are all named `x_…` with one letter first, so a label must not begin so. */
function labelOf(zone: string): string {
  const label = zone.toUpperCase().replace(/[-.]/g, "_");
  return /^[A-Z]_/.test(label) ? `ZONE_${label}` : label;
}

function firewallOf(plan: Plan, routers: readonly Host[]): Intervals {
  const own = routers.flatMap((r) => r.nics.flatMap((n) => [n.address, ...n.aliases]));
  const vips = [...plan.zones.values()].flatMap((z) => (z.vip ? [z.vip.address] : []));
  return union([...own, ...vips].map(ofAddress));
}

function insideOf(plan: Plan): Intervals {
  const zones = [...plan.zones.values()].filter((z) => z.kind === "inside" || z.kind === "sync");
  return union([...zones.map((z) => z.subnet), ...[...plan.pools.values()].map((p) => p.network)].map(ofNetwork));
}

/** Sources that may come in by a leg: its zone and the pools behind it; on a WAN whatever is not inside. */
export function arrivals(site: Site, leg: Leg): Intervals {
  if (leg.zone.kind === "wan") return complement(site.inside);
  return union([leg.zone.subnet, ...poolsBehind(site, leg).map((p) => p.network)].map(ofNetwork));
}

/** Pools whose gateway is a host of the leg's zone. */
export const poolsBehind = (
  site: Site,
  leg: Leg,
): readonly { readonly id: string; readonly network: Zone["subnet"] }[] =>
  [...site.plan.pools.values()].filter((p) => site.plan.hosts.get(p.via)?.nics[0]?.zone === leg.zone.id);

/** The address of a router on a leg. */
export const addressOn = (router: Host, leg: Leg): Address => router.nics[leg.position]!.address;

/** The leg in whose zone a host is first known, if the routers have one there. */
export const legOf = (site: Site, host: Host): Leg | undefined =>
  site.legs.find((l) => l.zone.id === host.nics[0]?.zone);
