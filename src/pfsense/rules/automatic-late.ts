import { parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Family } from "../../core/ip.ts";
import { guiPortOf, isLoggingBlocks, isLoggingPasses, nets, port, TCP } from "./automatic.ts";
import type { Trackers } from "./automatic.ts";
import { automatic, warn } from "./context.ts";
import type { Context, Draft } from "./context.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { gatewayAddress, hasGateway, ipOf, isIpsecEnabled, isUnknown, netOf } from "./interfaces.ts";
import { ipsecService } from "./ipsec.ts";
import { portNumber } from "./protocols.ts";
import { exact, negated, ofAddresses, ofNetworks, onlyFamily } from "./sets.ts";
import type { PfRule } from "./types.ts";

/** What stands between the interfaces' automatic rules and the user's. */
export function middleRules(c: Context, t: Trackers): readonly PfRule[] {
  return [
    ...loopback(c, t),
    ...passOut(c, t),
    ...gatewayMonitoring(c, t),
    ...ipsecOut(c, t),
    ...antiLockout(c, t),
    ...reflection(c, t),
    ...captivePortal(c, t),
  ].map(automatic);
}

function loopback(c: Context, t: Trackers): readonly Draft[] {
  t.step(10);
  const families: readonly Family[] = c.config.system.allowsIpv6 ? [4, 6] : [4];
  const common = { action: "pass", on: "lo0", isQuick: false, isLogged: isLoggingPasses(c) } as const;
  return families.flatMap((family) =>
    (["in", "out"] as const).map((direction) => ({
      id: `pass-loopback${family}-late:${direction}`,
      tracker: t.take(),
      ...common,
      family,
      direction,
      description: `loopback (IPv${family})`,
    })),
  );
}

/** Everything may leave, forwarded traffic included; then each interface with a gateway keeps its own sources on it. */
function passOut(c: Context, t: Trackers): readonly Draft[] {
  const families: readonly Family[] = c.config.system.allowsIpv6 ? [4, 6] : [4];
  const common = { action: "pass", direction: "out", isQuick: false, isLogged: isLoggingPasses(c) } as const;
  const drafts: Draft[] = families.map((family) => ({
    id: `pass-out${family}`,
    tracker: t.take(),
    ...common,
    family,
    description: `let out anything IPv${family}`,
  }));
  t.step(100);
  for (const i of c.interfaces.filter((x) => x.kind === "interface")) {
    for (const family of [4, 6] as const) drafts.push(...passOutBy(c, t, i, family, common));
  }
  return drafts;
}

function passOutBy(
  c: Context,
  t: Trackers,
  i: FilterInterface,
  family: Family,
  common: Pick<Draft, "action" | "direction" | "isQuick" | "isLogged">,
): readonly Draft[] {
  const held = ipOf(i, family);
  const form = family === 4 ? i.config?.ipv4 : i.config?.ipv6;
  const isDynamic = (isUnknown(i, family) || form?.kind === "dynamic") && hasGateway(i, family);
  if (!isDynamic && (!held || !gatewayAddress(c.config, i, family))) return [];
  const gateway = (family === 4 ? i.config?.gateway : i.config?.gatewayV6) ?? i.key;
  const description = `let out ${i.label}'s own addresses by its gateway`;
  const base = { ...common, family, gateway, description, place: i.config?.place };
  if (!held) {
    const source = c.book.primary(i.key, family);
    const id = `pass-out-by-gateway:${i.key}:${family}`;
    return source ? [{ id, tracker: t.take(), ...base, source, uncertain: [`the address of ${i.label}`] }] : [];
  }
  const own = netOf(held);
  const ids = [held, ...i.vips.filter((v) => v.address.family === family && v.mode !== "proxyarp")];
  return ids.map((h, n) => {
    const isInside =
      h.address.value >> BigInt((family === 4 ? 32 : 128) - own.prefix) ===
      own.base >> BigInt((family === 4 ? 32 : 128) - own.prefix);
    const near = isInside ? own : netOf(h);
    return {
      id: `pass-out-by-gateway:${i.key}:${family}${n === 0 ? "" : `:vip${n}`}`,
      tracker: t.take(),
      ...base,
      source: ofAddresses([h.address]),
      destination: onlyFamily(negated(ofNetworks([near])), family),
    };
  });
}

