import { complement, normalise } from "../../../core/intervals.ts";
import { everything, intersect, subtractAll } from "../boxes.ts";
import type { Box, Interval } from "../types.ts";
import { fieldOf, Unsupported, type Field } from "./fields.ts";
import type { Key, Match, Value } from "./schema.ts";

/** A condition on an interface's name, decided when a question names the interfaces. */
export interface InterfaceTest {
  readonly side: "iif" | "oif";
  /** A trailing `*` stands for any ending. */
  readonly names: readonly string[];
  readonly isNegated: boolean;
}

/** One way to satisfy a match: all tests, and a packet in one of the boxes. */
export interface Alternative {
  readonly tests: readonly InterfaceTest[];
  readonly boxes: readonly Box[];
}

/** The elements of a named set; throws Unsupported when there is none whose contents are fixed. */
export type SetLookup = (name: string) => readonly Value[];

const ALWAYS: Alternative = { tests: [], boxes: everything() };

/** What satisfies a match: any of the alternatives. Throws Unsupported. */
export function alternativesOf(match: Match, lookup: SetLookup): readonly Alternative[] {
  const { op, left } = match;
  const values = op === "in" ? [match.right].flat() : elementsOf(match.right, lookup);
  if (!["==", "!=", "in", "<", ">", "<=", ">="].includes(op)) throw new Unsupported(`operator ${op}`);
  if ("concat" in left) return concatAlternatives(left.concat, op, values);
  if ("&" in left) return maskAlternatives(left["&"][0], left["&"][1], op, match.right);
  const side = interfaceSide(left);
  if (side) return [{ tests: [interfaceTest(side, op, values)], boxes: everything() }];
  if ("ct" in left) return stateAlternatives(left.ct.key, op, values);
  if ("payload" in left && left.payload.protocol === "tcp" && left.payload.field === "flags") {
    return maskAlternatives(
      left,
      op === "in" ? match.right : [...TCP_FLAGS],
      op === "in" ? "!=" : op,
      op === "in" ? [] : match.right,
    );
  }
  const field = fieldOf(left);
  if (!field) throw new Unsupported(`match on ${JSON.stringify(left)}`);
  return [{ tests: [], boxes: intervalsFor(field, op, values).flatMap((i) => field.boxes(i)) }];
}

/** Two conditions at once. */
export function both(x: readonly Alternative[], y: readonly Alternative[]): readonly Alternative[] {
  return x.flatMap((a) => y.map((b) => ({ tests: [...a.tests, ...b.tests], boxes: intersectAll(a.boxes, b.boxes) })));
}

/** The pairwise intersections of two unions; only boxes of one family and slice can meet. */
export function intersectAll(x: readonly Box[], y: readonly Box[]): readonly Box[] {
  const groups = new Map<string, Box[]>();
  for (const b of y) {
    const key = `${b.family}${b.slice}`;
    const group = groups.get(key);
    if (group) group.push(b);
    else groups.set(key, [b]);
  }
  return x.flatMap((a) => (groups.get(`${a.family}${a.slice}`) ?? []).flatMap((b) => intersect(a, b) ?? []));
}

/** A value as the list of its elements: sets opened, named sets looked up, wrappers taken off. */
function elementsOf(value: Value, lookup: SetLookup): readonly Value[] {
  if (typeof value === "string" && value.startsWith("@")) return lookup(value.slice(1));
  if (Array.isArray(value)) return value.flatMap((v) => elementsOf(v, lookup));
  if (typeof value === "object" && "set" in value) return value.set.flatMap((v) => elementsOf(v, lookup));
  if (typeof value === "object" && "elem" in value) return elementsOf(value.elem.val, lookup);
  return [value];
}

function intervalsFor(field: Field, op: string, values: readonly Value[]): readonly Interval[] {
  const given = values.map((v) => field.parse(v));
  const { lo, hi } = field.full;
  if (op === "==" || op === "in") return given;
  if (op === "!=") return complement(normalise(given), field.full);
  const one = given[0];
  if (given.length !== 1 || one?.lo !== one?.hi || !one) throw new Unsupported(`operator ${op} on a set`);
  if (op === "<") return one.lo > lo ? [{ lo, hi: one.lo - 1n }] : [];
  if (op === "<=") return [{ lo, hi: one.lo }];
  if (op === ">") return one.lo < hi ? [{ lo: one.lo + 1n, hi }] : [];
  return [{ lo: one.lo, hi }];
}

