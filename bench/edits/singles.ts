import { isMap, isScalar, isSeq, parseDocument, visit, type Document } from "yaml";
import * as z from "zod";
import { DOCUMENT_NAMES, type DocumentName } from "../../src/plan/index.ts";
import { offersOf, type Offers } from "../../src/plan/offers.ts";
import { ADDED, CHOSEN, EXAMPLES, OTHER_WAY, PREFERRED, REMOVED } from "./examples.ts";
import { allFields, type Field, type Path } from "./fields.ts";
import { another } from "./values.ts";

/** Documents of a plan by their names, as text. */
export type Texts = Readonly<Record<DocumentName, string>>;

/** One edit of one field, as somebody makes it in a file. */
export interface Single {
  readonly field: Field;
  readonly kind: "add" | "remove" | "change" | "move" | "rename";
  /** What the field is one of: a host, a zone; undefined where there is only one. */
  readonly on: string | undefined;
  /** In which way, where the field is tried in two. */
  readonly way: string | undefined;
  readonly of: Readonly<Partial<Record<DocumentName, (document: Document) => void>>>;
}

/** `hosts: memoryMiB of mail, changed`: unique. */
export const nameOf = ({ field, kind, on, way }: Single): string =>
  `${field.document}: ${field.name}${on === undefined ? "" : ` of ${on}`}, ${kind}${way === undefined ? "" : ` (${way})`}`;

interface Lab {
  readonly values: Readonly<Record<DocumentName, unknown>>;
  readonly offers: Offers;
}

/** A place of a field in the lab's documents. */
interface Place {
  readonly at: Path;
  readonly on: string | undefined;
  /** What stands there; undefined where nothing does. */
  readonly value: unknown;
}

const child = (value: unknown, step: string | number): unknown =>
  (value as Readonly<Record<string | number, unknown>> | undefined)?.[step];

/** Everywhere the field could stand, whatever stands there now. */
function placesOf({ path }: Field, root: unknown): readonly Place[] {
  let places: readonly Place[] = [{ at: [], on: undefined, value: root }];
  for (const step of path)
    places = places.flatMap((place): readonly Place[] => {
      if (step === "*")
        return Object.entries((place.value ?? {}) as Record<string, unknown>).map(([key, value]) => ({
          at: [...place.at, key],
          on: place.on ?? key,
          value,
        }));
      if (step === "[]")
        return ((place.value ?? []) as readonly unknown[]).map((value, n) => {
          const id = child(value, "id");
          return { at: [...place.at, n], on: place.on ?? (typeof id === "string" ? id : undefined), value };
        });
      if (typeof place.value !== "object" || place.value === null) return [];
      return [{ at: [...place.at, step], on: place.on, value: child(place.value, step) }];
    });
  return places;
}

/** The entry of the longest part of the field's name that has one. */
function forField<T>(table: Readonly<Record<string, T>>, { document, path }: Field): T | undefined {
  for (let n = path.length; n > 0; n--) {
    const name = path
      .slice(0, n)
      .reduce((text, s) => (s === "[]" ? `${text}[]` : text === "" ? s : `${text}.${s}`), "");
    const found = table[`${document}:${name}`];
    if (found !== undefined) return found;
  }
  return undefined;
}

const keyOf = ({ document, name }: Field): string => `${document}:${name}`;

const set =
  (path: Path, value: unknown) =>
  (d: Document): void =>
    d.setIn(path, d.createNode(value));
const take =
  (path: Path) =>
  (d: Document): void => {
    if (!d.deleteIn(path)) throw new Error(`nothing at ${path.join(".")}`);
  };

/** What a map's members are called where they are named with their kind (`forward:vpn`), and whether also without it. */
const CALLED: Readonly<Record<string, { readonly kind: string; readonly isBare: boolean }>> = {
  "addressing:zones": { kind: "zone", isBare: true },
  "addressing:pools": { kind: "pool", isBare: true },
  "hosts:images": { kind: "image", isBare: true },
  "hosts:hosts": { kind: "host", isBare: true },
  "services:services": { kind: "service", isBare: true },
  "flows:groups": { kind: "group", isBare: true },
  "flows:forwards": { kind: "forward", isBare: false },
  "flows:invariants": { kind: "invariant", isBare: false },
  "people:departments": { kind: "department", isBare: true },
  "people:groups": { kind: "group", isBare: true },
  "people:people": { kind: "person", isBare: false },
};

/** Whether a text names a member of a map, as lists, flows and needs do. */
function says(field: Field, value: unknown, name: string): value is string {
  const called = CALLED[keyOf(field)];
  if (called === undefined || typeof value !== "string") return false;
  return value === `${called.kind}:${name}` || (called.isBare && value === name);
}

/** A host has its number of a desk under its name. */
const DESKS = ["settings", "pbx", "desks"];

