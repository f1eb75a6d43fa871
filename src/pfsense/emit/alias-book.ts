import { isSame, keyOf, type Intervals } from "../../core/intervals.ts";
import { formatAddress, formatNetwork } from "../../core/ip.ts";
import type { Endpoint, EndpointGroup, Plan, PortMatch } from "../../plan/index.ts";
import { byCodeUnit, shortHash } from "./identity.ts";
import { complement, entriesOf, EVERYTHING, ofAddress, ofNetwork, union } from "./ranges.ts";
import { addressOn, isDynamic, type Site } from "./site.ts";

/** One end of a rule: everything, the firewall itself, what it has on a leg, or an alias by its key in the book. */
export type End =
  | { readonly kind: "any" }
  | { readonly kind: "self" }
  /** `wanip`, `wan`: pfSense's words for the interface's own address and network. */
  | { readonly kind: "leg"; readonly word: string }
  | { readonly kind: "alias"; readonly key: string; readonly isNot: boolean };

export const ANY: End = { kind: "any" };
export const SELF: End = { kind: "self" };

export interface Alias {
  readonly name: string;
  readonly type: "host" | "network" | "port";
  readonly entries: readonly string[];
  readonly description: string;
  /** What each entry is, in the same order. */
  readonly details: readonly string[];
}

/** Something of the plan that addresses belong to. */
export interface Part {
  /** For the name of an alias of several parts. */
  readonly word: string;
  readonly ranges: Intervals;
  readonly entries: readonly string[];
  readonly details: readonly string[];
}

interface Draft extends Omit<Alias, "name"> {
  readonly wish: string;
}

/** pf's limit for names of tables, and pfSense's for aliases (`is_validaliasname`, `etc/inc/util.inc`). */
const MAX_NAME = 31;

/**
 * Collects the aliases that rules use. A set of addresses has one alias, named by what it is in the plan: `h_` host,
 * `z_` zone, `p_` pool, `g_` group, `n_` a set that the routers themselves need, `m_` several of them; ports `s_`.
 * Names depend on what is named and never on the order of rows. They all begin with a letter and an underscore, which no
 * name of an interface does, nor a service of /etc/services, which pf would take for a port.
 */
export class AliasBook {
  readonly #site: Site;
  /** By the key of the set: how it is called when a rule uses it. */
  readonly #known = new Map<string, Draft>();
  readonly #used = new Map<string, Draft>();

  constructor(site: Site) {
    this.#site = site;
    const { plan } = site;
    for (const h of plan.hosts.values()) this.#know(`h_${nameOf(h.id)}`, h.description, [hostPart(plan, h.id)]);
    for (const z of plan.zones.values()) this.#know(`z_${nameOf(z.id)}`, z.description, [zonePart(plan, z.id)]);
    for (const p of plan.pools.values()) this.#know(`p_${nameOf(p.id)}`, p.description, [poolPart(plan, p.id)]);
    for (const g of plan.endpointGroups.values()) this.#knowGroup(g);
    const whose = site.pair ? "both routers" : "the router";
    this.#know("n_firewall", `Addresses of ${whose}, VIPs included`, [firewallPart(site)]);
  }

  /** The end for a set; `parts` say what it is made of, for its name and its entries. */
  addresses(set: Intervals, parts: readonly Part[]): End {
    if (isSame(set, EVERYTHING)) return ANY;
    const { inside } = this.#site;
    const own = ownEnd(this.#site, set);
    if (own) return own;
    if (isSame(set, complement(inside))) return { ...this.inside(), isNot: true };
    const key = `a:${keyOf(set)}`;
    const isWhole = isSame(union(...parts.map((p) => p.ranges)), set);
    const entries = isWhole ? parts.flatMap((p) => p.entries) : entriesOf(set);
    const details = isWhole ? parts.flatMap((p) => p.details) : entries;
    const words = parts.map((p) => p.word).join("_");
    const draft = addressDraft(isWhole ? `m_${words}` : `m_${words}_${shortHash(key)}`, words, entries, details);
    return this.#use(key, this.#known.get(key) ?? draft);
  }

  /** Inside zones, the sync zone, pools: what the Internet is not. */
  inside(): End & { kind: "alias" } {
    const { plan, inside } = this.#site;
    const zones = [...plan.zones.values()].filter((z) => z.kind === "inside" || z.kind === "sync");
    const parts = [...zones.map((z) => zonePart(plan, z.id)), ...[...plan.pools.keys()].map((p) => poolPart(plan, p))];
    return this.named("n_inside", "Whatever is not the Internet", inside, parts);
  }

  /** A set with a name of its own. */
  named(name: string, description: string, set: Intervals, parts: readonly Part[]): End & { kind: "alias" } {
    const entries = parts.flatMap((p) => p.entries);
    const details = parts.flatMap((p) => p.details);
    return this.#use(`n:${name}:${keyOf(set)}`, { ...addressDraft(name, description, entries, details) });
  }

  /** The key of a port alias. */
  ports(ports: readonly PortMatch[], services: readonly string[]): string {
    const entries = ports.map((p) => (p.lo === p.hi ? `${p.lo}` : `${p.lo}:${p.hi}`));
    const key = `s:${entries.join(",")}`;
    const words = [...services].sort(byCodeUnit);
    const earlier = this.#used.get(key);
    const wish = `s_${words.map(nameOf).join("_")}`;
    // Two lists of services may have the same ports: the name that comes first in the alphabet, whatever the rows' order.
    const chosen = earlier && earlier.wish < wish ? earlier.wish : wish;
    this.#used.set(key, { wish: chosen, type: "port", entries, description: words.join(", "), details: entries });
    return key;
  }

  /** The aliases in use, in the order of their names, and each key's name. */
  finish(): { readonly aliases: readonly Alias[]; readonly names: ReadonlyMap<string, string> } {
    const wishes = new Map<string, number>();
    for (const d of this.#used.values()) wishes.set(fit(d.wish), (wishes.get(fit(d.wish)) ?? 0) + 1);
    const named = [...this.#used].map(([key, { wish, ...rest }]) => {
      const isShared = wishes.get(fit(wish))! > 1;
      return { key, alias: { ...rest, name: isShared ? fit(`${wish}_${shortHash(key)}`) : fit(wish) } };
    });
    named.sort((a, b) => byCodeUnit(a.alias.name, b.alias.name));
    return { aliases: named.map((n) => n.alias), names: new Map(named.map((n) => [n.key, n.alias.name])) };
  }

  #use(key: string, draft: Draft): End & { kind: "alias" } {
    this.#used.set(key, draft);
    return { kind: "alias", key, isNot: false };
  }

