import { contains, parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Address, Family, Network } from "../../core/ip.ts";
import type { PfOutboundRule } from "../model/nat.ts";
import { ALL_PORTS, boxesOf } from "./boxes.ts";
import { warn } from "./context.ts";
import type { Context } from "./context.ts";
import { hasGateway, ipOf, netOf } from "./interfaces.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { isLostPort, natBoxes } from "./nat-match.ts";
import type { SourceNat } from "./nat-types.ts";
import { ofNetworks } from "./sets.ts";
import { ANYWHERE } from "./sets.ts";
import { reportUnusable, Unusable } from "./unusable.ts";

/** Outbound NAT: manual rules in `advanced` and `hybrid`, then the automatic ones unless `advanced` or `disabled`. */
export function sourceNats(c: Context): readonly SourceNat[] {
  const mode = c.config.nat.outboundMode;
  const isManual = mode === "advanced" || mode === "hybrid";
  // A mode that is there and empty, or unknown, translates nothing.
  const isAutomatic = mode === undefined || mode === "automatic" || mode === "hybrid";
  const manual = isManual ? c.config.nat.outbound.filter((r) => !r.isDisabled).flatMap((r) => outbound(c, r)) : [];
  return [...manual, ...(isAutomatic ? automaticNats(c) : [])];
}

function outbound(c: Context, r: PfOutboundRule): readonly SourceNat[] {
  const path = `nat.outbound.rule[${r.index}]`;
  const skip = (why: Unusable): readonly [] => {
    reportUnusable(c, "NAT", "outbound rule", r.place, path, why);
    return [];
  };
  const i = c.interfaces.find((x) => x.key === r.interface);
  if (!i) return skip(new Unusable(`interface "${r.interface ?? ""}" is not an enabled interface or group`));
  // The description stands behind the rule as a comment (`filter_nat_rules_generate_if`), which is read to its line's end.
  if (/\n/.test(r.description ?? ""))
    return skip(new Unusable("its description has several lines, and pf reads the second as a rule", true));
  if (r.description?.endsWith("\\") === true) {
    const fact = "its description ends in a backslash, and pf reads the next translation as part of the comment";
    warn(c, "PFSENSE_NAT_NEXT_LOST", r.place, path, fact, "Let the description end in something else.");
  }
  for (const port of [r.sourcePort, r.destinationPort].filter((p) => isLostPort(c, p))) {
    const fact = `its port "${port ?? ""}" is neither a port nor an alias, so it translates every port`;
    warn(c, "PFSENSE_NAT_PORT_LOST", r.place, path, fact, "Write a port, a range or an alias.");
  }
  const isOwn = r.target === undefined || r.target === `${i.key}ip` || c.aliases.has(r.target);
  if (!isOwn && !targetAddress(r)) {
    const fact = `its address "${r.target}" cannot be read, so it translates to the interface's own`;
    warn(c, "PFSENSE_NAT_TARGET_LOST", r.place, path, fact, "Write an address with its length, an alias, or nothing.");
  }
  // Ports without a protocol are those of whatever has ports: TCP and UDP.
  const hasPort = [r.sourcePort, r.destinationPort].some((p) => p !== undefined && !isLostPort(c, p));
  const isAnyProtocol = r.protocol === undefined || r.protocol === "any";
  const protocol = hasPort && isAnyProtocol ? "tcp/udp" : r.protocol;
  const ports = { source: r.sourcePort, destination: r.destinationPort };
  const made = familiesOf(c, r).map((family) => ({
    family,
    boxes: natBoxes(c, family, protocol, r.source, r.destination, ports, true),
  }));
  const failed = made.find((m) => m.boxes instanceof Unusable);
  if (failed?.boxes instanceof Unusable) return skip(failed.boxes);
  return made.flatMap(({ family, boxes }) => {
    if (boxes instanceof Unusable) return [];
    return [
      {
        id: `outbound[${r.index}]`,
        place: r.place,
        by: "user" as const,
        description: r.description ?? "",
        interfaces: [i.key],
        ...boxes,
        isNo: r.isNoNat,
        target: targetOf(c, r, i, family),
        ...mannerOf(c, r, i, family),
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

/** An alias or a network is a pool, of which nobody knows the address; what is neither is the interface's own. */
function targetOf(c: Context, r: PfOutboundRule, i: FilterInterface, family: Family): Address | undefined {
  const own = ipOf(i, family)?.address;
  if (r.target === undefined) return own;
  if (c.aliases.has(r.target)) return undefined;
  const address = targetAddress(r);
  if (address?.family !== family) return own;
  const isHost = r.targetSubnet === undefined || r.targetSubnet === (family === 4 ? "32" : "128");
  return isHost ? address : undefined;
}

/** A pool's options count with a pool only, and a port that is given gives way to the packet's own. */
function mannerOf(
  c: Context,
  r: PfOutboundRule,
  i: FilterInterface,
  family: Family,
): Pick<SourceNat, "pool" | "manner"> {
  const isPool = r.target !== undefined && targetOf(c, r, i, family) === undefined;
  const pool = isPool ? `${r.target}${r.targetSubnet === undefined ? "" : `/${r.targetSubnet}`}` : undefined;
  const port = r.isStaticPort ? ["its source port kept"] : r.natPort === undefined ? [] : [`from port ${r.natPort}`];
  return { pool, manner: [...(isPool && r.poolOptions !== undefined ? [r.poolOptions] : []), ...port] };
}

/** The address that an outbound rule gives when it can be read, with its length. */
function targetAddress(r: PfOutboundRule): Address | undefined {
  const text = `${r.target ?? ""}${r.targetSubnet === undefined ? "" : `/${r.targetSubnet}`}`;
  return r.targetSubnet === undefined ? parseAddress(text) : parseNetwork(text)?.address;
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
          pool: undefined,
          manner: [],
        };
      }),
    );
}

/** `filter_nat_rules_automatic_tonathosts`: loopback, private static routes, interfaces without a gateway, tunnels. */
function insideNetworks(c: Context): readonly Network[] {
  const texts = ["127.0.0.0/8", "::1/128"];
  const inside = c.interfaces.filter((i) => !hasGateway(i, 4));
  const gateways = new Set(c.config.gateways.items.map((g) => g.name));
  for (const route of c.config.staticRoutes) {
    // Behind whichever interface: pfSense asks whether a device's name has a gateway, and it never does.
    const isThere = !route.isDisabled && gateways.has(route.gateway ?? "");
    if (isThere && isPrivate(route.network)) texts.push(route.network);
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