/** Takes something out of its map, and its name out of every list. */
const gone = (field: Field, at: Path, name: string): Single["of"] =>
  everywhere((d, document) => {
    if (document === field.document) take([...at, name])(d);
    if (document === "roles" && keyOf(field) === "hosts:hosts") d.deleteIn([...DESKS, name]);
    visit(d, {
      Seq: (_, seq) => void (seq.items = seq.items.filter((i) => !isScalar(i) || !says(field, i.value, name))),
    });
  });

/** Gives something another name, in its map and wherever it is named. */
const renamed = (field: Field, at: Path, from: string, to: string): Single["of"] =>
  everywhere((d, document) => {
    const rename = (map: unknown): void => {
      const pair = isMap(map) ? map.items.find((p) => isScalar(p.key) && String(p.key.value) === from) : undefined;
      if (pair !== undefined && isScalar(pair.key)) pair.key.value = to;
    };
    if (document === field.document) rename(d.getIn(at));
    if (document === "roles" && keyOf(field) === "hosts:hosts") rename(d.getIn(DESKS));
    visit(d, {
      Scalar: (key, scalar) => {
        if (key !== "key" && says(field, scalar.value, from))
          scalar.value = scalar.value.endsWith(`:${from}`) ? scalar.value.replace(/:.*/, `:${to}`) : to;
      },
    });
  });

const everywhere = (edit: (d: Document, document: DocumentName) => void): Single["of"] =>
  Object.fromEntries(DOCUMENT_NAMES.map((name) => [name, (d: Document) => edit(d, name)] as const));

/** A value for a place of a field, from the examples or its schema. */
function valueFor(
  field: Field,
  schema: z.core.$ZodType,
  place: Place,
  lab: Lab,
  value: unknown,
  others: unknown[],
): unknown {
  const key = keyOf(field);
  const example = EXAMPLES[`${key}@${place.on}`] ?? EXAMPLES[key];
  const isOwn = example !== undefined && example !== value && !others.includes(example);
  return isOwn ? example : another(schema, value, lab.offers, others);
}

/** Fields of which the schema tells no value and the examples have none. */
class NoValue extends Error {
  constructor(field: Field, what: string) {
    super(`bench/edits/examples.ts needs a value: ${what} of ${keyOf(field)}`);
  }
}

const onlyValue = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodOptional
    ? onlyValue(schema.unwrap())
    : schema instanceof z.ZodLiteral && schema.values.size === 1;

/** The edits of a field in one place. */
function editsAt(field: Field, place: Place, lab: Lab): readonly Single[] {
  const { document, kind } = field;
  const { at, on, value } = place;
  const single = (of: Single["kind"], edit: (d: Document) => void, way?: string): Single => ({
    field,
    kind: of,
    on,
    way,
    of: { [document]: edit },
  });
  const isThere = value !== undefined;
  const absent = field.isOptional && isThere ? [single("remove", take(at))] : [];
  if (kind === "value") {
    const other = valueFor(field, field.schema, place, lab, value, []);
    if (other === undefined || other === value) {
      if (onlyValue(field.schema)) return absent;
      throw new NoValue(field, "another value");
    }
    const back = OTHER_WAY[keyOf(field)];
    const both = back === undefined ? [] : [single("change", set(at, back.value), back.way)];
    return [single(isThere ? "change" : "add", set(at, other)), ...both, ...absent];
  }
  if (kind === "block") {
    if (isThere) return absent;
    const example = EXAMPLES[`${keyOf(field)}@${on}`] ?? EXAMPLES[keyOf(field)];
    const like = example ?? placesOf(field, lab.values[document]).find((p) => p.value !== undefined)?.value;
    // Nothing of it must be said: then it says nothing.
    return [single("add", set(at, like ?? {}))];
  }
  if (kind === "list") return [...listEdits(), ...absent];
  return mapEdits();

  function listEdits(): readonly Single[] {
    const items = (value ?? []) as readonly unknown[];
    const schema = (field.schema as z.ZodArray).element;
    const isOfBlocks = typeof (items[0] ?? EXAMPLES[keyOf(field)] ?? EXAMPLES[`${keyOf(field)}@${on}`]) === "object";
    const more = valueFor(field, schema, place, lab, items.at(-1), [...items]);
    if (more === undefined) throw new NoValue(field, "one more");
    // Rows stand by their sections, each before those of the next.
    const later = items.findIndex((i) => Number(child(i, "section")) > Number(child(more, "section")));
    const before = later < 0 ? items.length : later;
    const edits = [
      isThere
        ? single("add", (d) => {
            const seq = d.getIn(at);
            if (isSeq(seq)) seq.items.splice(before, 0, d.createNode(more));
          })
        : single("add", set(at, [more])),
    ];
    if (items.length === 0) return edits;
    const named = items.findIndex((i) => child(i, "id") === REMOVED[keyOf(field)]);
    const n = named < 0 || REMOVED[keyOf(field)] === undefined ? items.length - 1 : named;
    edits.push(single("remove", take([...at, n]), field.isOptional ? "an item" : undefined));
    if (!isOfBlocks) edits.push(single("change", set([...at, items.length - 1], more)));
    const back = OTHER_WAY[`${keyOf(field)}@${on}`] ?? OTHER_WAY[keyOf(field)];
    if (back !== undefined) edits.push(single("change", set([...at, 0], back.value), back.way));
    if (items.length > 1)
      edits.push(
        single("move", (d) => {
          const seq = d.getIn(at);
          if (!isSeq(seq)) throw new Error(`no list at ${at.join(".")}`);
          // One of many goes after its neighbour, the last of a few to the front.
          const [moved] = seq.items.splice(n, 1);
          seq.items.splice(n === items.length - 1 ? 0 : n + 1, 0, moved);
        }),
      );
    return edits;
  }

  function mapEdits(): readonly Single[] {
    const members = Object.entries((value ?? {}) as Readonly<Record<string, unknown>>);
    const { keyType } = field.schema as z.ZodRecord;
    const keys = members.map(([key]) => key);
    const added = ADDED[keyOf(field)];
    const [lastKey, last] = members.at(-1) ?? [undefined, undefined];
    const like = added?.like === undefined ? last : child(value, added.like);
    const key = added?.key ?? another(keyType, lastKey, lab.offers, keys);
    const isOfBlocks = typeof (like ?? added?.value) === "object" && !Array.isArray(like);
    const member = isOfBlocks
      ? { ...(like as object | undefined), ...added?.value }
      : typeof like === "number"
        ? like + 2
        : like;
    if (typeof key !== "string" || member === undefined) throw new NoValue(field, "one more");
    const one: Single = {
      ...single("add", (d) => d.setIn([...at, key], d.createNode(member))),
      of: { [document]: (d: Document) => d.setIn([...at, key], d.createNode(member)), ...added?.with },
    };
    if (members.length === 0) return [one];
    const going = REMOVED[keyOf(field)] ?? lastKey!;
    const other = another(keyType, going, lab.offers, [...keys, key]);
    if (typeof other !== "string") throw new NoValue(field, "another name");
    return [
      one,
      { ...single("remove", () => undefined), of: gone(field, at, going) },
      { ...single("rename", () => undefined), of: renamed(field, at, going, other) },
    ];
  }
}

