import { DECLARED, type Declared } from "./context.ts";
import { COVERS } from "./coverage/resolve.ts";
import { decode } from "./decode.ts";
import { parseYaml } from "./document.ts";
import { KINDS } from "./flows/endpoints.ts";
import { RESERVED_ENDPOINTS, type DocumentName } from "./names.ts";
import type { NameKind } from "./scalars.ts";

/** A name that an editor offers, and what is said of it there. */
export interface Offer {
  readonly name: string;
  readonly description: string;
}

/** Of each kind of name those that a plan has; of roles the registry knows. */
export type Offers = Readonly<Record<Exclude<NameKind, "role">, readonly Offer[]>>;

/**
 * What the documents declare, by file name, as far as they can be read: while somebody writes a plan it is mostly wrong
 * somewhere. Nothing is judged here.
 */
export function offersOf(documents: ReadonlyMap<string, Uint8Array>): Offers {
  const values = new Map<string, unknown>();
  for (const [file, bytes] of documents) {
    const decoded = decode(file, bytes);
    if ("text" in decoded) values.set(file, parseYaml(file, decoded.text).source?.value);
  }
  const of = (kind: Declared): readonly Offer[] => {
    const [document, section] = DECLARED[kind];
    return declared(values, document, section);
  };
  const { ends, members } = endsOf(of);
  const covers = COVERS.flatMap((kind) => of(kind).map((o) => ({ ...o, name: `${kind}:${o.name}` })));
  return {
    ...{ zone: of("zone"), host: of("host"), image: of("image"), service: of("service"), flow: of("flow") },
    ...{
      department: of("department"),
      group: of("group"),
      switch: of("switch"),
      end: ends,
      member: members,
      cover: covers,
    },
  };
}

/** Ends by name, with their kind where two things share one; a group's members are no groups. */
function endsOf(of: (kind: Declared) => readonly Offer[]): Readonly<Record<"ends" | "members", readonly Offer[]>> {
  const all = KINDS.flatMap((kind) => of(kind === "group" ? "endpoints" : kind).map((offer) => ({ kind, offer })));
  const isShared = (name: string): boolean =>
    RESERVED_ENDPOINTS.some((word) => word === name) || all.filter(({ offer }) => offer.name === name).length > 1;
  const named = all.map(({ kind, offer: { name, description } }) => {
    return { kind, offer: { name: isShared(name) ? `${kind}:${name}` : name, description: `${kind}: ${description}` } };
  });
  const words = RESERVED_ENDPOINTS.map((name) => ({ name, description: RESERVED[name] }));
  const offers = (list: typeof named): readonly Offer[] => [...words, ...list.map(({ offer }) => offer)];
  return { ends: offers(named), members: offers(named.filter(({ kind }) => kind !== "group")) };
}

const RESERVED: Readonly<Record<(typeof RESERVED_ENDPOINTS)[number], string>> = {
  any: "everything",
  internet: "whatever is in no inside zone, no sync zone and no pool",
  firewall: "the routers' own addresses",
};

function declared(values: ReadonlyMap<string, unknown>, document: DocumentName, section: string): readonly Offer[] {
  const members = recordOf(recordOf(values.get(`${document}.yaml`))[section]);
  return Object.entries(members).map(([key, value]) => {
    const { id, description, name } = recordOf(value);
    const said = [description, name].find((text) => typeof text === "string");
    // Rows of a list are known by their id.
    return { name: typeof id === "string" ? id : key, description: said ?? "" };
  });
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
