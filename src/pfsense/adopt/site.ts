import {
  formatAddress,
  formatNetwork,
  networksOverlap,
  parseAddress,
  parseNetwork,
  rangeOf,
  type Address,
  type Network,
} from "../../core/ip.ts";
import type { PfConfig } from "../model/config.ts";
import { Aliases } from "../rules/aliases.ts";
import { rulesOf } from "../rules/ruleset.ts";
import type { Circumstances, PfRuleset } from "../rules/types.ts";
import { isUsable, legsOf, standIns, type Leg } from "./legs.ts";
import { Names, slug } from "./names.ts";
import { oneLine, type Notes } from "./notes.ts";
import { EVERYTHING, makeRanges, one, without, type Ranges } from "./sets.ts";

/** A machine of the plan beside the router. */
export interface SiteHost {
  readonly id: string;
  readonly leg: Leg;
  readonly address: Address;
  readonly description: string;
  /** Where the file names it. */
  readonly origin: string;
}

export interface SitePool {
  readonly id: string;
  readonly network: Network;
  readonly via: SiteHost;
  readonly description: string;
  readonly origin: string;
}

/** The file as zones, machines and pools: what the ends of flows are said with. */
export interface Site {
  readonly config: PfConfig;
  readonly ruleset: PfRuleset;
  readonly circumstances: Circumstances;
  readonly aliases: Aliases;
  readonly names: Names;
  readonly routerId: string;
  readonly legs: readonly Leg[];
  readonly hosts: Hosts;
  readonly pools: readonly SitePool[];
  readonly firewall: Ranges;
  /** Inside zones, the sync zone, pools. */
  readonly inside: Ranges;
  readonly internet: Ranges;
  /** Sources that belong to a leg, the router's own among them. */
  readonly enters: ReadonlyMap<string, Ranges>;
}

/** The router is number 1, and numbers end at 99. */
const MAX_HOSTS = 98;

/** Machines by address; the first name of an address stays. */
export class Hosts {
  readonly #byAddress = new Map<bigint, SiteHost>();
  readonly #names: Names;
  readonly #legs: readonly Leg[];
  readonly #notes: Notes;

  constructor(names: Names, legs: readonly Leg[], notes: Notes) {
    this.#names = names;
    this.#legs = legs;
    this.#notes = notes;
  }

