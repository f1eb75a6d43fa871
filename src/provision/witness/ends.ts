import { contains, rangeOf, type Address } from "../../core/ip.ts";
import { isRouter } from "../../plan/query.ts";
import type { Host, Plan, Zone } from "../../plan/types.ts";
import { holdsAddress } from "../../policy/ranges.ts";
import { SELF, type PlanSpace } from "../../policy/space.ts";

/** One end of the flow matrix as something to send from or to. */
export interface LiveEnd {
  /** As the matrix calls it: a zone, a pool, `internet` or `firewall`. */
  readonly id: string;
  /** The ways by which its packets come to a router, with who sends them. */
  readonly entries: readonly Entry[];
  /** Sources that its packets may have, those of running guests first. */
  readonly sources: readonly bigint[];
  /** How many of them are running guests': only these get replies. */
  readonly liveSources: number;
  /** Where packets to it are taken from the wire: to any other address a router only asks by ARP. */
  readonly targets: readonly bigint[];
}

export interface Entry {
  /** A zone that the router has a leg in, or {@link SELF}. */
  readonly ingress: string;
  /** A running guest with a leg there that is not the router's own; for SELF the router. */
  readonly sender: string;
}

const isUp = (live: ReadonlySet<string>, host: Host | undefined): host is Host =>
  host !== undefined && live.has(host.id);

/**
 * The matrix' ends as far as running guests can play them.
 * @param live ids of hosts that run
 */
export function endsOf(space: PlanSpace, router: Host, live: ReadonlySet<string>): readonly LiveEnd[] {
  const { plan } = space;
  const zones = [...plan.zones.values()];
  const inside = zones.filter((z) => z.kind === "inside" || z.kind === "sync");
  const outsideZones = zones.filter((z) => z.kind === "outside");
  const wans = zones.filter((z) => z.kind === "wan");
  const entriesOf = (zone: Zone): readonly Entry[] => {
    const sender = hostsIn(plan, zone).find((h) => isUp(live, h) && h.id !== router.id && isSender(zone, h));
    return sender ? [{ ingress: zone.id, sender: sender.id }] : [];
  };
  const internetHosts = outsideZones.flatMap((z) => addressesIn(plan, z, live));
  return [
    ...inside.map((zone): LiveEnd => {
      const isSync = zone.kind === "sync";
      const lives = addressesIn(plan, zone, live).filter((a) => isSync || !isFirewalls(space, a));
      const sources = lives.filter((a) => !isOwn(router, a));
      return {
        id: zone.id,
        entries: entriesOf(zone),
        sources: unique([...sources, ...(isSync ? [] : freeAddresses(plan, zone.subnet, 2))]),
        liveSources: sources.length,
        targets: lives.filter((a) => !isOwn(router, a)),
      };
    }),
    ...[...plan.pools.values()].map((pool): LiveEnd => {
      const via = plan.hosts.get(pool.via);
      const zone = via?.nics[0]?.zone;
      const addresses = freeAddresses(plan, pool.network, 2);
      const isThere = isUp(live, via) && zone !== undefined;
      return {
        id: pool.id,
        entries: isThere ? [{ ingress: zone, sender: via.id }] : [],
        sources: addresses,
        // The gateway takes replies for its whole pool.
        liveSources: isThere ? addresses.length : 0,
        targets: isThere ? addresses : [],
      };
    }),
    {
      id: "internet",
      entries: wans.flatMap(entriesOf),
      sources: unique([...internetHosts, ...outsideZones.flatMap((z) => freeAddresses(plan, z.subnet, 1))]),
      liveSources: internetHosts.length,
      targets: internetHosts,
    },
    {
      id: SELF,
      entries: isUp(live, router) ? [{ ingress: SELF, sender: router.id }] : [],
      sources: router.nics.map((n) => n.address.value),
      liveSources: router.nics.length,
      targets: unique([
        ...zones.flatMap((z) => (z.vip?.address.family === 4 ? [z.vip.address.value] : [])),
        ...router.nics.filter((n) => n.address.family === 4).map((n) => n.address.value),
      ]),
    },
  ];
}

// On the routers' own link only the other router sends; elsewhere a router is never the sender.
const isSender = (zone: Zone, host: Host): boolean => isRouter(host) === (zone.kind === "sync");

const isOwn = (router: Host, address: bigint): boolean => router.nics.some((n) => n.address.value === address);

const isFirewalls = (space: PlanSpace, address: bigint): boolean => holdsAddress(space.firewall, 4, address);

const hostsIn = (plan: Plan, zone: Zone): readonly Host[] =>
  [...plan.hosts.values()].filter((h) => h.nics.some((n) => n.zone === zone.id));

/** Addresses of running hosts in a zone, aliases included. */
function addressesIn(plan: Plan, zone: Zone, live: ReadonlySet<string>): readonly bigint[] {
  return hostsIn(plan, zone)
    .filter((h) => isUp(live, h))
    .flatMap((h) => h.nics.filter((n) => n.zone === zone.id).flatMap((n) => [n.address, ...n.aliases]))
    .filter((a) => a.family === 4)
    .map((a) => a.value);
}

/** Some addresses of a network that nothing of the plan has, the last ones: those from the start are easily handed out. */
function freeAddresses(plan: Plan, network: Zone["subnet"], count: number): readonly bigint[] {
  if (network.family !== 4) return [];
  const taken = new Set(
    [...plan.hosts.values()].flatMap((h) => h.nics.flatMap((n) => [n.address, ...n.aliases]).map((a) => a.value)),
  );
  for (const z of plan.zones.values()) {
    if (z.vip) taken.add(z.vip.address.value);
    if (z.gateway) taken.add(z.gateway.value);
  }
  const { lo, hi } = rangeOf(network);
  const out: bigint[] = [];
  for (let value = hi - 1n; value > lo && out.length < count; value--) if (!taken.has(value)) out.push(value);
  return out;
}

/** The leg by which the router itself speaks to an address of a zone that it has a leg in. */
export const legTowards = (router: Host, plan: Plan, to: Address): Address | undefined =>
  router.nics.find((n) => {
    const zone = plan.zones.get(n.zone);
    return zone !== undefined && contains(zone.subnet, to);
  })?.address;

const unique = (values: readonly bigint[]): readonly bigint[] => [...new Set(values)];
