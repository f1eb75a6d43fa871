import { formatAddress, rangeOf, type Address, type Network } from "../../core/ip.ts";
import type { Flow, Host, Plan, Service } from "../../plan/types.ts";
import {
  formatAddresses,
  formatNumbers,
  fullInterval,
  mergeBoxes,
  type Box,
  type Interval,
  type Product,
} from "../../policy/engine/index.ts";
import { EVERYWHERE, makeRanges, meetOf, without, type Ranges } from "../../policy/ranges.ts";
import { boxesBetween, clip, routersOf, spaceOf, tailsOfService, type PlanSpace } from "../../policy/space.ts";
import { ruleOfFlow } from "../../policy/intent.ts";

/*
 * A host's own firewall, from the same flow table as the routers': what is let in is what some row lets through to the
 * host, plus what no router sees (its own zone). What the host sends is filtered by the routers.
 */

/** The lines of the two chains of templates/base/nftables.conf, indented, without comments of their own. */
export interface HostRules {
  readonly input: readonly string[];
  readonly forward: readonly string[];
}

export interface FirewallFacts {
  /** Services that the host gives to its own zone. */
  readonly neighbours: readonly Service["id"][];
  /** Networks from which its SSH is entered beside the bastion: the operator's, on the bastion. */
  readonly operators: readonly Network[];
}

const SSH = 22;

const bastionOf = (plan: Plan): Host | undefined => [...plan.hosts.values()].find((h) => h.role === "bastion");

const addressesOf = (host: Host): readonly Address[] => host.nics.flatMap((nic) => [nic.address, ...nic.aliases]);

const exactly = (addresses: readonly Address[]): Ranges =>
  makeRanges(addresses.map(({ family, value }) => ({ family, lo: value, hi: value })));

/** Where the provisioner comes from: the bastion's addresses; none on the bastion itself. */
export const doorsOf = (plan: Plan, host: Host): readonly Address[] => {
  const bastion = bastionOf(plan);
  return bastion === undefined || bastion === host ? [] : addressesOf(bastion);
};

export function hostRules(plan: Plan, host: Host, facts: FirewallFacts): HostRules {
  const space = spaceOf(plan);
  const own = exactly(addressesOf(host));
  return {
    // Whatever the table says, the way in for repairs stays: without it a mistake in a row could not be taken back.
    input: [
      ...doorLines(plan, host, facts.operators),
      ...neighbourLines(space, host, own, facts.neighbours),
      ...plan.flows.flatMap((flow) => linesOf(flow, clip(ruleOfFlow(space, flow).boxes, EVERYWHERE, own))),
    ],
    forward: forwardLines(space, host),
  };
}

function doorLines(plan: Plan, host: Host, operators: readonly Network[]): readonly string[] {
  const sources = makeRanges([...exactly(doorsOf(plan, host)), ...operators.map(rangeOf)]);
  return ([4, 6] as const).flatMap((family) => {
    const from = sources.filter((r) => r.family === family);
    if (from.length === 0) return [];
    return [`${address(family, "saddr", from)}tcp dport ${SSH} accept comment "door"`];
  });
}

/** The host's own zone, without the routers: what they may reach is rows of the table. */
function neighbourLines(
  space: PlanSpace,
  host: Host,
  own: Ranges,
  services: readonly Service["id"][],
): readonly string[] {
  const zones = host.nics.map((nic) => rangeOf(space.plan.zones.get(nic.zone)!.subnet));
  const near = without(makeRanges(zones), space.firewall);
  const echo = near.some((r) => r.family === 4) ? [`${address(4, "saddr", v4(near))}icmp type 8 accept`] : [];
  const given = services.flatMap((id) => {
    const boxes = boxesBetween(near, own, tailsOfService(space.plan.services.get(id)));
    return mergeBoxes(boxes).flatMap((p) => linesOfProduct(p, `accept comment "neighbours: ${id}"`));
  });
  return [...echo.map((line) => `${line} comment "neighbours: echo"`), ...given];
}

