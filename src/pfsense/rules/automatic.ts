import type { Family } from "../../core/ip.ts";
import { parseNetwork } from "../../core/ip.ts";
import { automatic } from "./context.ts";
import type { Context, Draft } from "./context.ts";
import { portNumber } from "./protocols.ts";
import { exact, isNowhere, ofNetworks } from "./sets.ts";
import type { AddressSet, Fuzzy } from "./sets.ts";
import type { PfRule } from "./types.ts";

/** `TRACKER_DEFAULT` of `etc/inc/filter.inc`. */
const BASE = 1_000_000_000;

export const port = (n: number): Fuzzy => exact([{ lo: BigInt(n), hi: BigInt(n) }]);

export function nets(...texts: readonly string[]): AddressSet {
  return ofNetworks(texts.flatMap((t) => parseNetwork(t)?.network ?? []));
}

export const isLoggingBlocks = (c: Context): boolean => !hasSyslog(c, "nologdefaultblock");
export const isLoggingPasses = (c: Context): boolean => hasSyslog(c, "nologdefaultpass");
export const hasSyslog = (c: Context, field: string): boolean => c.config.syslog?.fields.has(field) ?? false;

const TCP_UDP = [6, 17];
export const TCP = [6];
export const UDP = [17];

/** Hands out trackers as `filter_rules_generate` does: steps set the base, each rule takes the next number. */
export class Trackers {
  #base = BASE;
  #next = BASE;

  step(by: number): void {
    this.#base += by;
    this.#next = this.#base;
  }

  /** Leaves numbers out without moving the base. */
  skip(count: number): void {
    this.#next += count;
  }

  /** The number for the next rule. */
  take(): number {
    return ++this.#next;
  }

  /** The number as it stands: `antispoof` uses it before counting on. */
  takeBefore(): number {
    return this.#next++;
  }
}

/** What comes before the first interface: `filter_rules_generate` up to its loop over the interfaces. */
export function firstRules(c: Context, t: Trackers): readonly PfRule[] {
  return [
    ...ipv6Off(c, t),
    ...linkLocal4(c, t),
    ...defaultDeny(c, t),
    ...icmp6(c, t),
    ...portZero(c, t),
    ...snort(c, t),
    ...carp(c, t),
    ...lockouts(c, t),
  ].map(automatic);
}

function ipv6Off(c: Context, t: Trackers): readonly Draft[] {
  if (c.config.system.allowsIpv6) return [];
  const isLogged = isLoggingBlocks(c);
  const on = { on: "lo0", action: "pass", isQuick: true, family: 6, isLogged: isLoggingPasses(c) } as const;
  const block = { action: "block", isQuick: true, family: 6, isLogged } as const;
  return [
    { id: "pass-loopback6:in", tracker: t.take(), ...on, direction: "in", description: "IPv6 on loopback" },
    { id: "pass-loopback6:out", tracker: t.take(), ...on, direction: "out", description: "IPv6 on loopback" },
    { id: "block-ipv6:in", tracker: t.take(), ...block, direction: "in", description: "IPv6 is not allowed" },
    { id: "block-ipv6:out", tracker: t.take(), ...block, direction: "out", description: "IPv6 is not allowed" },
  ];
}

function linkLocal4(c: Context, t: Trackers): readonly Draft[] {
  t.step(100);
  if (c.config.system.isApipaBlockOff) return [];
  const isLogged = !hasSyslog(c, "nologlinklocal4");
  const common = { action: "block", direction: "in", isQuick: true, family: 4, isLogged } as const;
  const apipa = nets("169.254.0.0/16");
  return [
    { id: "block-linklocal4:from", tracker: t.take(), ...common, source: apipa, description: "from 169.254.0.0/16" },
    { id: "block-linklocal4:to", tracker: t.take(), ...common, destination: apipa, description: "to 169.254.0.0/16" },
  ];
}

/** Not quick, and first: they decide only what no other rule matches. */
function defaultDeny(c: Context, t: Trackers): readonly Draft[] {
  const isLogged = isLoggingBlocks(c);
  const sides = [
    [4, "in"],
    [4, "out"],
    [6, "in"],
    [6, "out"],
  ] as const;
  return sides.map(([family, direction]) => ({
    id: `default-deny${family}:${direction}`,
    tracker: t.take(),
    action: "block",
    direction,
    isQuick: false,
    family,
    isLogged,
    description: `nothing passes ${direction} unless a rule says so (IPv${family})`,
  }));
}

