import { keyOf, meet } from "../../core/intervals.ts";
import { rangeOf } from "../../core/ip.ts";
import type { Site } from "./site.ts";
import {
  EVERYTHING,
  isEmpty,
  isIn,
  isSame,
  meetOf,
  one,
  onWire,
  textsOf,
  unite,
  without,
  type Ranges,
} from "./sets.ts";

/** A group of ends that the flow table uses. */
export interface Group {
  readonly id: string;
  readonly description: string;
  readonly members: readonly string[];
}

/** How the file calls a set, for the name of a group. */
export interface Called {
  readonly name: string;
  readonly description: string;
  /** What an alias lists, entry by entry. */
  readonly pieces?: readonly Ranges[];
}

/** More parts than this are a group, even where the file has no name for them. */
const MAX_PARTS = 6;

/** Says sets of addresses in the plan's words, exactly: their union is the set, neither more nor less. */
export class Ends {
  readonly #site: Site;
  readonly #named: readonly (readonly [word: string, set: Ranges])[];
  readonly #groups = new Map<string, Group>();

  constructor(site: Site) {
    this.#site = site;
    this.#named = [
      ["any", EVERYTHING],
      ["internet", site.internet],
      ["firewall", site.firewall],
      ...site.legs.map((l) => [l.zone, [rangeOf(l.subnet)]] as const),
      ...site.pools.map((p) => [p.id, [rangeOf(p.network)]] as const),
      ...site.hosts.all.map((h) => [h.id, one(h.address)] as const),
    ];
  }

  get groups(): readonly Group[] {
    return [...this.#groups.values()];
  }

  /** Ends whose union is the set; `called` names the group where several are needed. */
  words(set: Ranges, called: Called | undefined): readonly string[] {
    const parts = this.#parts(set, called?.pieces ?? []);
    if (parts.length <= 1 || (called === undefined && parts.length <= MAX_PARTS)) return parts;
    const key = keyOf(onWire(set));
    const known = this.#groups.get(key);
    if (known) return [known.id];
    const id = this.#site.names.take([called?.name ?? "addresses", `${called?.name ?? ""}-addresses`]);
    this.#groups.set(key, { id, description: called?.description ?? "Addresses of one rule", members: parts });
    return [id];
  }

  #parts(set: Ranges, pieces: readonly Ranges[]): readonly string[] {
    const whole = this.#named.find(([, s]) => isSame(s, set));
    if (whole) return [whole[0]];
    if (pieces.length > 0 && isSame(unite(...pieces), set)) return [...new Set(pieces.flatMap((p) => this.#word(p)))];
    const out: string[] = [];
    let rest = onWire(set);
    const take = (word: string, part: Ranges): void => {
      // A part that others already covered would be said twice.
      if (isEmpty(part) || !isIn(part, set) || !meet(part, rest)) return;
      out.push(word);
      rest = without(rest, part);
    };
    const [, internet, firewall, ...things] = this.#named;
    if (internet) take(...internet);
    for (const thing of things) take(...thing);
    if (firewall && meetOf(firewall[1], rest).length > 1) take(...firewall);
    for (const piece of pieces) {
      const [text, another] = textsOf(piece);
      if (text !== undefined && another === undefined && isIn(piece, rest)) take(text, piece);
    }
    return [...out, ...textsOf(rest)];
  }

  /** An entry of an alias: its name, or as it was written. */
  #word(piece: Ranges): readonly string[] {
    const named = this.#named.find(([, s]) => isSame(s, piece));
    return named ? [named[0]] : textsOf(piece);
  }
}
