import { intersect } from "../../core/intervals.ts";
import { formatAddress, type Address } from "../../core/ip.ts";
import type { Endpoint, Forward, PortMatch } from "../../plan/index.ts";
import type { AliasBook, End, Part } from "./alias-book.ts";
import { partOf } from "./alias-book.ts";
import type { Naming } from "./filter.ts";
import { uniqueId } from "./identity.ts";
import { matchesOf, type Match } from "./matches.ts";
import { isEmpty, ofAddress, ofNetwork, union } from "./ranges.ts";
import type { RuleDraft } from "./rules.ts";
import type { Leg, Site } from "./site.ts";
import { branch, flag, leaf, leafIf, type Xml } from "./xml.ts";

/** A port forward before its aliases have names: one WAN, one protocol, one range of ports. */
interface ForwardDraft {
  readonly forward: Forward;
  readonly leg: Leg;
  readonly protocol: string;
  readonly port: PortMatch;
  readonly target: Address;
  /** Null is the interface's own address. */
  readonly external: Address | null;
  /** The key of the filter rule that lets it in, once: pfSense pairs them one to one. */
  readonly rule: string | null;
}

export interface NatDraft {
  readonly forwards: readonly ForwardDraft[];
  /** Sources that leave by a WAN as its VIP, or as the router's own address there; null where there are none. */
  readonly inside: (End & { kind: "alias" }) | null;
  /** Sources that leave by a WAN as the router's own address there. */
  readonly own: End & { kind: "alias" };
  /** By the key of a filter rule. */
  readonly associations: ReadonlyMap<string, string>;
}

/** Decides translations; aliases are taken from the book before it is closed. */
export function natOf(site: Site, book: AliasBook, rules: readonly RuleDraft[]): NatDraft {
  const associations = new Map<string, string>();
  const forwards = [...site.plan.forwards.values()].flatMap((f) =>
    forwardDrafts(site, f).map((draft) => {
      const rule = rules.find((r) => !associations.has(r.key) && lets(site, r, draft));
      if (rule) associations.set(rule.key, associationId(draft));
      return { ...draft, rule: rule?.key ?? null };
    }),
  );
  const ends = [...site.plan.zones.values()]
    .filter((z) => z.kind === "inside")
    .map((z): Endpoint => ({ kind: "zone", zone: z.id }));
  const pools = [...site.plan.pools.keys()].map((pool): Endpoint => ({ kind: "pool", pool }));
  const parts = [...ends, ...pools].flatMap((e) => partOf(site, e) ?? []);
  const called = site.pair ? "Leaves by the VIP of a WAN" : "Leaves by the address of a WAN";
  const set = union(...parts.map((p) => p.ranges));
  const inside = isEmpty(set) ? null : book.named("n_nat_inside", called, set, parts);
  return { forwards, inside, own: ownInside(site, book), associations };
}

/**
 * What a router sends from an inside address or from loopback (a daemon bound there): it must not leave as the VIP, which
 * the other router may hold, or the backup would have no Internet.
 */
function ownInside(site: Site, book: AliasBook): End & { kind: "alias" } {
  const own = intersect(site.firewall, site.inside);
  const firewall = partOf(site, { kind: "firewall" })!;
  const kept = firewall.entries.flatMap((entry, i) =>
    holdsEntry(own, entry) ? [{ entry, detail: firewall.details[i]! }] : [],
  );
  const loopback = { family: 4, base: 0x7f000000n, prefix: 8 } as const;
  const parts: readonly Part[] = [
    { word: "own", ranges: own, entries: kept.map((k) => k.entry), details: kept.map((k) => k.detail) },
    { word: "loopback", ranges: [ofNetwork(loopback)], entries: ["127.0.0.0/8"], details: ["loopback"] },
  ];
  return book.named("n_nat_own", "Leaves by the router's own address", union(...parts.map((p) => p.ranges)), parts);
}

function holdsEntry(set: ReturnType<typeof intersect>, entry: string): boolean {
  const value = entry.split(".").reduce((v, octet) => (v << 8n) | BigInt(octet), 0n);
  return !isEmpty(intersect(set, [ofAddress({ family: 4, value })]));
}

