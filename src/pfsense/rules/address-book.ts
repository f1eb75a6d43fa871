import { complement, holds, normalise } from "../../core/intervals.ts";
import { maxOf, rangeOf } from "../../core/ip.ts";
import type { Address, Family } from "../../core/ip.ts";
import type { FilterInterface } from "./filter-interface.ts";
import { ipOf, isUnknown, netOf, ownVips } from "./interfaces.ts";
import { negated, NOWHERE, ofAddresses, ofNetworks, onlyFamily, union } from "./sets.ts";
import type { AddressSet } from "./sets.ts";

const LOOPBACK: readonly Address[] = [
  { family: 4, value: 0x7f000001n },
  { family: 6, value: 1n },
];
const LINK_LOCAL_6 = { lo: 0xfe80n << 112n, hi: (0xfec0n << 112n) - 1n };

/** What the address keywords of rules stand for, given the interfaces. */
export class AddressBook {
  readonly #all: readonly FilterInterface[];
  readonly #byKey: ReadonlyMap<string, FilterInterface>;
  readonly #self: AddressSet;

  constructor(interfaces: readonly FilterInterface[]) {
    this.#all = interfaces;
    this.#byKey = new Map(interfaces.map((i) => [i.key, i]));
    const own = interfaces.map((i) => this.ownAddresses(i.key));
    this.#self = union(ofAddresses(LOOPBACK), ...own);
  }

  /** `(self)`: every address of every interface, loopback and, in IPv6, unknown link-local ones. */
  get self(): AddressSet {
    return this.#self;
  }

  /** `(em0)`: the addresses an interface holds at this moment, CARP and IP aliases included. */
  ownAddresses(key: string): AddressSet {
    const i = this.#byKey.get(key);
    if (i?.kind !== "interface") return NOWHERE;
    const addresses = [i.ip4, i.ip6, ...ownVips(i)].flatMap((h) => (h ? [h.address] : []));
    const hasV6 = i.ip6 !== undefined || i.isUnknown6;
    const linkLocal = hasV6 ? { ...NOWHERE, 6: { must: [], may: [LINK_LOCAL_6] } } : NOWHERE;
    const unknown = ([4, 6] as const).filter((f) => isUnknown(i, f)).map((f) => this.#somewhere(i, f));
    return union(ofAddresses(addresses), linkLocal, ...unknown);
  }

  /**
   * A `<network>` keyword in one family, as pfSense 2.8.0 resolves it (`filter_generate_address`).
   * @returns undefined when pfSense finds no address and leaves the rule out
   */
  keyword(name: string, family: Family, isNot: boolean): AddressSet | undefined {
    const negate = (set: AddressSet): AddressSet => (isNot ? onlyFamily(negated(set), family) : set);
    if (name === "(self)") return negate(onlyFamily(this.#self, family));
    const address = /^(wan|lan|opt\d+)ip$/.exec(name);
    if (address) {
      const set = this.primary(address[1]!, family);
      return set && negate(set);
    }
    const i = this.#byKey.get(name);
    if (i?.kind === "group") return negate(onlyFamily(this.#networks(i), family));
    if (i?.kind === "pppoe" || /^opt\d+$/.test(name)) {
      if (!i || (!ipOf(i, family) && !isUnknown(i, family))) return undefined;
      const own = isUnknown(i, family) ? this.#somewhere(i, family) : NOWHERE;
      return negate(union(own, onlyFamily(this.#networks(i), family)));
    }
    if (name === "wan" || name === "lan") return i && this.#wanOrLan(i, family, isNot);
    return undefined;
  }

  /** `lanip`: the interface's own address, without its VIPs. */
  primary(key: string, family: Family): AddressSet | undefined {
    const i = this.#byKey.get(key);
    if (!i) return undefined;
    const held = ipOf(i, family);
    if (held) return ofAddresses([held.address]);
    return isUnknown(i, family) ? this.#somewhere(i, family) : undefined;
  }

  /**
   * `wan` and `lan` are written out as a list, and pf expands `{ !a !b }` into a rule for each: with a VIP in another
   * network, "not LAN" is "not a" or "not b", which is everything. In IPv4 a table has their place since 2.7 (2023, commit
   * 85c4a8de00), as other interfaces have one, and there "not" holds.
   */
  #wanOrLan(i: FilterInterface, family: Family, isNot: boolean): AddressSet | undefined {
    const held = ipOf(i, family);
    if (!held) {
      if (!isUnknown(i, family)) return undefined;
      const set = this.#somewhere(i, family);
      return isNot ? onlyFamily(negated(set), family) : set;
    }
    const networks = [netOf(held)];
    for (const vip of i.vips.filter((v) => v.address.family === family)) {
      const isInside = networks.some((n) => holds(rangeOf(n), vip.address.value));
      if (!isInside) networks.push(netOf(vip));
    }
    if (!isNot) return ofNetworks(networks);
    if (family === 4) return onlyFamily(negated(ofNetworks(networks)), family);
    return onlyFamily(union(...networks.map((n) => negated(ofNetworks([n])))), family);
  }

  /** The networks of an interface and of its VIPs: the content of its `…__NETWORK` table. */
  #networks(i: FilterInterface): AddressSet {
    return ofNetworks([i.ip4, i.ip6, ...i.vips].flatMap((h) => (h ? [netOf(h)] : [])));
  }

  /** An address nobody knows yet; it will not be inside a network that another interface holds. */
  #somewhere(i: FilterInterface, family: Family): AddressSet {
    const taken = this.#all
      .filter((o) => o.key !== i.key && o.kind === "interface")
      .flatMap((o) => ipOf(o, family) ?? [])
      .map((h) => rangeOf(netOf(h)));
    const may = complement(normalise(taken), { lo: 0n, hi: maxOf(family) });
    return { ...NOWHERE, [family]: { must: [], may } };
  }
}