/** Echo requests to the monitor of a gateway without an address are kept in while it is down. */
function gatewayMonitoring(c: Context, t: Trackers): readonly Draft[] {
  const states = c.circumstances.gatewayStates ?? {};
  const blocked = c.config.gateways.items.flatMap((g) => {
    const isAddressed = g.gateway !== undefined && parseAddress(g.gateway) !== undefined;
    const monitor = g.monitor === undefined ? undefined : parseAddress(g.monitor);
    const isWatched = !g.isMonitorOff && !g.hasNoMonitorRoute && !isAddressed && !g.isDisabled;
    return isWatched && monitor && states[g.name] === "down" ? [{ g, monitor }] : [];
  });
  if (blocked.length > 0) t.step(100);
  const drafts = blocked.map(({ g, monitor }) => ({
    id: `gateway-monitoring:${g.name}`,
    tracker: t.take(),
    action: "block" as const,
    direction: "out" as const,
    isQuick: true,
    family: monitor.family,
    protocols: [monitor.family === 4 ? 1 : 58],
    icmpTypes: [monitor.family === 4 ? 8 : 128],
    destination: ofAddresses([monitor]),
    isLogged: isLoggingBlocks(c),
    place: g.place,
    description: `monitoring of ${g.name}, which has no address`,
  }));
  t.step(300);
  return drafts;
}

/** pfSense writes two trackers on this rule, and pf keeps the second. */
function ipsecOut(c: Context, t: Trackers): readonly Draft[] {
  if (!isIpsecEnabled(c.config)) return [];
  t.take();
  return [
    {
      id: "ipsec-out",
      tracker: t.take(),
      action: "pass",
      direction: "out",
      on: "enc0",
      isQuick: false,
      isLogged: isLoggingPasses(c),
      description: "into IPsec tunnels",
    },
  ];
}

/** On LAN; on WAN when it is the only interface of the file; nowhere when there are several and no enabled LAN. */
function antiLockout(c: Context, t: Trackers): readonly Draft[] {
  const { webGui, ssh } = c.config.system;
  const key = c.config.interfaces.length > 1 ? "lan" : "wan";
  const i = c.interfaces.find((x) => x.key === key);
  t.step(10);
  if (webGui.isAntiLockoutOff || !i) return [];
  const gui = guiPortOf(webGui.protocol, webGui.port, "http");
  const ports = [gui];
  if (webGui.protocol === "https" && !webGui.isRedirectOff && gui !== 80) ports.push(80);
  if (ssh.isEnabled) ports.push(portNumber(ssh.port ?? "22") ?? 22);
  return [
    {
      id: "anti-lockout",
      tracker: 10_001,
      action: "pass",
      direction: "in",
      on: key,
      isQuick: true,
      protocols: TCP,
      destination: c.book.ownAddresses(key),
      destinationPorts: exact(ports.map((p) => ({ lo: BigInt(p), hi: BigInt(p) }))),
      isLogged: isLoggingPasses(c),
      description: `GUI and SSH from ${i.label}`,
    },
  ];
}

/** Added as soon as one port forward may be reflected, enabled or not. */
function reflection(c: Context, t: Trackers): readonly Draft[] {
  t.step(10);
  const isOff = c.config.system.isNatReflectionOff;
  const found = c.config.nat.portForwards.find(
    (r) => (!isOff || r.natReflection === "enable") && r.natReflection !== "disable",
  );
  if (!found) return [];
  return [
    {
      id: "pass-reflection",
      tracker: t.take(),
      action: "pass",
      direction: "in",
      isQuick: false,
      family: 4,
      tagged: "PFREFLECT",
      isLogged: isLoggingPasses(c),
      place: found.place,
      description: "reflected port forwards to the local proxy",
    },
  ];
}

