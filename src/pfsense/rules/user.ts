import type { Family } from "../../core/ip.ts";
import type { Endpoint } from "../model/base.ts";
import type { PfFilterRule } from "../model/filter.ts";
import { ALL_PORTS } from "./boxes.ts";
import type { Boxes } from "./boxes.ts";
import { budgeted, warn } from "./context.ts";
import type { Context } from "./context.ts";
import { portRange } from "./aliases.ts";
import { labelOfRule } from "./labels.ts";
import { hasPorts, icmpType, protocolNumber } from "./protocols.ts";
import { scheduleState } from "./schedules.ts";
import { ANYWHERE, exact, fuzzyUnion, negated } from "./sets.ts";
import type { AddressSet, Fuzzy } from "./sets.ts";
import type { Direction, PfAction, PfRule } from "./types.ts";
import { reportUnusable, Unusable } from "./unusable.ts";

const VPN_GROUPS = new Set(["l2tp", "pppoe", "enc0", "openvpn"]);

/** The user's rules in pf's order: floating, then groups (and VPN entries), then interfaces, each in the file's order. */
export function userRules(c: Context): readonly PfRule[] {
  const groups = new Set(c.config.interfaceGroups.map((g) => g.name));
  const rank = (r: PfFilterRule): number =>
    r.floating !== undefined ? 0 : groups.has(r.interface ?? "") || VPN_GROUPS.has(r.interface ?? "") ? 1 : 2;
  const ranked = c.config.filter.rules.filter((r) => !r.isDisabled);
  return [0, 1, 2].flatMap((n) => ranked.filter((r) => rank(r) === n).flatMap((r) => userRule(c, r)));
}

/** One rule of `filter` (`filter_generate_user_rule`, `etc/inc/filter.inc`); none when pfSense leaves it out. */
function userRule(c: Context, r: PfFilterRule): readonly PfRule[] {
  const path = `filter.rule[${r.index}]`;
  const interfaces = interfacesOf(c, r);
  if (interfaces === "none") {
    const fact = `interface "${r.interface ?? ""}" is not an enabled interface or group`;
    warn(c, "PFSENSE_RULE_INTERFACE", r.place, path, fact, "pfSense leaves the rule out.");
    return [];
  }
  const schedule = scheduleState(c.config, r.schedule, c.circumstances.now);
  if (schedule === "ended") return [];
  const uncertain = new Set<string>();
  if (schedule === "unknown") {
    uncertain.add(`schedule ${r.schedule ?? ""}`);
    const hint = "Whether it holds depends on the hour; with --now it is decided for one.";
    warn(c, "PFSENSE_RULE_SCHEDULE", r.place, path, `it holds only while schedule "${r.schedule ?? ""}" does`, hint);
  }
  addHiddenConditions(r, uncertain);
  const isConditional = uncertain.size > 0;
  const unreadable = unreadableTo(r);
  const made = familiesOf(r).map((family) =>
    unreadable === undefined ? matchOf(c, r, family, uncertain, isConditional) : new Unusable(unreadable, true),
  );
  const usable = made.flatMap((m) => (m instanceof Unusable ? [] : [m]));
  const whys = made.flatMap((m) => (m instanceof Unusable ? [m] : []));
  // Both families say the same of what they share.
  for (const m of new Map(whys.map((u) => [`${u.isRefused} ${u.why}`, u])).values())
    reportUnusable(c, "RULE", "rule", r.place, path, m);
  if (usable.length === 0) return [];
  const gateway = gatewayOf(c, r, path);
  if (gateway === "left out") return [];
  reportSurprises(c, r, path);
  const boxes = usable.flatMap((m) => m.boxes);
  const mayBoxes = usable.some((m) => m.mayBoxes) ? usable.flatMap((m) => m.mayBoxes ?? m.boxes) : undefined;
  const direction: Direction = r.floating === "yes" ? floatingDirection(r) : "in";
  return [
    {
      id: r.tracker ?? `rule[${r.index}]`,
      tracker: r.tracker,
      action: actionOf(r),
      direction,
      interfaces,
      isNotOn: false,
      isQuick: r.floating === undefined || r.isQuick,
      boxes,
      mayBoxes,
      uncertain: mayBoxes ? [...uncertain] : [],
      tagged: r.tagged === undefined ? undefined : { tag: r.tagged, isNot: r.isNotTagged },
      setsTag: r.tag,
      isStateful: actionOf(r) === "pass" && r.stateType !== "none",
      isLogged: r.isLogged,
      by: "user",
      place: r.place,
      description: r.description ?? "",
      gateway: gateway.name,
    },
  ];
}

