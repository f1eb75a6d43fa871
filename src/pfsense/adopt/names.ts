/** Words that mean something as an end of a flow. */
const RESERVED_ENDS: readonly string[] = ["any", "internet", "firewall"];

/** Text as an id of the plan: lower-case letters, digits and hyphens, a letter first; empty when nothing is left. */
export function slug(text: string, limit = 40): string {
  const plain = text
    .normalize("NFD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "");
  return plain.slice(0, limit).replace(/-+$/, "");
}

/**
 * Ids that differ from each other. Zones, hosts, pools and groups share one book, so that no end of a flow needs its kind
 * in front of it.
 */
export class Names {
  readonly #taken: Set<string>;

  constructor(reserved: readonly string[] = RESERVED_ENDS) {
    this.#taken = new Set(reserved);
  }

  /** The first of the wishes that is an id and free; the last one with a number otherwise. */
  take(wishes: readonly string[], limit = 40): string {
    const ids = wishes.map((w) => slug(w, limit)).filter((w) => w !== "" && !/^c\d\d-/.test(w));
    const free = ids.find((w) => !this.#taken.has(w));
    const id = free ?? this.#numbered(ids.at(-1) ?? "x", limit);
    this.#taken.add(id);
    return id;
  }

  #numbered(stem: string, limit: number): string {
    for (let n = 2; ; n++) {
      const tail = `-${n}`;
      const id = `${stem.slice(0, limit - tail.length).replace(/-+$/, "")}${tail}`;
      if (!this.#taken.has(id)) return id;
    }
  }
}
