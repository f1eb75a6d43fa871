import { servers4, servers6 } from "./automatic-servers.ts";
import { hasSyslog, isLoggingBlocks, isLoggingPasses, nets, port, UDP } from "./automatic.ts";
import type { Trackers } from "./automatic.ts";
import { automatic } from "./context.ts";
import type { Context, Draft } from "./context.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { netOf, ownVips } from "./interfaces.ts";
import { ofAddresses, ofNetworks, onlyFamily } from "./sets.ts";
import type { PfRule } from "./types.ts";

/** Counters that run across interfaces, apart from the per-interface trackers. */
interface Counters {
  bogons: number;
  rfc1918: number;
}

/** The loop over the interfaces in `filter_rules_generate`: each entry moves the trackers by 1050. */
export function interfaceRules(c: Context, t: Trackers): readonly PfRule[] {
  const counters: Counters = { bogons: 11_000, rfc1918: 12_000 };
  return c.interfaces
    .flatMap((i) => [
      ...dhcpClient(c, t, i),
      ...bogons(c, t, i, counters),
      ...antispoof(c, t, i),
      ...privateNets(c, t, i, counters),
      ...servers4(c, t, i),
      ...servers6(c, t, i),
    ])
    .map(automatic);
}

function dhcpClient(c: Context, t: Trackers, i: FilterInterface): readonly Draft[] {
  t.step(10);
  const common = {
    action: "pass",
    on: i.key,
    isQuick: true,
    protocols: UDP,
    isLogged: isLoggingPasses(c),
    place: i.config?.place,
  } as const;
  const drafts: Draft[] = [];
  if (i.type4 === "dhcp") {
    const client = { ...common, isStateless: true, description: `${i.label} asks for its address by DHCP` };
    drafts.push(
      {
        id: `dhcp-client:${i.key}:in`,
        tracker: t.take(),
        ...client,
        direction: "in",
        sourcePorts: port(67),
        destinationPorts: port(68),
        setsTag: "dhcpin",
      },
      {
        id: `dhcp-client:${i.key}:out`,
        tracker: t.take(),
        ...client,
        direction: "out",
        sourcePorts: port(68),
        destinationPorts: port(67),
      },
    );
  }
  if (c.config.system.allowsIpv6 && (i.type6 === "slaac" || i.type6 === "dhcp6")) {
    const link = nets("fe80::/10");
    const client = { ...common, description: `${i.label} asks for its address by DHCPv6` };
    drafts.push(
      {
        id: `dhcp6-client:${i.key}:link`,
        tracker: t.take(),
        ...client,
        direction: "in",
        source: link,
        destination: link,
        sourcePorts: port(546),
        destinationPorts: port(546),
      },
      {
        id: `dhcp6-client:${i.key}:in`,
        tracker: t.take(),
        ...client,
        direction: "in",
        sourcePorts: port(547),
        destinationPorts: port(546),
      },
      {
        id: `dhcp6-client:${i.key}:out`,
        tracker: t.take(),
        ...client,
        direction: "out",
        sourcePorts: port(546),
        destinationPorts: port(547),
      },
    );
  }
  return drafts;
}

function bogons(c: Context, t: Trackers, i: FilterInterface, counters: Counters): readonly Draft[] {
  t.step(1000);
  if (!i.config?.blocksBogons) return [];
  const isLogged = !hasSyslog(c, "nologbogons");
  const common = {
    action: "block",
    direction: "in",
    on: i.key,
    isQuick: true,
    isLogged,
    place: i.config.place,
  } as const;
  c.assumptions.add("The table <bogons> is the one pfSense ships; the monthly update adds unallocated networks.");
  const drafts: Draft[] = [
    {
      id: `bogons4:${i.key}`,
      tracker: ++counters.bogons,
      ...common,
      source: onlyFamily(c.aliases.systemTable("bogons"), 4),
      description: `bogons from ${i.label}`,
    },
  ];
  if (c.config.system.allowsIpv6) {
    c.assumptions.add("The table <bogonsv6> is empty, as shipped; the monthly update fills it.");
    drafts.push({
      id: `bogons6:${i.key}`,
      tracker: ++counters.bogons,
      ...common,
      source: onlyFamily(c.aliases.systemTable("bogonsv6"), 6),
      description: `IPv6 bogons from ${i.label}`,
    });
  }
  return drafts;
}

/**
 * `antispoof for`: pf makes of it "in on every other interface from the interface's networks" and "in from its own
 * addresses", for the primary address, CARP and IP aliases. Not quick: any quick pass outdoes it.
 */
function antispoof(c: Context, t: Trackers, i: FilterInterface): readonly Draft[] {
  t.step(10);
  if ((!i.ip4 && !i.isUnknown4) || isBridged(c, i.key)) return [];
  // The group of pf interfaces behind l2tp and pppoe holds no addresses of its own until a client connects.
  if (i.kind !== "interface") return [];
  const held = [i.ip4, i.ip6, ...ownVips(i)].flatMap((h) => (h ? [h] : []));
  const tracker = t.takeBefore();
  const common = {
    tracker,
    action: "block",
    direction: "in",
    isQuick: false,
    isLogged: isLoggingBlocks(c),
    place: i.config?.place,
  } as const;
  const drafts: Draft[] = [
    {
      id: `antispoof-net:${i.key}`,
      ...common,
      on: i.key,
      isNotOn: true,
      source: ofNetworks(held.map(netOf)),
      description: `from a network of ${i.label}, but not through it`,
    },
    {
      id: `antispoof-own:${i.key}`,
      ...common,
      source: ofAddresses(held.map((h) => h.address)),
      description: `from an address of ${i.label}`,
    },
  ];
  if (i.isUnknown4) {
    const source = onlyFamily(c.book.ownAddresses(i.key), 4);
    drafts.push({
      id: `antispoof-unknown:${i.key}`,
      ...common,
      on: i.key,
      isNotOn: true,
      source,
      isConditional: true,
      uncertain: [`the address of ${i.label}`],
      description: `from ${i.label}'s network, but not through it`,
    });
  }
  return drafts;
}

/** pfSense looks for the key anywhere in the text of the members: `opt1` is found in `opt10`. */
const isBridged = (c: Context, key: string): boolean =>
  c.config.bridges.some((b) => b.membersText.toLowerCase().includes(key.toLowerCase()));

function privateNets(c: Context, t: Trackers, i: FilterInterface, counters: Counters): readonly Draft[] {
  t.step(10);
  if (!i.config?.blocksPrivate || isBridged(c, i.key)) return [];
  const isLogged = !hasSyslog(c, "nologprivatenets");
  const common = {
    action: "block",
    direction: "in",
    on: i.key,
    isQuick: true,
    isLogged,
    place: i.config.place,
  } as const;
  return ["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].map((net) => ({
    id: `block-private:${i.key}:${net}`,
    tracker: ++counters.rfc1918,
    ...common,
    source: nets(net),
    description: `private addresses from ${i.label}`,
  }));
}