  /** The first name of a set stays: a group of one host is that host. */
  #know(wish: string, description: string, parts: readonly Part[]): void {
    const key = `a:${keyOf(union(...parts.map((p) => p.ranges)))}`;
    const entries = parts.flatMap((p) => p.entries);
    const details = parts.flatMap((p) => p.details);
    if (!this.#known.has(key)) this.#known.set(key, addressDraft(wish, description, entries, details));
  }

  #knowGroup(group: EndpointGroup): void {
    const parts = group.members.map((m) => partOf(this.#site, m));
    if (parts.every((p) => p !== null)) this.#know(`g_${nameOf(group.id)}`, group.description, parts);
  }
}

/**
 * What a router that stands alone can say of itself in pfSense's words, whatever address an operator gives it; `(self)`
 * only then, since it holds loopback too. One of a pair is only half of the firewall.
 */
function ownEnd(site: Site, set: Intervals): End | undefined {
  if (site.pair !== null) return undefined;
  if (isSame(set, site.firewall)) return site.legs.some(isDynamic) ? SELF : undefined;
  for (const leg of site.legs) {
    if (isSame(set, [ofAddress(addressOn(site.primary, leg))])) return { kind: "leg", word: `${leg.key}ip` };
    if (isDynamic(leg) && isSame(set, [ofNetwork(leg.zone.subnet)])) return { kind: "leg", word: leg.key };
  }
  return undefined;
}

function addressDraft(
  wish: string,
  description: string,
  entries: readonly string[],
  details: readonly string[],
): Draft {
  const isNetworks = entries.some((e) => e.includes("/"));
  const written = isNetworks ? entries.map((e) => (e.includes("/") ? e : `${e}/32`)) : entries;
  return { wish, type: isNetworks ? "network" : "host", entries: written, description, details };
}

/** Ids have letters, digits, hyphens and dots; aliases letters, digits and underscores. A dot is hashed to stay apart. */
const nameOf = (id: string): string => {
  const name = id.replace(/[-.]/g, "_");
  return id.includes(".") ? `${name}_${shortHash(id)}` : name;
};

/** Cut to what pf can hold; the hash of the whole keeps cut names apart. */
export const fit = (name: string): string =>
  name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 7).replace(/_+$/, "")}_${shortHash(name)}`;

/** What a named end is, as a part; null for `any`, `internet` and the firewall, which are no list of the plan's things. */
export function partOf(site: Site, e: Endpoint): Part | null {
  switch (e.kind) {
    case "zone":
      return zonePart(site.plan, e.zone);
    case "pool":
      return poolPart(site.plan, e.pool);
    case "host":
      return hostPart(site.plan, e.host);
    case "network":
      return networkPart(e.network);
    case "firewall":
      return firewallPart(site);
    case "any":
    case "internet":
      return null;
  }
}

function networkPart(network: Parameters<typeof formatNetwork>[0]): Part {
  const text = formatNetwork(network);
  return { word: `net${shortHash(text)}`, ranges: [ofNetwork(network)], entries: [text], details: [text] };
}

function zonePart(plan: Plan, id: string): Part {
  const zone = plan.zones.get(id)!;
  const isShared = plan.hosts.has(id) || plan.pools.has(id);
  const part = networkPart(zone.subnet);
  return { ...part, word: isShared ? `z${nameOf(id)}` : nameOf(id), details: [zone.description] };
}

function poolPart(plan: Plan, id: string): Part {
  const pool = plan.pools.get(id)!;
  return {
    ...networkPart(pool.network),
    word: plan.hosts.has(id) ? `p${nameOf(id)}` : nameOf(id),
    details: [pool.description],
  };
}

function hostPart(plan: Plan, id: string): Part {
  const host = plan.hosts.get(id)!;
  const own = host.nics.flatMap((n) => [n.address, ...n.aliases]);
  const details = own.map(() => host.id);
  return { word: nameOf(id), ranges: union(own.map(ofAddress)), entries: own.map(formatAddress), details };
}

function firewallPart(site: Site): Part {
  const { plan, firewall } = site;
  const routers = site.routers.flatMap((r) =>
    r.nics.flatMap((n) =>
      [n.address, ...n.aliases].map((a) => ({ entry: formatAddress(a), detail: `${r.id} ${n.zone}` })),
    ),
  );
  const vips = [...plan.zones.values()].flatMap((z) =>
    z.vip ? [{ entry: formatAddress(z.vip.address), detail: `VIP ${z.id}` }] : [],
  );
  const all = [...routers, ...vips];
  return { word: "firewall", ranges: firewall, entries: all.map((x) => x.entry), details: all.map((x) => x.detail) };
}