/** A gateway passes on what rows say of its pool, and nothing else; a host that is no gateway nothing at all. */
function forwardLines(space: PlanSpace, host: Host): readonly string[] {
  const pools = [...space.plan.pools.values()].filter((p) => p.via === host.id).map((p) => rangeOf(p.network));
  if (pools.length === 0) return [];
  const behind = makeRanges(pools);
  const rows = space.plan.flows.flatMap((flow) => {
    const { boxes } = ruleOfFlow(space, flow);
    const out = clip(boxes, behind);
    const back = clip(boxes, without(EVERYWHERE, behind), behind);
    return linesOf(flow, [...out, ...back]);
  });
  return ["ct state vmap { established : accept, related : accept, invalid : drop }", ...rows];
}

const VERDICTS: Readonly<Record<Flow["action"], string>> = {
  allow: "accept",
  deny: "drop",
  reject: "reject with icmpx admin-prohibited",
};

function linesOf(flow: Flow, boxes: readonly Box[]): readonly string[] {
  const verdict = `${VERDICTS[flow.action]} comment "${flow.id}"`;
  return mergeBoxes(boxes).flatMap((product) => {
    const lines = linesOfProduct(product, verdict);
    // The routers log what they let through; here a refusal is what nobody else has seen.
    if (flow.action === "allow" || !flow.isLogged) return lines;
    return linesOfProduct(product, `limit rate 10/minute log prefix "refused ${flow.id}: "`).flatMap((line, n) => [
      line,
      lines[n]!,
    ]);
  });
}

const v4 = (ranges: Ranges): Ranges => ranges.filter((r) => r.family === 4);

/** One statement a slice: nft(8) matches ports under one protocol at a time. */
function linesOfProduct(product: Product, verdict: string): readonly string[] {
  const { family, services } = product;
  const ends = address(family, "saddr", product.src) + address(family, "daddr", product.dst);
  const isWhole = (s: Product["services"][number]): boolean =>
    (["a", "b"] as const).every((d) => {
      const full = fullInterval(family, s.slice, d);
      return s[d].lo <= full.lo && s[d].hi >= full.hi;
    });
  const whole = new Set(services.filter(isWhole).map((s) => s.slice));
  // Without an address nothing in the rule says the family.
  const start = ends === "" ? `meta nfproto ipv${family} ` : ends;
  if (whole.size === 4) return [`${start}${verdict}`];
  const lines: string[] = [];
  for (const slice of ["tcp", "udp", "icmp", "other"] as const) {
    const own = services.filter((s) => s.slice === slice);
    if (own.length === 0) continue;
    const number = { tcp: "6", udp: "17", icmp: family === 4 ? "1" : "58", other: "" }[slice];
    if (whole.has(slice)) {
      const match =
        slice === "other" ? `meta l4proto != { 6, 17, ${family === 4 ? 1 : 58} }` : `meta l4proto ${number}`;
      lines.push(`${start}${match} ${verdict}`);
    } else if (slice === "other") {
      lines.push(`${start}meta l4proto ${set(own.map((s) => numbers(s.a)))} ${verdict}`);
    } else if (slice === "icmp") {
      const word = family === 4 ? "icmp" : "icmpv6";
      for (const codes of grouped(own, family, "b"))
        lines.push(`${start}${icmp(word, codes, fullInterval(family, "icmp", "b"))} ${verdict}`);
    } else {
      for (const ports of grouped(own, family, "a")) {
        const from = formatNumbers(ports[0]!.a, fullInterval(family, slice, "a"));
        const source = from === "" ? "" : `${slice} sport ${from} `;
        const to = ports.map((s) => numbers(s.b));
        lines.push(`${start}${source}${slice} dport ${set(to)} ${verdict}`);
      }
    }
  }
  return lines;
}

