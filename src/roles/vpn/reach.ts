import { formatAddress, type Address } from "../../core/ip.ts";
import { addressesOf, isRouter, routersOf } from "../../plan/query.ts";
import type { Host, Plan, Pool, Service } from "../../plan/types.ts";
import { decide } from "../../policy/engine/index.ts";
import { intentOf } from "../../policy/intent.ts";

/* What the flow table says of a client of the VPN: what it may reach, and what stays shut. */

export const poolOf = (plan: Plan, gateway: Host): Pool | undefined =>
  [...plan.pools.values()].find((p) => p.via === gateway.id && p.network.family === 4);

/** A port of somebody behind the firewall. */
export interface Port {
  /** `mail tcp/993` */
  readonly name: string;
  readonly host: Host["id"];
  readonly service: Service["id"];
  readonly address: Address;
  readonly port: number;
  readonly isAllowed: boolean;
}

/** The first TCP port of every service, of every host and router behind the firewall, and whether a client may reach it. */
export function portsFrom(plan: Plan, pool: Pool): readonly Port[] {
  const list = intentOf(plan).listAt(plan.hosts.get(pool.via)!.nics[0]!.zone);
  // Any of its addresses: the table speaks of the whole pool.
  const source = pool.network.base + 9n;
  const zone = plan.hosts.get(pool.via)!.nics[0]!.zone;
  const ends = [
    ...[...plan.hosts.values()]
      .filter((h) => !h.isOutside && !isRouter(h))
      .map((h) => ({ id: h.id, address: h.nics[0]!.address })),
    ...routersOf(plan).flatMap((r) =>
      r.nics.filter((n) => n.zone === zone).map((n) => ({ id: r.id, address: n.address })),
    ),
  ];
  const found = ends.flatMap(({ id, address }) =>
    [...plan.services.values()].flatMap((service): Port[] => {
      const port = service.terms.flatMap((t) => (t.protocol === "tcp" ? t.ports : []))[0]?.lo;
      if (port === undefined) return [];
      const packet = { family: 4, slice: "tcp", src: source, dst: address.value, a: 49_152n, b: BigInt(port) } as const;
      const isAllowed = decide(list.rules, packet, "block").action === "pass";
      return [{ name: `${id} tcp/${port}`, host: id, service: service.id, address, port, isAllowed }];
    }),
  );
  return [...new Map(found.map((p) => [p.name, p])).values()];
}

/** Every address that some row of the table lets a client reach: what is routed into its tunnel. */
export function routedTo(plan: Plan, pool: Pool): readonly string[] {
  const rows = plan.flows.filter(
    (f) => f.action === "allow" && f.from.some((end) => end.kind === "pool" && end.pool === pool.id),
  );
  const ends = rows.flatMap((f) => f.to);
  const addresses = ends.flatMap((end) => {
    if (end.kind === "host")
      return addressesOf(plan.hosts.get(end.host)!).map((a) => `${formatAddress(a)} 255.255.255.255`);
    const network =
      end.kind === "zone" ? plan.zones.get(end.zone)!.subnet : end.kind === "network" ? end.network : undefined;
    return network?.family === 4
      ? [`${formatAddress({ family: 4, value: network.base })} ${maskOf(network.prefix)}`]
      : [];
  });
  return [...new Set(addresses)];
}

/** `255.255.255.0` */
export const maskOf = (prefix: number): string =>
  formatAddress({ family: 4, value: (0xffffffffn << BigInt(32 - prefix)) & 0xffffffffn });
