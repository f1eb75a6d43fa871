import { parseAddress, parseNetwork } from "../../core/ip.ts";
import type { Network } from "../../core/ip.ts";
import type { PfAlias } from "../model/filter.ts";
import type { PfConfig } from "../model/config.ts";
import { portNumber } from "./protocols.ts";
import { exact, NOWHERE, ofNetworks, union, unknownIn } from "./sets.ts";
import type { AddressSet, Fuzzy } from "./sets.ts";
import type { Circumstances } from "./types.ts";

/** What an alias or literal stands for, or why pf has no rule of it. */
export type Resolved<T> =
  | { readonly kind: "set"; readonly set: T; readonly unknown: readonly string[] }
  /** pfSense leaves the rule out and writes a notice. */
  | { readonly kind: "skipped"; readonly why: string }
  /** pf refuses the whole rule set and keeps the last good one. */
  | { readonly kind: "refused"; readonly why: string };

/** Tables that pfSense keeps by itself; all are empty until something happens, but for the shipped bogons. */
const SYSTEM_TABLES = new Set(
  "bogons bogonsv6 sshguard snort2c virusprot negate_networks vpn_networks tonatsubnets _nat64reserved_".split(" "),
);

/** Networks that pfSense 2.8.0 names itself, for rules to use (`add_reserved_table`, `etc/inc/globals.inc`). */
const RESERVED: Readonly<Record<string, string>> = {
  _loopback4_: "127.0.0.0/8",
  _loopback6_: "::1/128",
  _linklocal4_: "169.254.0.0/16",
  _linklocal6_: "fe80::/10",
  _private4_: "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
  _private6_: "fc00::/7",
  _multicast4_: "224.0.0.0/4",
  _multicast6_: "ff00::/8",
  _reserved4_: `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4`,
  _reserved6_: `::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:2::/48 2001:db8::/32
    2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 ff00::/8`,
};

/** The entries of such a name; `_private46_` is both families. */
function reserved(name: string): readonly string[] | undefined {
  const both = name.endsWith("46_") ? [name.replace("46_", "4_"), name.replace("46_", "6_")] : [name];
  if (!both.every((n) => Object.hasOwn(RESERVED, n))) return undefined;
  return both.flatMap((n) => RESERVED[n]!.split(/\s+/));
}

/** `/etc/bogons` as shipped; the monthly update adds unallocated space (`rc.update_bogons.sh` drops RFC 1918). */
const SHIPPED_BOGONS = [
  ..."0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24".split(" "),
  ..."198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4".split(" "),
];

/** Resolves names of aliases as `alias_expand` and `filter_generate_nested_alias` do (`etc/inc/util.inc`, `filter.inc`). */
export class Aliases {
  readonly #byName: ReadonlyMap<string, PfAlias>;
  readonly #tables: Readonly<Record<string, readonly string[]>>;
  readonly #addressCache = new Map<string, Resolved<AddressSet>>();
  readonly #portCache = new Map<string, Resolved<Fuzzy>>();

  constructor(config: PfConfig, circumstances: Circumstances = {}) {
    // The last definition of a name is the one that counts.
    this.#byName = new Map(config.aliases.filter((a) => a.isThere || a.urls.length > 0).map((a) => [a.name, a]));
    this.#tables = circumstances.tables ?? {};
  }

  has(name: string): boolean {
    return (
      this.#byName.has(name) || SYSTEM_TABLES.has(name.toLowerCase()) || reserved(name.toLowerCase()) !== undefined
    );
  }

  /** An IP, a CIDR, or an alias of addresses. */
  addresses(text: string): Resolved<AddressSet> {
    const cached = this.#addressCache.get(text);
    if (cached) return cached;
    const resolved = this.#addresses(text);
    this.#addressCache.set(text, resolved);
    return resolved;
  }