function icmp(word: string, services: Product["services"], allCodes: Interval): string {
  const code = formatNumbers(services[0]!.b, allCodes);
  return `${word} type ${set(services.map((s) => numbers(s.a)))}${code === "" ? "" : ` ${word} code ${code}`}`;
}

/** Services that share one interval of a dimension, so that the other is one set. */
function grouped(services: Product["services"], family: 4 | 6, by: "a" | "b"): readonly Product["services"][] {
  const groups = new Map<string, Product["services"][number][]>();
  for (const s of services) {
    const key = formatNumbers(s[by], fullInterval(family, s.slice, by));
    groups.set(key, [...(groups.get(key) ?? []), s]);
  }
  return [...groups.values()];
}

const numbers = ({ lo, hi }: Interval): string => (lo === hi ? String(lo) : `${lo}-${hi}`);

const set = (members: readonly string[]): string => (members.length === 1 ? members[0]! : `{ ${members.join(", ")} }`);

/** `ip saddr { … } `, or nothing for every address. */
function address(family: 4 | 6, side: "saddr" | "daddr", intervals: readonly Interval[]): string {
  const names = intervals.map((i) => formatAddresses(i, family));
  if (names.includes("any")) return "";
  return `ip${family === 6 ? "6" : ""} ${side} ${set(names)} `;
}

/**
 * What the bastion passes on by name (sshd's PermitOpen): every host behind the firewall by its address, its name and
 * its full name, on the TCP ports that the flow table opens to it from the bastion. Of a router the leg in the bastion's
 * own zone, by which it is administered.
 */
export function permittedForwards(plan: Plan, bastion: Host): readonly string[] {
  const space = spaceOf(plan);
  const from = exactly(addressesOf(bastion));
  const zones = new Set(bastion.nics.map((nic) => nic.zone));
  const routers = new Set(routersOf(plan));
  return [...plan.hosts.values()].flatMap((host) => {
    if (host === bastion || host.isOutside) return [];
    const isNear = host.nics.some((nic) => zones.has(nic.zone)) && !routers.has(host);
    const nics = routers.has(host) ? host.nics.filter((nic) => zones.has(nic.zone)) : host.nics;
    const byAddress = nics
      .flatMap((nic) => [nic.address, ...nic.aliases])
      // No router stands between neighbours, so no row speaks of them.
      .map((a) => [literal(a), [...openPorts(space, from, exactly([a])), ...(isNear ? [String(SSH)] : [])]] as const);
    const all = byAddress.flatMap(([, ports]) => ports);
    const byName = [host.id, `${host.id}.${plan.domain.name}`].map((name) => [name, all] as const);
    return [...byAddress, ...byName].flatMap(([name, ports]) => [...new Set(ports)].map((port) => `${name}:${port}`));
  });
}

/** As sshd_config(5) wants it before a colon and a port. */
const literal = (a: Address): string => (a.family === 6 ? `[${formatAddress(a)}]` : formatAddress(a));

/** More ports than a person would list: the routers say which. */
const MANY = 64n;

/** TCP ports that the table opens from one set to another, `*` for ranges that no list should hold. */
function openPorts(space: PlanSpace, from: Ranges, to: Ranges): readonly string[] {
  let open: Ranges = [];
  // First match decides: from the last row to the first, each one puts its word over those after it.
  for (const flow of [...space.plan.flows].reverse()) {
    const boxes = clip(ruleOfFlow(space, flow).boxes, from, to).filter((b) => b.slice === "tcp");
    if (boxes.length === 0) continue;
    const ports = makeRanges(boxes.map(({ b }) => ({ family: 4, lo: b.lo, hi: b.hi })));
    open = flow.action === "allow" ? makeRanges([...open, ...ports]) : without(open, ports);
  }
  const listed = meetOf(open, [{ family: 4, lo: 1n, hi: 65535n }]);
  return listed.flatMap(({ lo, hi }) =>
    hi - lo >= MANY ? ["*"] : Array.from({ length: Number(hi - lo) + 1 }, (_, n) => String(lo + BigInt(n))),
  );
}
