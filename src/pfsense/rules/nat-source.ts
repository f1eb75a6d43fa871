import { contains, parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Address, Family, Network } from "../../core/ip.ts";
import type { PfOutboundRule } from "../model/nat.ts";
import { ALL_PORTS, boxesOf } from "./boxes.ts";
import { warn } from "./context.ts";
import type { Context } from "./context.ts";
import { hasGateway, ipOf, netOf } from "./interfaces.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { natBoxes } from "./nat-match.ts";
import type { SourceNat } from "./nat-types.ts";
import { ofNetworks } from "./sets.ts";
import { ANYWHERE } from "./sets.ts";

/** Outbound NAT: manual rules in `advanced` and `hybrid`, then the automatic ones unless `advanced` or `disabled`. */
export function sourceNats(c: Context): readonly SourceNat[] {
  const mode = c.config.nat.outboundMode;
  const isManual = mode === "advanced" || mode === "hybrid";
  const isAutomatic = mode === undefined || mode === "automatic" || mode === "hybrid";
  const manual = isManual ? c.config.nat.outbound.filter((r) => !r.isDisabled).flatMap((r) => outbound(c, r)) : [];
  return [...manual, ...(isAutomatic ? automaticNats(c) : [])];
}

function outbound(c: Context, r: PfOutboundRule): readonly SourceNat[] {
  const path = `nat.outbound.rule[${r.index}]`;
  const skip = (why: string): readonly [] => {
    warn(c, "PFSENSE_NAT_SKIPPED", r.place, path, why, "pfSense leaves the outbound rule out.");
    return [];
  };
  const i = c.interfaces.find((x) => x.key === r.interface);
  if (!i) return skip(`interface "${r.interface ?? ""}" is not an enabled interface or group`);
  // Ports given without a protocol are those of TCP and UDP (`filter_generate_port` with an outbound rule).
  const hasPort = (r.sourcePort ?? r.destinationPort) !== undefined;
  const protocol = hasPort ? "tcp/udp" : r.protocol;
  const ports = { source: r.sourcePort, destination: r.destinationPort };
  const made = familiesOf(c, r).map((family) => ({
    family,
    boxes: natBoxes(c, family, protocol, r.source, r.destination, ports),
  }));
  const failed = made.find((m) => typeof m.boxes === "string");
  if (failed && typeof failed.boxes === "string") return skip(failed.boxes);
  return made.flatMap(({ family, boxes }) => {
    if (typeof boxes === "string") return [];
    return [
      {
        id: `outbound[${r.index}]`,
        place: r.place,
        by: "user" as const,
        description: r.description ?? "",
        interfaces: [i.key],
        ...boxes,
        isNo: r.isNoNat,
        target: targetOf(r, i, family),
      },
    ];
  });
}

/** The family it states, or the one its literals have; with neither, both. */
function familiesOf(c: Context, r: PfOutboundRule): readonly Family[] {
  if (r.ipProtocol === "inet") return [4];
  if (r.ipProtocol === "inet6") return [6];
  const texts = [r.source.network, r.source.address, r.destination.network, r.destination.address, r.target];
  const found = new Set<Family>();
  for (const text of texts) {
    if (text === undefined || c.aliases.has(text)) continue;
    const family = parseAddress(text)?.family ?? parseNetwork(text)?.network.family;
    if (family) found.add(family);
  }
  return found.size === 0 ? [4, 6] : [...found];
}

function targetOf(r: PfOutboundRule, i: FilterInterface, family: Family): Address | undefined {
  if (r.target === undefined) return ipOf(i, family)?.address;
  const key = /^(wan|lan|opt\d+)ip$/.exec(r.target)?.[1];
  if (key === i.key) return ipOf(i, family)?.address;
  const address = parseAddress(r.target);
  const isHost = r.targetSubnet === undefined || r.targetSubnet === (family === 4 ? "32" : "128");
  return address?.family === family && isHost ? address : undefined;
}

/** On each interface with a gateway, from what has none behind it; the interface's own address, never a VIP. */
function automaticNats(c: Context): readonly SourceNat[] {
  const source = ofNetworks(insideNetworks(c));
  return c.interfaces
    .filter((i) => hasGateway(i, 4) && !/^(ovpn|ipsec)/.test(i.device))
    .flatMap((i) =>
      ([4, 6] as const).map((family): SourceNat => {
        const made = boxesOf({
          families: [family],
          protocols: undefined,
          source,
          destination: ANYWHERE,
          sourcePorts: ALL_PORTS,
          destinationPorts: ALL_PORTS,
          icmpTypes: undefined,
          isConditional: false,
        });
        return {
          id: `outbound-automatic:${i.key}:${family}`,
          place: i.config?.place,
          by: "pfsense",
          description: `automatic outbound NAT on ${i.label}`,
          interfaces: [i.key],
          boxes: made.boxes,
          mayBoxes: made.mayBoxes,
          isNo: false,
          target: ipOf(i, family)?.address,
        };
      }),
    );
}

/** `filter_nat_rules_automatic_tonathosts`: loopback, private static routes, interfaces without a gateway, tunnels. */
function insideNetworks(c: Context): readonly Network[] {
  const texts = ["127.0.0.0/8", "::1/128"];
  const inside = c.interfaces.filter((i) => !hasGateway(i, 4));
  const gateways = new Map(c.config.gateways.items.map((g) => [g.name, g.interface]));
  for (const route of c.config.staticRoutes) {
    const key = gateways.get(route.gateway ?? "");
    if (!route.isDisabled && inside.some((i) => i.key === key) && isPrivate(route.network)) texts.push(route.network);
  }
  for (const vpn of c.config.openVpn) {
    if (!vpn.isDisabled && vpn.tunnelNetwork !== undefined) texts.push(vpn.tunnelNetwork);
  }
  const { client, isClientEnabled } = c.config.ipsec;
  const pool = client.get("pool_address");
  const bits = client.get("pool_netbits");
  if (isClientEnabled && pool !== undefined && bits !== undefined) texts.push(`${pool}/${bits}`);
  const held = inside.flatMap((i) => (i.ip4 ? [i.ip4, ...i.vips.filter((v) => v.address.family === 4)] : []));
  return [...texts.flatMap((t) => parseNetwork(t)?.network ?? []), ...held.map(netOf)];
}

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].flatMap(
  (t) => parseNetwork(t)?.network ?? [],
);

function isPrivate(text: string): boolean {
  const base = parseNetwork(text)?.network;
  return base !== undefined && PRIVATE.some((p) => contains(p, { family: base.family, value: base.base }));
}