function icmp6(c: Context, t: Trackers): readonly Draft[] {
  if (!c.config.system.allowsIpv6) return [];
  const common = { action: "pass", isQuick: true, family: 6, protocols: [58], isLogged: isLoggingPasses(c) } as const;
  const link = nets("fe80::/10");
  const multicast = nets("ff02::/16");
  const out = { ...common, direction: "out", icmpTypes: [129, 133, 134, 135, 136] } as const;
  const into = { ...common, direction: "in", icmpTypes: [128, 133, 134, 135, 136] } as const;
  const what = "neighbours and routers (ICMPv6)";
  const drafts: readonly Omit<Draft, "tracker">[] = [
    { id: "icmp6-required", ...common, direction: "any", icmpTypes: [1, 2, 135, 136], description: "required ICMPv6" },
    { id: "icmp6-link:out", ...out, source: link, destination: link, description: what },
    { id: "icmp6-multicast:out", ...out, source: link, destination: multicast, description: what },
    { id: "icmp6-link:in", ...into, source: link, destination: link, description: what },
    { id: "icmp6-from-multicast:in", ...into, source: multicast, destination: link, description: what },
    { id: "icmp6-multicast:in", ...into, source: link, destination: multicast, description: what },
    { id: "icmp6-unspecified:in", ...into, source: nets("::/128"), destination: multicast, description: what },
  ];
  return drafts.map((d) => ({ ...d, tracker: t.take() }));
}

function portZero(c: Context, t: Trackers): readonly Draft[] {
  const zero = port(0);
  const families: readonly Family[] = c.config.system.allowsIpv6 ? [4, 6] : [4];
  const isLogged = isLoggingBlocks(c);
  return families.flatMap((family): readonly Draft[] => {
    const common = { action: "block", direction: "any", isQuick: true, family, protocols: TCP_UDP, isLogged } as const;
    return [
      { id: `block-port0:from${family}`, tracker: t.take(), ...common, sourcePorts: zero, description: "from port 0" },
      { id: `block-port0:to${family}`, tracker: t.take(), ...common, destinationPorts: zero, description: "to port 0" },
    ];
  });
}

function snort(c: Context, t: Trackers): readonly Draft[] {
  const table = c.aliases.systemTable("snort2c");
  assumeEmpty(c, table, "snort2c", "Snort and Suricata have blocked nobody");
  const isLogged = !hasSyslog(c, "nologsnort2c");
  const common = { action: "block", direction: "any", isQuick: true, isLogged } as const;
  return [
    { id: "block-snort2c:from", tracker: t.take(), ...common, source: table, description: "hosts an IDS blocked" },
    { id: "block-snort2c:to", tracker: t.take(), ...common, destination: table, description: "hosts an IDS blocked" },
  ];
}

/** Only with a CARP address (`filter_process_carp_rules`); pfsync gets no such pass. */
function carp(c: Context, t: Trackers): readonly Draft[] {
  t.step(100);
  const vip = c.config.virtualIps.find((v) => v.mode === "carp");
  if (!vip) return [];
  const common = { isQuick: true, protocols: [112], place: vip.place } as const;
  const block = {
    ...common,
    action: "block",
    direction: "in",
    source: c.book.self,
    isLogged: isLoggingBlocks(c),
  } as const;
  const pass = {
    ...common,
    action: "pass",
    direction: "any",
    isStateless: true,
    isLogged: isLoggingPasses(c),
  } as const;
  return [
    { id: "block-own-carp", tracker: t.take(), ...block, description: "CARP from our own addresses" },
    { id: "pass-carp", tracker: t.take(), ...pass, description: "CARP, on every interface" },
  ];
}

function lockouts(c: Context, t: Trackers): readonly Draft[] {
  const { ssh, webGui } = c.config.system;
  const sshguard = c.aliases.systemTable("sshguard");
  const virusprot = c.aliases.systemTable("virusprot");
  assumeEmpty(c, sshguard, "sshguard", "nobody is locked out for failed logins");
  assumeEmpty(c, virusprot, "virusprot", "no source is over its connection rate");
  const isLogged = isLoggingBlocks(c);
  const common = { action: "block", direction: "in", isQuick: true, isLogged } as const;
  const guard = { ...common, protocols: TCP, source: sshguard, destination: c.book.self } as const;
  t.step(100);
  const sshTracker = t.take();
  t.step(50);
  const guiTracker = t.take();
  t.step(100);
  const sshPort = port(portNumber(ssh.port ?? "22") ?? 22);
  const guiPort = port(guiPortOf(webGui.protocol, webGui.port, "https"));
  const dhcp = { action: "block", direction: "out", isQuick: true, protocols: UDP, tagged: "dhcpin" } as const;
  return [
    { id: "sshguard-ssh", tracker: sshTracker, ...guard, destinationPorts: sshPort, description: "SSH lockout" },
    { id: "sshguard-gui", tracker: guiTracker, ...guard, destinationPorts: guiPort, description: "GUI lockout" },
    { id: "virusprot", tracker: BASE + 400, ...common, source: virusprot, description: "sources over their rate" },
    {
      id: "block-dhcp-routing",
      tracker: t.take(),
      ...dhcp,
      sourcePorts: port(67),
      destinationPorts: port(68),
      description: "DHCP replies are never routed on",
    },
  ];
}

/** The two places of pfSense that guess a port disagree on what an absent protocol means; the caller says which. */
export function guiPortOf(protocol: string | undefined, text: string | undefined, absent: "http" | "https"): number {
  const own = text === undefined ? undefined : portNumber(text);
  if (own !== undefined) return own;
  return (protocol ?? absent) === "http" ? 80 : 443;
}

function assumeEmpty(c: Context, table: AddressSet, name: string, what: string): void {
  if (isNowhere(table)) c.assumptions.add(`The table <${name}> is empty: ${what}.`);
}
