import { parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Address, Family } from "../../core/ip.ts";
import type { Context } from "./context.ts";
import { gatewayAddress, hasGateway, isUnknown, netOf, ownVips } from "./interfaces.ts";
import type { PfRouteEntry } from "./types.ts";

/**
 * The routing table that the file implies: connected networks and VIPs, static routes, default gateways; the longest
 * prefix comes first. Routes learnt from DHCP, tunnels or a routing daemon are not in a file.
 */
export function routesOf(c: Context): readonly PfRouteEntry[] {
  const out: PfRouteEntry[] = [];
  for (const i of c.interfaces.filter((x) => x.kind === "interface")) {
    for (const h of [i.ip4, i.ip6, ...ownVips(i)]) {
      if (!h) continue;
      out.push({ network: hostOf(h.address), interface: undefined, gateway: undefined });
      out.push({ network: netOf(h), interface: i.key, gateway: undefined });
    }
  }
  for (const route of c.config.staticRoutes.filter((r) => !r.isDisabled)) {
    const gateway = gatewayByName(c, route.gateway);
    const resolved = parseNetwork(route.network);
    if (gateway && resolved) out.push({ network: resolved.network, ...gateway });
  }
  for (const family of [4, 6] as const) {
    const gateway = defaultGateway(c, family);
    if (gateway) out.push({ network: { family, base: 0n, prefix: 0 }, ...gateway });
  }
  return out.sort((a, b) => b.network.prefix - a.network.prefix);
}

const hostOf = (a: Address): PfRouteEntry["network"] => ({
  family: a.family,
  base: a.value,
  prefix: a.family === 4 ? 32 : 128,
});

type Hop = Pick<PfRouteEntry, "interface" | "gateway">;

/** A gateway's interface and address; the first member of the lowest tier that is up, for a group. */
export function gatewayByName(c: Context, name: string | undefined): Hop | undefined {
  if (name === undefined) return undefined;
  const item = c.config.gateways.items.find((g) => g.name === name);
  if (item) {
    const address = item.gateway === undefined ? undefined : parseAddress(item.gateway);
    return { interface: item.interface, gateway: address };
  }
  const group = c.config.gateways.groups.find((g) => g.name === name);
  const members = (group?.items ?? []).map((text) => text.split("|"));
  const up = members.filter((m) => c.circumstances.gatewayStates?.[m[0]!] !== "down");
  const best = up.sort((a, b) => Number(a[1] ?? "9") - Number(b[1] ?? "9"))[0];
  if (best && best[0] !== name) return gatewayByName(c, best[0]);
  // A gateway that pfSense makes by itself for a dynamic interface: WAN_DHCP, WAN_PPPOE …
  const i = c.interfaces.find((x) => x.config && new RegExp(`^${escape(x.label)}_[A-Z0-9]+$`).test(name));
  return i ? { interface: i.key, gateway: undefined } : undefined;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** `defaultgw4`; `-` is none; absent is the first interface with a gateway. */
function defaultGateway(c: Context, family: Family): Hop | undefined {
  const name = family === 4 ? c.config.gateways.default4 : c.config.gateways.default6;
  if (name === "-") return undefined;
  const named = gatewayByName(c, name);
  if (named) return named;
  for (const i of c.interfaces) {
    if (!hasGateway(i, family)) continue;
    const gateway = gatewayAddress(c.config, i, family);
    if (gateway || isUnknown(i, family)) return { interface: i.key, gateway };
  }
  return undefined;
}