function concatAlternatives(keys: readonly Key[], op: string, values: readonly Value[]): readonly Alternative[] {
  if (op !== "==" && op !== "!=") throw new Unsupported(`operator ${op} on a concatenation`);
  const tuples = values.map((value) => {
    if (
      typeof value !== "object" ||
      Array.isArray(value) ||
      !("concat" in value) ||
      value.concat.length !== keys.length
    ) {
      throw new Unsupported(`element ${JSON.stringify(value)} of a concatenation`);
    }
    return keys.map((left, k) => alternativesOf({ op: "==", left, right: value.concat[k]! }, noSets));
  });
  const alternatives = tuples.flatMap((parts) => parts.reduce(both));
  if (op === "==") return alternatives;
  if (keys.some(interfaceSide)) throw new Unsupported("a negated concatenation with an interface");
  const fields = keys.map(fieldOf);
  if (fields.some((f) => !f)) throw new Unsupported(`match on ${JSON.stringify(keys)}`);
  const space = fields.map((f) => f!.boxes(f!.full)).reduce(intersectAll);
  const boxes = subtractAll(
    space,
    alternatives.flatMap((a) => a.boxes),
  );
  return [{ tests: [], boxes }];
}

const noSets: SetLookup = (name) => {
  throw new Unsupported(`set @${name} inside a concatenation`);
};

function interfaceSide(key: Key): "iif" | "oif" | undefined {
  if (!("meta" in key)) return undefined;
  if (key.meta.key === "iifname" || key.meta.key === "iif") return "iif";
  if (key.meta.key === "oifname" || key.meta.key === "oif") return "oif";
  return undefined;
}

function interfaceTest(side: "iif" | "oif", op: string, values: readonly Value[]): InterfaceTest {
  if (op !== "==" && op !== "!=") throw new Unsupported(`operator ${op} on an interface`);
  const names = values.map((v) => {
    if (typeof v !== "string") throw new Unsupported(`interface ${JSON.stringify(v)}`);
    return v;
  });
  return { side, names, isNegated: op === "!=" };
}

/** Does a test hold for the named interface? */
export function passesTest(test: InterfaceTest, name: string): boolean {
  const isNamed = test.names.some((n) => (n.endsWith("*") ? name.startsWith(n.slice(0, -1)) : n === name));
  return isNamed !== test.isNegated;
}

// The engine looks at the first packet of a flow: its state is "new", and a valid flow does not start as "invalid".
function stateAlternatives(key: string, op: string, values: readonly Value[]): readonly Alternative[] {
  if (key !== "state" || !values.every((v) => typeof v === "string")) throw new Unsupported(`match on ct ${key}`);
  const isMatch = values.includes("new") !== (op === "!=");
  return isMatch ? [ALWAYS] : [];
}

const TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"] as const;

// Likewise the first packet of a TCP connection carries SYN and nothing else (RFC 9293 §3.5).
function maskAlternatives(key: Key, mask: Value, op: string, right: Value): readonly Alternative[] {
  if (!("payload" in key) || key.payload.protocol !== "tcp" || key.payload.field !== "flags") {
    throw new Unsupported(`match on ${JSON.stringify(key)} by mask`);
  }
  const flags = (v: Value): readonly string[] => (v === 0 ? [] : [v].flat().map((f) => flagName(f)));
  const seen = flags(mask).includes("syn") ? ["syn"] : [];
  const wanted = flags(right);
  const isEqual = seen.length === wanted.length && seen.every((f) => wanted.includes(f));
  if (op !== "==" && op !== "!=") throw new Unsupported(`operator ${op} on TCP flags`);
  const tcp = everything().filter((b) => b.slice === "tcp");
  return isEqual === (op === "==") ? [{ tests: [], boxes: tcp }] : [];
}

function flagName(value: Value): string {
  if (typeof value !== "string") throw new Unsupported(`TCP flags ${JSON.stringify(value)}`);
  return value;
}