/** Who is logged in is not in the file: the portal's block is conditional. */
function captivePortal(c: Context, t: Trackers): readonly Draft[] {
  t.step(10);
  let tracker = 13_000;
  return c.config.captivePortals.flatMap((zone) => {
    if (!zone.isEnabled) return [];
    return zone.interfaces.flatMap((key): readonly Draft[] => {
      const i = c.interfaces.find((x) => x.key === key);
      if (!i?.ip4) return [];
      warn(
        c,
        "PFSENSE_CAPTIVE_PORTAL",
        zone.place,
        `captiveportal.${zone.zone}`,
        `whether a client of ${i.label} is logged in is not in the file`,
        "Verdicts for it are those of a client that is logged in, and are marked unsure.",
      );
      const portal = ofAddresses([i.ip4.address, ...i.vips.map((v) => v.address)]);
      const base = 8000 + 2 * Number(zone.zoneId ?? "0");
      const ports = exact([{ lo: BigInt(base), hi: BigInt(base + 3) }]);
      const common = { on: key, isQuick: true, place: zone.place, isConditional: true } as const;
      const uncertain = ["who is logged in to the captive portal"];
      return [
        {
          id: `portal:${key}:in`,
          tracker: ++tracker,
          ...common,
          action: "pass",
          direction: "in",
          protocols: TCP,
          destination: portal,
          destinationPorts: ports,
          uncertain,
          description: "to the captive portal",
        },
        {
          id: `portal:${key}:out`,
          tracker: ++tracker,
          ...common,
          action: "pass",
          direction: "out",
          protocols: TCP,
          source: ofAddresses([i.ip4.address]),
          sourcePorts: ports,
          uncertain,
          description: "from the captive portal",
        },
        {
          id: `portal:${key}:block`,
          tracker: ++tracker,
          ...common,
          action: "block",
          direction: "in",
          destination: negated(portal),
          uncertain,
          description: "clients that are not logged in",
        },
      ];
    });
  });
}

/** What follows the user's rules. */
export function lastRules(c: Context, t: Trackers): readonly PfRule[] {
  return [...staticRoutes(c, t), ...ipsecService(c, t), ...upnp(c, t)].map(automatic);
}

/** `bypassstaticroutes`: both ways between an interface's network and what is routed behind it. */
function staticRoutes(c: Context, t: Trackers): readonly Draft[] {
  t.step(100);
  if (!c.config.filter.bypassesStaticRoutes) return [];
  return c.config.staticRoutes.flatMap((route): readonly Draft[] => {
    const network = parseNetwork(route.network)?.network;
    const gateway = c.config.gateways.items.find((g) => g.name === route.gateway);
    const i = c.interfaces.find((x) => x.key === gateway?.interface);
    const held = network && i ? ipOf(i, network.family) : undefined;
    if (route.isDisabled || !network || !i || !held) return [];
    const near = ofNetworks([netOf(held)]);
    const far = ofNetworks([network]);
    const common = {
      action: "pass",
      direction: "any",
      on: i.key,
      isQuick: true,
      family: network.family,
      isLogged: isLoggingPasses(c),
      place: route.place,
    } as const;
    const description = "between statically routed networks";
    const id = `static-route:${route.network}`;
    return [
      { id: `${id}:tcp-to`, tracker: t.take(), ...common, protocols: TCP, source: near, destination: far, description },
      { id: `${id}:to`, tracker: t.take(), ...common, source: near, destination: far, description },
      {
        id: `${id}:tcp-from`,
        tracker: t.take(),
        ...common,
        protocols: TCP,
        source: far,
        destination: near,
        description,
      },
      { id: `${id}:from`, tracker: t.take(), ...common, source: far, destination: near, description },
    ];
  });
}

function upnp(c: Context, t: Trackers): readonly Draft[] {
  t.step(200);
  if (!c.config.upnp.isEnabled) return [];
  c.assumptions.add("The anchor miniupnpd is empty: no client has opened a port by UPnP.");
  return c.config.upnp.interfaces.flatMap((key): readonly Draft[] => {
    const i = c.interfaces.find((x) => x.key === key);
    if (!i?.ip4) return [];
    return [
      {
        id: `upnp:${key}`,
        tracker: t.take(),
        action: "pass",
        direction: "in",
        on: key,
        isQuick: false,
        protocols: [17],
        source: ofNetworks([netOf(i.ip4)]),
        destination: nets("239.255.255.250/32"),
        destinationPorts: port(1900),
        isLogged: isLoggingPasses(c),
        description: `UPnP discovery on ${i.label}`,
      },
    ];
  });
}