/** Places on which the field is tried: those of CHOSEN, else the first good one of each way to edit it. */
function chosenPlaces(field: Field, lab: Lab): readonly Place[] {
  const places = [...placesOf(field, lab.values[field.document])];
  // In a block that the lab does without; its other fields have their defaults.
  if (places.length === 0 && !field.path.some((s) => s === "*" || s === "[]"))
    places.push({ at: field.path, on: undefined, value: undefined });
  const chosen = forField(CHOSEN, field);
  const own = PREFERRED[keyOf(field)];
  if (chosen !== undefined && own === undefined)
    return chosen.flatMap((on) => {
      const here = places.filter((p) => p.on === on);
      return here.find((p) => p.value !== undefined) ?? here[0] ?? [];
    });
  const wanted = own ?? forField(PREFERRED, field) ?? [];
  const ranked = [...places].sort((a, b) => rank(a) - rank(b));
  const full = ranked.find((p) => p.value !== undefined);
  const empty = field.isOptional ? ranked.find((p) => p.value === undefined) : undefined;
  const long = field.kind === "list" ? ranked.find((p) => ((p.value ?? []) as unknown[]).length > 1) : undefined;
  return [...new Set([full, empty, long].filter((p) => p !== undefined))];

  function rank({ on }: Place): number {
    const at = wanted.indexOf(on ?? "");
    return at < 0 ? wanted.length : at;
  }
}

/** The lab's documents as values, and the names that they declare. */
function labOf(texts: Texts): Lab {
  const values = Object.fromEntries(
    DOCUMENT_NAMES.map((name) => [name, parseDocument(texts[name], { merge: true }).toJS() as unknown] as const),
  ) as Record<DocumentName, unknown>;
  const bytes = new Map(DOCUMENT_NAMES.map((name) => [`${name}.yaml`, Buffer.from(texts[name])] as const));
  return { values, offers: offersOf(bytes) };
}

/**
 * Every single edit of every field of a lab's documents that makes sense there, each kind once for each kind of thing.
 * @throws NoValue naming a field that neither its schema nor examples.ts has a value for
 */
export function singleEdits(texts: Texts): readonly Single[] {
  const lab = labOf(texts);
  return allFields().flatMap((field) => {
    const seen = new Set<string>();
    return chosenPlaces(field, lab)
      .flatMap((place) => editsAt(field, place, lab))
      .filter((single) => {
        // A second place is for what the first does not show.
        const isChosen = forField(CHOSEN, field) !== undefined;
        const key = `${single.kind}/${single.way}/${isChosen ? single.on : ""}`;
        return !seen.has(key) && seen.add(key);
      });
  });
}

/** The documents as the edit leaves them. */
export function edited(texts: Texts, of: Single["of"]): Texts {
  const changed = { ...texts };
  for (const [name, edit] of Object.entries(of) as [DocumentName, (d: Document) => void][]) {
    const document = parseDocument(texts[name]);
    edit(document);
    changed[name] = document.toString({ lineWidth: 0 });
  }
  return changed;
}