/** What pfSense writes as it stands and pf cannot read there; pf then refuses every rule. */
function unreadableTo(r: PfFilterRule): string | undefined {
  if (endsItsLabel(r.description ?? ""))
    return "its description ends in a backslash, which takes the closing quote of pf's label";
  if (r.tracker !== undefined && !isNumber(r.tracker, 0xffff_ffff)) return `its tracker "${r.tracker}" is not a number`;
  if (r.floating === "yes" && !["in", "out", "any", undefined].includes(r.direction))
    return `its direction "${r.direction ?? ""}" is neither in, out nor any`;
  for (const [what, tag] of Object.entries({ tag: r.tag, tagged: r.tagged }))
    if (tag !== undefined && /["\n]|\\$/.test(tag)) return `its ${what} holds what ends pf's quotes`;
  const numbers = actionOf(r) === "pass" && r.stateType !== "none" ? NUMBERS : [];
  const wrong = numbers.find((name) => r.options.has(name) && !isNumber(r.options.get(name)!, 0xffff_ffff));
  return wrong === undefined ? undefined : `its ${wrong} "${r.options.get(wrong) ?? ""}" is not a number`;
}

const NUMBERS = ["max", "max-src-nodes", "max-src-states", "max-src-conn", "statetimeout"];

const isNumber = (text: string, most: number): boolean => /^\d{1,10}$/.test(text) && Number(text) <= most;

/** Whether pf reads on behind the label's closing quote: to pfctl a backslash before a quote is that quote (`yylex`). */
const endsItsLabel = (description: string): boolean => labelOfRule(description).endsWith("\\");

/** A missing or unknown type is `pass`. */
const actionOf = (r: PfFilterRule): PfAction =>
  r.type === "block" || r.type === "reject" || r.type === "match" ? r.type : "pass";

const floatingDirection = (r: PfFilterRule): Direction =>
  r.direction === "in" || r.direction === "out" ? r.direction : "any";

const familiesOf = (r: PfFilterRule): readonly Family[] =>
  r.ipProtocol === "inet46" ? [4, 6] : r.ipProtocol === "inet6" ? [6] : [4];

/** Floating: a comma list of which the enabled ones count, or everything. Else one enabled interface or group. */
function interfacesOf(c: Context, r: PfFilterRule): readonly string[] | undefined | "none" {
  const known = new Set(c.interfaces.map((i) => i.key));
  if (r.floating === undefined) return r.interface !== undefined && known.has(r.interface) ? [r.interface] : "none";
  if (r.interface === undefined || r.interface === "any") return undefined;
  const keys = r.interface.split(",").filter((k) => known.has(k));
  return keys.length > 0 ? keys : "none";
}

/** The rule's gateway: without one that is up a rule keeps its verdict and loses its route, or is left out altogether. */
function gatewayOf(c: Context, r: PfFilterRule, path: string): { readonly name: string | undefined } | "left out" {
  const name = r.gateway;
  if (name === undefined || actionOf(r) !== "pass") return { name: undefined };
  const skips = c.config.system.skipsRulesOfGatewaysDown;
  const { items, groups } = c.config.gateways;
  const members = groups.find((g) => g.name === name)?.items.map((text) => text.split("|")[0]!) ?? [name];
  if (members.every((m) => c.circumstances.gatewayStates?.[m] === "down"))
    return skips ? "left out" : { name: undefined };
  const isKnown = items.some((g) => g.name === name) || groups.some((g) => g.name === name);
  if (isKnown || /_(DHCP6?|PPPOE|PPP|L2TP|PPTP|SLAAC|6RD|6TO4|VPNV[46]|VTIV[46]|TUNNELV[46])$/.test(name))
    return { name };
  const hint = skips ? "pfSense leaves the rule out." : "pfSense keeps the rule without its gateway.";
  warn(c, "PFSENSE_RULE_GATEWAY", r.place, path, `gateway "${name}" is not in the file`, hint);
  return skips ? "left out" : { name: undefined };
}

/** Conditions that a packet's line does not tell: the rule may match, and is never certain to. */
function addHiddenConditions(r: PfFilterRule, uncertain: Set<string>): void {
  if (r.dscp !== undefined) uncertain.add("DSCP");
  if (r.vlanPriority !== undefined && r.vlanPriority !== "none") uncertain.add("802.1p priority");
  if (r.os !== undefined && r.protocol === "tcp") uncertain.add("operating system of the source");
}

/** `flags F/M` against a first packet, which has SYN and neither ACK, FIN nor RST. */
function isSynMatched(r: PfFilterRule): boolean {
  if (r.protocol !== "tcp" || r.isAnyTcpFlags || r.tcpFlagsOutOf === undefined) return true;
  const set = new Set((r.tcpFlagsSet ?? "").split(",").filter((f) => f !== ""));
  const outOf = new Set(r.tcpFlagsOutOf.split(",").filter((f) => f !== ""));
  return [...outOf].every((f) => set.has(f) === (f === "syn")) && [...set].every((f) => outOf.has(f));
}

function matchOf(
  c: Context,
  r: PfFilterRule,
  family: Family,
  uncertain: Set<string>,
  isConditional: boolean,
): Boxes | Unusable {
  const source = addressesOf(c, r.source, family, "source", uncertain);
  if (source instanceof Unusable) return source;
  const destination = addressesOf(c, r.destination, family, "destination", uncertain);
  if (destination instanceof Unusable) return destination;
  const sourcePorts = portsOf(c, r, r.source.port, "source", uncertain);
  if (sourcePorts instanceof Unusable) return sourcePorts;
  const destinationPorts = portsOf(c, r, r.destination.port, "destination", uncertain);
  if (destinationPorts instanceof Unusable) return destinationPorts;
  const protocols = protocolsOf(r, family);
  if (protocols instanceof Unusable) return protocols;
  const icmpTypes = icmpTypesOf(r, family);
  if (icmpTypes instanceof Unusable) return icmpTypes;
  if (!isSynMatched(r)) return { boxes: [], mayBoxes: undefined };
  const match = { families: [family], protocols, source, destination, sourcePorts, destinationPorts, icmpTypes };
  const made = budgeted(c, { ...match, isConditional });
  if (made.isTooWide) {
    uncertain.add("aliases too large to multiply");
    const hint = "Its verdicts are unsure; name networks instead of many hosts.";
    const fact = "its aliases multiply to too many combinations";
    warn(c, "PFSENSE_RULE_TOO_WIDE", r.place, `filter.rule[${r.index}]`, fact, hint);
  }
  if (made.mayBoxes && uncertain.size === 0) uncertain.add("an address that the file does not hold");
  return made;
}

function addressesOf(
  c: Context,
  e: Endpoint,
  family: Family,
  side: string,
  uncertain: Set<string>,
): AddressSet | Unusable {
  if (e.isAny) return ANYWHERE;
  if (e.network !== undefined) {
    const set = c.book.keyword(e.network, family, e.isNot);
    if (set) return set;
    return new Unusable(`its ${side} "${e.network}" is no keyword with an IPv${family} address`);
  }
  if (e.address === undefined) return new Unusable(`its ${side} is empty`);
  const resolved = c.aliases.addresses(e.address);
  if (resolved.kind !== "set") return new Unusable(`its ${side}: ${resolved.why}`, resolved.kind === "refused");
  for (const what of resolved.unknown) uncertain.add(what);
  if (!c.aliases.has(e.address) && resolved.set[family].may.length === 0) {
    return new Unusable(`its ${side} "${e.address}" is not of the rule's family, IPv${family}`, true);
  }
  return e.isNot ? negated(resolved.set) : resolved.set;
}

/** Ports count only with a protocol that has them; elsewhere pfSense does not write them (`filter_generate_port`). */
function portsOf(
  c: Context,
  r: PfFilterRule,
  text: string | undefined,
  side: string,
  uncertain: Set<string>,
): Fuzzy | Unusable {
  if (text === undefined || !hasPorts(r.protocol)) return ALL_PORTS;
  const [first, second] = text.split("-");
  if (!portRange(text.replaceAll("-", ":"))) {
    const resolved = c.aliases.ports(text);
    if (resolved.kind !== "set") return new Unusable(`its ${side} port: ${resolved.why}`, resolved.kind === "refused");
    // A service's name that holds a dash is no range of two, and then no alias of ports either.
    if (!c.aliases.has(text))
      return new Unusable(`its ${side} port: "${text}" is neither a port, a range nor an alias`);
    // What stands before a dash is looked up alone, and where that is nothing no port is written.
    if (second !== undefined && !c.aliases.has(first!) && !portRange(first!)) return ALL_PORTS;
    for (const what of resolved.unknown) uncertain.add(what);
    return resolved.set;
  }
  if (second === undefined || second === first) return exact([portRange(first!)!]);
  const bounds = portRange(`${first!}:${second}`)!;
  // The bounds of a range are counted with (`$srcport[0]--`), and PHP makes another name of a name.
  if (![first!, second].every((port) => /^\d+$/.test(port)))
    return new Unusable(`its ${side} port: "${text}" is a range of names`, true);
  // Written as `port <= n`, a range from 1 takes in port 0 as well; an earlier rule blocks that.
  if (bounds.lo === 1n && bounds.hi !== 65535n) return fuzzyUnion(exact([bounds]), exact([{ lo: 0n, hi: 0n }]));
  return bounds.lo === 1n ? ALL_PORTS : exact([bounds]);
}

function protocolsOf(r: PfFilterRule, family: Family): readonly number[] | undefined | Unusable {
  const name = r.protocol;
  if (name === undefined) return r.source.hasPortText || r.destination.hasPortText ? [6] : undefined;
  if (name === "any") return undefined;
  if (name === "tcp/udp") return [6, 17];
  if (name === "icmp") return [family === 4 ? 1 : 58];
  const number = protocolNumber(name);
  return number === undefined ? new Unusable(`protocol "${name}" is not known to pf`, true) : [number];
}

/** Only with `icmp`; `any` or nothing is every type. */
function icmpTypesOf(r: PfFilterRule, family: Family): readonly number[] | undefined | Unusable {
  if (r.protocol !== "icmp" || r.icmpTypes === undefined || r.icmpTypes === "any") return undefined;
  const types: number[] = [];
  for (const name of r.icmpTypes.split(",").filter((n) => n.trim() !== "")) {
    const type = icmpType(name, family);
    if (type === undefined) return new Unusable(`ICMP type "${name}" is not one of IPv${family}`, true);
    types.push(type);
  }
  return types;
}

/** What is legal and seldom meant. */
function reportSurprises(c: Context, r: PfFilterRule, path: string): void {
  if (r.protocol === undefined && (r.source.hasPortText || r.destination.hasPortText)) {
    const hint = "pfSense makes it TCP to every port: set <protocol>.";
    warn(c, "PFSENSE_RULE_PORT_LOST", r.place, path, "it has a port and no protocol, so the port is ignored", hint);
  }
  if (r.type !== undefined && !["pass", "block", "reject", "match"].includes(r.type)) {
    warn(
      c,
      "PFSENSE_RULE_TYPE",
      r.place,
      path,
      `type "${r.type}" is unknown, so it passes`,
      "Write pass, block or reject.",
    );
  }
  if (r.tracker === undefined) {
    warn(
      c,
      "PFSENSE_RULE_TRACKER",
      r.place,
      path,
      "it has no tracker",
      "pfSense gives one when the rule is next saved.",
    );
  }
}