  get all(): readonly SiteHost[] {
    return [...this.#byAddress.values()];
  }

  /** The machine with an address of an inside zone; undefined where no machine can be. */
  at(address: Address, wish: string, description: string, origin: string): SiteHost | undefined {
    const known = this.#byAddress.get(address.value);
    if (known) return known;
    const leg = this.#legs.find((l) => l.kind !== "wan" && isUsable(l, address));
    if (!leg || this.#isRouters(address)) return undefined;
    if (this.#byAddress.size >= MAX_HOSTS) {
      const fact = `a plan numbers ${MAX_HOSTS} machines beside the router`;
      this.#notes.told("IMPORT_TOO_MANY_HOSTS", undefined, "", fact, "The others are written as addresses.");
      return undefined;
    }
    const wishes = [wish, `${wish}-host`, `host-${formatAddress(address)}`];
    const host = { id: this.#names.take(wishes, 15), leg, address, description, origin };
    this.#byAddress.set(address.value, host);
    return host;
  }

  #isRouters(address: Address): boolean {
    return this.#legs.some((l) =>
      [l.address, ...l.aliases, ...(l.vip ? [l.vip.address] : [])].some((a) => a.value === address.value),
    );
  }
}

/** @param told facts that the file does not hold */
export function siteOf(config: PfConfig, told: Circumstances, notes: Notes): Site {
  const circumstances = standIns(config, told);
  const ruleset = rulesOf(config, circumstances);
  const names = new Names();
  const legs = legsOf(config, ruleset.interfaces, told, names, notes);
  const routerId = names.take([config.system.hostname ?? "", "router"], 15);
  const hosts = new Hosts(names, legs, notes);
  nameForwardTargets(config, hosts);
  const pools = poolsOf(config, legs, hosts, names, notes);
  nameAliases(config, legs, hosts);
  const firewall = makeRanges(
    legs.flatMap((l) => [l.address, ...l.aliases, ...(l.vip ? [l.vip.address] : [])].flatMap((a) => [...one(a)])),
  );
  const zones = legs.filter((l) => l.kind !== "wan").map((l) => rangeOf(l.subnet));
  const inside = makeRanges([...zones, ...pools.map((p) => rangeOf(p.network))]);
  const internet = without(EVERYTHING, inside);
  const enters = new Map(
    legs.map((l): [string, Ranges] => {
      if (l.kind === "wan") return [l.key, internet];
      const behind = pools.filter((p) => p.via.leg === l).map((p) => rangeOf(p.network));
      return [l.key, makeRanges([rangeOf(l.subnet), ...behind])];
    }),
  );
  const aliases = new Aliases(config, circumstances);
  return {
    config,
    ruleset,
    circumstances,
    aliases,
    names,
    routerId,
    legs,
    hosts,
    pools,
    firewall,
    inside,
    internet,
    enters,
  };
}

/** Own and pools' addresses of a leg, without the router's. */
export const sourcesAt = (site: Site, leg: Leg): Ranges => without(site.enters.get(leg.key)!, site.firewall);

/** A forward of the plan leads to a machine by name. */
function nameForwardTargets(config: PfConfig, hosts: Hosts): void {
  for (const f of config.nat.portForwards) {
    if (f.isDisabled || f.target === undefined) continue;
    const alias = config.aliases.find((a) => a.name === f.target);
    const address = parseAddress(alias?.entries.length === 1 ? alias.entries[0]! : f.target);
    if (address?.family !== 4) continue;
    const named = alias ?? singleAliasOf(config, address);
    const description = oneLine(named?.description ?? f.description ?? named?.name ?? "");
    hosts.at(
      address,
      named?.name ?? `host-${formatAddress(address)}`,
      description === "" ? formatAddress(address) : description,
      named ? `alias ${named.name}` : `nat.rule[${f.index}]`,
    );
  }
}

const singleAliasOf = (config: PfConfig, address: Address): PfConfig["aliases"][number] | undefined =>
  config.aliases.find((a) => a.entries.length === 1 && parseAddress(a.entries[0]!)?.value === address.value);

/** An alias of one address inside is a machine's name, unless the address is leased. */
function nameAliases(config: PfConfig, legs: readonly Leg[], hosts: Hosts): void {
  for (const alias of config.aliases) {
    const [entry, another] = alias.entries;
    if (entry === undefined || another !== undefined || alias.type === "port") continue;
    const address = parseAddress(entry.replace(/\/32$/, ""));
    if (address?.family !== 4 || legs.some((l) => isLeased(config, l, address))) continue;
    hosts.at(address, alias.name, oneLine(alias.description ?? alias.name), `alias ${alias.name}`);
  }
}

function isLeased(config: PfConfig, leg: Leg, address: Address): boolean {
  const server = config.dhcp4.find((d) => d.interface === leg.key && d.isEnabled);
  const [from, to] = [parseAddress(server?.rangeFrom ?? ""), parseAddress(server?.rangeTo ?? "")];
  return from !== undefined && to !== undefined && from.value <= address.value && address.value <= to.value;
}

/** Networks behind a machine of an inside zone are pools; other static routes are noted. */
function poolsOf(
  config: PfConfig,
  legs: readonly Leg[],
  hosts: Hosts,
  names: Names,
  notes: Notes,
): readonly SitePool[] {
  const pools: SitePool[] = [];
  for (const [n, route] of config.staticRoutes.entries()) {
    if (route.isDisabled) continue;
    const path = `staticroutes.route[${n}]`;
    const gateway = config.gateways.items.find((g) => g.name === route.gateway);
    const leg = legs.find((l) => l.key === gateway?.interface);
    const way = parseAddress(gateway?.gateway ?? "");
    const network = parseNetwork(route.network)?.network;
    const why =
      network?.family !== 4
        ? `"${route.network}" is not an IPv4 network`
        : !gateway || !way || !leg || leg.kind === "wan"
          ? `gateway "${route.gateway ?? ""}" is not a machine of an inside zone`
          : [...legs.map((l) => l.subnet), ...pools.map((p) => p.network)].some((s) => networksOverlap(s, network))
            ? `${route.network} overlaps a zone or another route`
            : undefined;
    const via =
      why === undefined
        ? hosts.at(way!, gateway!.name, gateway!.description ?? gateway!.name, `gateway ${gateway!.name}`)
        : undefined;
    if (why !== undefined || !via) {
      const fact = why ?? `gateway "${route.gateway ?? ""}" has no address that a machine may have`;
      notes.lost("IMPORT_ROUTE", route.place, path, fact, "Packets to it take the default route in the plan.");
      continue;
    }
    const text = formatNetwork(network!);
    const description = oneLine(route.description ?? `Network behind ${via.id}`);
    const wishes = [route.description ?? "", `net-${slug(`n${text}`).slice(1)}`, `net-${text}`];
    pools.push({ id: names.take(wishes), network: network!, via, description, origin: path });
  }
  return pools;
}
