import { parseAddress } from "../../core/ip.ts";
import type { Family } from "../../core/ip.ts";
import { isLoggingPasses, nets, port, UDP } from "./automatic.ts";
import type { Trackers } from "./automatic.ts";
import type { Context, Draft } from "./context.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { ofAddresses } from "./sets.ts";
import type { AddressSet } from "./sets.ts";

const BROADCAST = nets("255.255.255.255/32");

/** DHCP server, its failover and its relay, unless the interface is a PPP one (`switch ($oc['type'])`). */
export function servers4(c: Context, t: Trackers, i: FilterInterface): readonly Draft[] {
  t.step(10);
  const isLogged = isLoggingPasses(c);
  if (i.type4 === "pptp") {
    return [
      {
        id: `pptp-client:${i.key}`,
        tracker: t.take(),
        action: "pass",
        direction: "in",
        on: i.key,
        isQuick: false,
        protocols: [47],
        isLogged,
        description: `PPTP on ${i.label}`,
      },
    ];
  }
  if (i.type4 === "pppoe" || i.type4 === "none") return [];
  const own = c.book.primary(i.key, 4);
  const drafts: Draft[] = [];
  const server = c.config.dhcp4.find((d) => d.interface === i.key);
  const common = { action: "pass", on: i.key, isQuick: true, family: 4, protocols: UDP, isLogged } as const;
  if (server?.isEnabled) {
    const d = { ...common, place: server.place, description: `DHCP server on ${i.label}` };
    drafts.push({
      id: `dhcp-server:${i.key}:broadcast`,
      tracker: t.take(),
      ...d,
      direction: "in",
      sourcePorts: port(68),
      destination: BROADCAST,
      destinationPorts: port(67),
    });
    if (own) {
      drafts.push(
        {
          id: `dhcp-server:${i.key}:in`,
          tracker: t.take(),
          ...d,
          direction: "in",
          sourcePorts: port(68),
          destination: own,
          destinationPorts: port(67),
        },
        {
          id: `dhcp-server:${i.key}:out`,
          tracker: t.take(),
          ...d,
          direction: "out",
          source: own,
          sourcePorts: port(67),
          destinationPorts: port(68),
        },
      );
      drafts.push(...failover(t, i, own, server.failoverPeer, { ...d, protocols: [6, 17] }));
    }
  }
  if (c.config.dhcpRelay4.isEnabled && c.config.dhcpRelay4.interfaces.includes(i.key)) {
    drafts.push({
      id: `dhcp-relay:${i.key}`,
      tracker: t.take(),
      ...common,
      direction: "in",
      sourcePorts: port(68),
      destination: BROADCAST,
      destinationPorts: port(67),
      description: `DHCP relay on ${i.label}`,
    });
  }
  return drafts;
}

function failover(
  t: Trackers,
  i: FilterInterface,
  own: AddressSet,
  peerText: string | undefined,
  common: Omit<Draft, "id" | "direction">,
): readonly Draft[] {
  const peer = peerText === undefined ? undefined : parseAddress(peerText);
  if (peer?.family !== 4) return [];
  return [519, 520].map((p) => ({
    ...common,
    id: `dhcp-failover:${i.key}:${p}`,
    tracker: t.take(),
    direction: "in",
    source: ofAddresses([peer]),
    destination: own,
    destinationPorts: port(p),
    description: `DHCP failover on ${i.label}`,
  }));
}

/** 6rd, 6to4, or DHCPv6 server and relay (`switch ($oc['type6'])`). The DHCPv6 passes do not depend on `enable` of IPv6. */
export function servers6(c: Context, t: Trackers, i: FilterInterface): readonly Draft[] {
  t.step(10);
  const isLogged = isLoggingPasses(c);
  const tunnel = {
    action: "pass",
    on: i.key,
    isQuick: false,
    family: 4 satisfies Family,
    protocols: [41],
    isLogged,
  } as const;
  if (i.type6 === "6rd" || i.type6 === "6to4") {
    const is6rd = i.type6 === "6rd";
    const relay = is6rd && i.config?.relay6rd !== undefined ? parseAddress(i.config.relay6rd) : undefined;
    const end = is6rd ? (relay?.family === 4 ? ofAddresses([relay]) : undefined) : c.book.primary(i.key, 4);
    if (!end) return [];
    const description = `IPv6 in IPv4 of ${i.label} (${i.type6})`;
    return [
      {
        id: `${i.type6}:${i.key}:in`,
        tracker: t.take(),
        ...tunnel,
        direction: "in",
        ...(is6rd ? { source: end } : { destination: end }),
        description,
      },
      {
        id: `${i.type6}:${i.key}:out`,
        tracker: t.take(),
        ...tunnel,
        direction: "out",
        ...(is6rd ? { destination: end } : { source: end }),
        description,
      },
    ];
  }
  const server = c.config.dhcp6.find((d) => d.interface === i.key && d.isEnabled);
  const isRelay = c.config.dhcpRelay6.isEnabled && c.config.dhcpRelay6.interfaces.includes(i.key);
  if (!server && !isRelay) return [];
  const common = {
    action: "pass",
    on: i.key,
    isQuick: true,
    family: 6,
    protocols: UDP,
    isLogged,
    place: server?.place,
    description: `DHCPv6 server on ${i.label}`,
  } as const;
  const link = nets("fe80::/10");
  const multicast = nets("ff02::/16");
  const own = c.book.primary(i.key, 6);
  const drafts: Draft[] = [
    {
      id: `dhcp6-server:${i.key}:link`,
      tracker: t.take(),
      ...common,
      direction: "any",
      source: link,
      destination: link,
      destinationPorts: port(546),
    },
    {
      id: `dhcp6-server:${i.key}:multicast546`,
      tracker: t.take(),
      ...common,
      direction: "any",
      source: link,
      destination: multicast,
      destinationPorts: port(546),
    },
    {
      id: `dhcp6-server:${i.key}:multicast547`,
      tracker: t.take(),
      ...common,
      direction: "any",
      source: link,
      destination: multicast,
      destinationPorts: port(547),
    },
    {
      id: `dhcp6-server:${i.key}:from-multicast`,
      tracker: t.take(),
      ...common,
      direction: "any",
      source: multicast,
      destination: link,
      destinationPorts: port(547),
    },
  ];
  if (own) {
    drafts.push(
      {
        id: `dhcp6-server:${i.key}:in`,
        tracker: t.take(),
        ...common,
        direction: "in",
        source: link,
        destination: own,
        destinationPorts: port(546),
      },
      {
        id: `dhcp6-server:${i.key}:out`,
        tracker: t.take(),
        ...common,
        direction: "out",
        source: own,
        sourcePorts: port(547),
        destination: link,
      },
    );
  }
  return drafts;
}