  /** A port, a `from:to`, or an alias of ports. */
  ports(text: string): Resolved<Fuzzy> {
    const cached = this.#portCache.get(text);
    if (cached) return cached;
    const resolved = this.#ports(text);
    this.#portCache.set(text, resolved);
    return resolved;
  }

  /** A system table's content: as told, as shipped, or empty. */
  systemTable(name: string): AddressSet {
    const told = this.#tables[name];
    return literals(told ?? reserved(name) ?? (name === "bogons" ? SHIPPED_BOGONS : []));
  }

  #addresses(text: string): Resolved<AddressSet> {
    const alias = this.#byName.get(text);
    const own = text.toLowerCase();
    if (SYSTEM_TABLES.has(own) || reserved(own)) return known(this.systemTable(own));
    if (!alias) {
      const network = literal(text);
      if (network) return known(ofNetworks([network]));
      if (portRange(text)) return { kind: "refused", why: `"${text}" is a port, not an address` };
      return { kind: "skipped", why: `"${text}" is neither an address, a network nor an alias` };
    }
    if (/^\d+$/.test(alias.name)) return { kind: "skipped", why: `alias "${text}" has a name of digits only` };
    if (/port/i.test(alias.type)) return { kind: "refused", why: `alias "${text}" holds ports, not addresses` };
    const told = this.#tables[alias.name];
    if (told) return known(literals(told));
    if (alias.type === "urltable") return unresolved(alias, unknownIn(4, 6));
    if (alias.type === "url" && alias.entries.length === 0) {
      if (alias.urls.length === 0) return { kind: "skipped", why: `alias "${text}" has no URL` };
      return unresolved(alias, unknownIn(4, 6));
    }
    if (!KNOWN_TYPES.has(alias.type) && alias.entries.some((entry) => this.#byName.has(entry)))
      return { kind: "refused", why: `alias "${text}" has no type, and so its aliases are not opened` };
    const unknown = new Set<string>();
    const networks: Network[] = [];
    const sets: AddressSet[] = [];
    const below = this.#entriesBelow(alias, unknown);
    // One name among them, and all are handed to filterdns, which knows addresses from what is none.
    const wrong = below.find((entry) => isUnreadable(entry) && !this.#byName.has(entry));
    if (wrong !== undefined && !below.some((entry) => HOST_NAME.test(entry) && !literal(entry)))
      return { kind: "refused", why: `alias "${text}" holds "${wrong}", which is neither an address nor a name` };
    for (const entry of below) {
      if (isUnreadable(entry) && !this.#byName.has(entry)) continue;
      const nested = this.#byName.get(entry);
      const told = nested ? this.#tables[entry] : reserved(entry.toLowerCase());
      const network = nested ? undefined : literal(entry);
      if (network) networks.push(network);
      else if (told) sets.push(literals(told));
      else {
        // pfSense hands every other text to filterdns, which fills the table with what the name resolves to.
        unknown.add(nested ? `contents of URL table "${entry}"` : `addresses of "${entry}"`);
        sets.push(unknownIn(4, 6));
      }
    }
    return { kind: "set", set: union(ofNetworks(networks), ...sets), unknown: [...unknown] };
  }

  /**
   * Every entry that an alias holds, through nested ones; names of URL tables and of tables that were told stay names.
   * Each alias is opened once, so that neither cycles nor aliases that double at every level cost anything.
   */
  #entriesBelow(root: PfAlias, unknown: Set<string>): readonly string[] {
    const opened = new Set([root.name]);
    const waiting = [root];
    const entries = new Set<string>();
    for (let alias = waiting.pop(); alias; alias = waiting.pop()) {
      for (const entry of alias.entries) {
        const nested = this.#byName.get(entry);
        if (entry === root.name) unknown.add(`alias "${entry}" contains itself`);
        else if (!nested || this.#tables[entry] !== undefined || nested.type.startsWith("urltable")) entries.add(entry);
        else if (!opened.has(entry)) {
          opened.add(entry);
          waiting.push(nested);
        }
      }
    }
    return [...entries];
  }

  #ports(text: string): Resolved<Fuzzy> {
    const alias = this.#byName.get(text);
    if (!alias) {
      const range = portRange(text);
      if (range) return { kind: "set", set: exact([range]), unknown: [] };
      return { kind: "skipped", why: `"${text}" is neither a port nor an alias` };
    }
    if (!KNOWN_TYPES.has(alias.type)) return { kind: "skipped", why: `alias "${text}" has no type` };
    if (!/port/i.test(alias.type)) return { kind: "refused", why: `alias "${text}" holds addresses, not ports` };
    const told = this.#tables[alias.name];
    const entries = told ?? alias.entries;
    if (!told && (alias.type === "urltable_ports" || (alias.type === "url_ports" && entries.length === 0))) {
      const set = { must: [], may: exact([{ lo: 1n, hi: 65535n }]).may };
      return { kind: "set", set, unknown: [`contents of URL alias "${text}"`] };
    }
    const unknown = new Set<string>();
    const all = told ?? this.#entriesBelow(alias, unknown);
    const set = exact(all.flatMap((entry) => portRange(entry) ?? []));
    const wrong = all.find((entry) => !portRange(entry) && !this.#byName.has(entry));
    if (wrong !== undefined) {
      const why = `port alias "${text}" holds "${wrong}", which is no port`;
      // What may be a host's name goes to filterdns, and all others with it: nothing is left of the alias.
      return { kind: HOST_NAME.test(wrong) ? "skipped" : "refused", why };
    }
    if (set.may.length === 0) return { kind: "skipped", why: `port alias "${text}" is empty` };
    return { kind: "set", set, unknown: [...unknown] };
  }
}

const KNOWN_TYPES = new Set(["host", "network", "port", "url", "url_ports", "urltable", "urltable_ports"]);

/** `is_hostname` of `etc/inc/util.inc`: what filterdns is asked to look up. */
const HOST_NAME = /^(?:(?:\w|\w[\w-]*\w)\.)*(?:\w|\w[\w-]*[\w.])$/;

/** Neither an address nor what may be a name: pf reads it where it stands in a table, and cannot. */
const isUnreadable = (entry: string): boolean => !literal(entry) && !HOST_NAME.test(entry);

/** An entry that nobody can have meant: an address or port with a slip in it, which pfSense asks DNS for or pf refuses. */
export function isSlip(alias: PfAlias, entry: string): boolean {
  if (/port/i.test(alias.type)) return !portRange(entry);
  return !literal(entry) && (!HOST_NAME.test(entry) || /^\d+(\.\d+|$)/.test(entry));
}

const known = (set: AddressSet): Resolved<AddressSet> => ({ kind: "set", set, unknown: [] });

const unresolved = (alias: PfAlias, set: AddressSet): Resolved<AddressSet> => ({
  kind: "set",
  set,
  unknown: [`contents of URL alias "${alias.name}"`],
});

function literals(entries: readonly string[]): AddressSet {
  if (entries.length === 0) return NOWHERE;
  return ofNetworks(entries.flatMap((e) => literal(e) ?? []));
}

/** An address or CIDR; pf drops host bits. */
function literal(text: string): Network | undefined {
  const network = parseNetwork(text);
  if (network) return network.network;
  const address = parseAddress(text);
  return address ? { family: address.family, base: address.value, prefix: address.family === 4 ? 32 : 128 } : undefined;
}

/** A port or `from:to`; a range written backwards is empty for pf. */
export function portRange(text: string): { lo: bigint; hi: bigint } | undefined {
  const parts = text.split(":");
  if (parts.length > 2) return undefined;
  const from = portNumber(parts[0]!);
  const to = portNumber(parts[1] ?? parts[0]!);
  return from === undefined || to === undefined ? undefined : { lo: BigInt(from), hi: BigInt(to) };
}