function forwardDrafts(site: Site, forward: Forward): readonly Omit<ForwardDraft, "rule">[] {
  const host = site.plan.hosts.get(forward.host)!;
  const target = host.nics[0]!.address;
  return site.legs
    .filter((l) => forward.wans.includes(l.zone.id) && (l.zone.vip !== null || site.pair === null))
    .flatMap((leg) =>
      matchesOf(site.plan, [forward.service]).flatMap((m: Match) =>
        (m.ports ?? []).map((port) => ({
          forward,
          leg,
          protocol: m.protocol!,
          port,
          target,
          external: leg.zone.vip?.address ?? null,
        })),
      ),
    );
}

/** Whether a filter rule is the one that a forward's packets meet: same WAN, same target, its ports. */
function lets(site: Site, r: RuleDraft, d: Omit<ForwardDraft, "rule">): boolean {
  if (r.type !== "pass" || r.floating !== null || !r.interfaces.includes(d.leg.key) || r.flow === null) return false;
  const flow = site.plan.flows.find((f) => f.id === r.flow)!;
  const reaches = flow.to.some((e) => {
    const part = partOf(site, e);
    return e.kind === "any" || (part !== null && !isEmpty(intersect(part.ranges, [ofAddress(d.target)])));
  });
  const { protocol, ports } = r.match;
  const speaks = protocol === null || protocol === d.protocol || protocol === "tcp/udp";
  return reaches && speaks && (ports === null || ports.some((p) => p.lo <= d.port.lo && d.port.hi <= p.hi));
}

const associationId = (d: Omit<ForwardDraft, "rule">): string =>
  `nat_${uniqueId(`forward/${d.forward.id}/${d.leg.zone.id}/${d.protocol}/${d.port.lo}-${d.port.hi}`)}`;

/** `nat`: outbound rules first in the file, then port forwards (`filter_nat_rules_generate`, `etc/inc/filter.inc`). */
export function natSection(site: Site, nat: NatDraft, naming: Naming): Xml {
  const outbound = site.wans.flatMap((leg) => [
    outboundRule(leg, naming.aliases.get(nat.own.key)!, null, `Routers' own packets, ${leg.label}`),
    ...(nat.inside === null
      ? []
      : [
          outboundRule(leg, naming.aliases.get(nat.inside.key)!, leg.zone.vip?.address ?? null, `Inside, ${leg.label}`),
        ]),
  ]);
  return branch(
    "nat",
    // Manual rules only: the automatic ones would use the interface's address where a VIP is meant.
    branch("outbound", leaf("mode", "advanced"), ...outbound),
    ...nat.forwards.map((f) => forwardRule(f, nat)),
  );
}

/** @param target null is the interface's own address */
function outboundRule(leg: Leg, source: string, target: Address | null, description: string): Xml {
  return branch(
    "rule",
    leaf("interface", leg.key),
    leaf("ipprotocol", "inet"),
    branch("source", leaf("network", source)),
    leaf("sourceport", ""),
    branch("destination", flag("any")),
    leaf("target", target === null ? "" : formatAddress(target)),
    leaf("target_subnet", target === null ? "" : 32),
    leaf("poolopts", ""),
    leaf("descr", description),
  );
}

function forwardRule(f: ForwardDraft, nat: NatDraft): Xml {
  const port = f.port.lo === f.port.hi ? `${f.port.lo}` : `${f.port.lo}-${f.port.hi}`;
  const front = f.external === null ? leaf("network", `${f.leg.key}ip`) : leaf("address", formatAddress(f.external));
  return branch(
    "rule",
    leaf("interface", f.leg.key),
    leaf("ipprotocol", "inet"),
    leaf("protocol", f.protocol),
    branch("source", flag("any")),
    branch("destination", front, leaf("port", port)),
    leaf("target", formatAddress(f.target)),
    leaf("local-port", f.port.lo),
    leaf("descr", f.forward.description),
    // Without this element pfSense knows of no filter rule; `pass` would go round the flow table.
    leafIf("associated-rule-id", f.rule === null ? null : nat.associations.get(f.rule)),
  );
}
