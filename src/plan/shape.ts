import * as z from "zod";
import { didYouMean } from "../core/diagnostics.ts";
import { hiddenIn } from "../core/hidden.ts";
import type { Source } from "./document.ts";
import type { DocumentName } from "./names.ts";
import { problem, type Path, type Problem, type Where } from "./problem.ts";
import { keysOf, type Complaint } from "./scalars.ts";
import type { Documents } from "./schemas.ts";

/** An entry of a map or list of a document, judged sound by the schema. */
export interface Entry<T> {
  /** Key in the map, or text of the index in a list. */
  readonly id: string;
  readonly value: T;
  readonly where: Where;
}

type Members<T> = T extends readonly (infer Item)[]
  ? Item
  : T extends Readonly<Record<string, infer Value>>
    ? Value
    : never;

/**
 * A document after the schema. Wrong entries are left out and counted, so that one misspelt host does not hide the
 * errors of the others; what was left out stays known by name, so that references to it are not reported as well.
 */
export interface Shape<D> {
  readonly problems: readonly Problem[];
  /** Sound entries of a map or list, in the order of the document. */
  entries<K extends keyof D & string>(section: K): readonly Entry<Members<NonNullable<D[K]>>>[];
  /** A section that is one value, when it is sound. */
  one<K extends keyof D & string>(section: K): { readonly value: NonNullable<D[K]>; readonly where: Where } | undefined;
  /** Names in a section (keys of a map, ids of a list), sound or not; undefined when nobody can say (the document is missing or broken there). */
  names(section: keyof D & string): ReadonlySet<string> | undefined;
  /** Whether nothing of the section was left out. */
  isWhole(section: keyof D & string): boolean;
}

/** What stands for a document that could not be read: nothing is in it, and nothing is known not to be in it. */
export const absentShape = <D>(): Shape<D> => ({
  problems: [],
  entries: () => [],
  one: () => undefined,
  names: () => undefined,
  isWhole: () => false,
});

/** What stands for a document that the plan does without: nothing is in it. */
export const emptyShape = <D>(): Shape<D> => ({
  ...absentShape<D>(),
  names: () => new Set(),
  isWhole: () => true,
});

/** Holds a document against its schema. */
export function checkShape<N extends DocumentName>(name: N, source: Source, schema: z.ZodType): Shape<Documents[N]> {
  const all = schema.safeParse(source.value).error?.issues ?? [];
  // One thing is said of one text: that it is not what it seems, before what its schema says; of a line break after.
  const hidden = hiddenTexts(name, source.value).filter(
    ({ code, where }) => code === "PLAN_HIDDEN_CHARACTER" || !all.some((i) => isSame(where.path, i.path)),
  );
  const issues = all.filter((i) => !hidden.some(({ where }) => isSame(where.path, i.path)));
  // A key too many says nothing against the rest of its entry.
  const wrong = issues.filter((i) => i.code !== "unrecognized_keys").map((i) => i.path as Path);
  const fatal = [...wrong, ...hidden.map((p) => p.where.path)];
  const isSound = (path: Path): boolean => !fatal.some((f) => isPrefix(path, f) || isPrefix(f, path));
  const document = isRecord(source.value) ? source.value : {};
  const isDocument = isRecord(source.value);
  const where = (...path: Path): Where => ({ document: name, path });

  const members = (section: string): [string | number, unknown][] => {
    const value = document[section];
    if (Array.isArray(value)) return value.map((item, index) => [index, item]);
    return isRecord(value) ? Object.entries(value) : [];
  };
  // Safe by the schema: an entry without an issue has the shape that the schema infers, for schemas change nothing.
  const entries = (section: string): Entry<never>[] =>
    members(section)
      .filter(([key]) => isSound([section, key]))
      .map(([key, value]) => ({ id: String(key), value: value as never, where: where(section, key) }));

  return {
    problems: [...hidden, ...issues.flatMap((issue) => explain(issue, name, source.value, schema))],
    entries,
    one: (section) =>
      isSound([section]) && document[section] !== undefined
        ? { value: document[section] as never, where: where(section) }
        : undefined,
    names: (section) => {
      if (!isDocument || fatal.some((f) => f.length <= 1 && (f[0] ?? section) === section)) return undefined;
      return new Set(members(section).map(([key, value]) => nameOf(key, value)));
    },
    isWhole: (section) => isDocument && isSound([section]),
  };
}

const isSame = (a: Path, b: readonly PropertyKey[]): boolean =>
  a.length === b.length && a.every((step, n) => step === b[n]);

/**
 * Texts, keys among them, in which something is not seen. Of every field, whatever its schema says of it: none has a
 * use for more than one line, or for what nobody can read.
 */
function hiddenTexts(document: DocumentName, root: unknown): readonly Problem[] {
  const found: Problem[] = [];
  const judge = (text: string, where: Where): void => {
    const [first] = hiddenIn(text);
    if (first === undefined) return;
    if (/[\n\r\t]/.test(text[first.index]!))
      found.push(problem("PLAN_BAD_VALUE", where, "has a line break or a tab", "Write it on one line"));
    else {
      const what = first.isTurning ? "changes the order in which text is shown" : "is not seen";
      const fact = `${show(text)} has a character that ${what}, ${first.name}, at position ${first.index + 1}`;
      found.push(problem("PLAN_HIDDEN_CHARACTER", where, fact, "Write the text anew by hand, without it"));
    }
  };
  const visit = (value: unknown, path: Path): void => {
    if (typeof value === "string") judge(value, { document, path });
    else if (Array.isArray(value)) value.forEach((item, n) => visit(item, [...path, n]));
    else if (isRecord(value))
      for (const [key, member] of Object.entries(value)) {
        judge(key, { document, path: [...path, key], at: "key" });
        visit(member, [...path, key]);
      }
  };
  visit(root, []);
  return found;
}

// Rows of a list are known by their id.
const nameOf = (key: string | number, value: unknown): string =>
  typeof key === "number" && isRecord(value) && typeof value["id"] === "string" ? value["id"] : String(key);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isPrefix = (a: Path, b: Path): boolean => a.length <= b.length && a.every((step, i) => step === b[i]);

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === "number") value = value[step];
    else if (isRecord(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}

/** One issue of zod as what a person reads; a misspelt set of keys is one problem each. */
function explain(issue: z.core.$ZodIssue, document: DocumentName, root: unknown, schema: z.ZodType): Problem[] {
  const path = issue.path as Path;
  const where: Where = { document, path };
  const value = valueAt(root, path);
  const about = (what = "See stacks/lab for a plan that is whole"): string => description(schema, path) ?? what;
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, path);
      const { code, what } = wordsAt(schema, path) ?? { code: "PLAN_UNKNOWN_KEY", what: "a key here" };
      return issue.keys.map((key) =>
        problem(code, { document, path: [...path, key], at: "key" }, `"${key}" is not ${what}`, suggest(key, known)),
      );
    }
    case "invalid_key":
      return [
        problem(
          "PLAN_BAD_NAME",
          { ...where, at: "key" },
          `"${String(path.at(-1))}" is not a name here`,
          keyDescription(schema, path) ?? NAME_HINT,
        ),
      ];
    case "invalid_format":
      return [problem("PLAN_BAD_NAME", where, `${show(value)} is not a name of the right form`, about(NAME_HINT))];
    case "invalid_value": {
      const words = issue.values.map(String);
      if (value === undefined) return [missing(where, about(`One of ${words.join(", ")}`))];
      return [
        problem(
          "PLAN_BAD_VALUE",
          where,
          `${show(value)} is not one of ${words.join(", ")}`,
          typeof value === "string" ? suggest(value, words) : about(),
        ),
      ];
    }
    case "too_small":
    case "too_big":
      return [problem("PLAN_BAD_VALUE", where, bound(issue, value), about("Choose a value within the bounds"))];
    case "custom": {
      const complaint = issue.params as Complaint | undefined;
      return [problem(complaint?.code ?? "PLAN_BAD_VALUE", where, issue.message, complaint?.hint ?? about())];
    }
    case "invalid_union":
      if (value === undefined) return [missing(where, about())];
      // The one union of the documents is a port or a range.
      return [problem("PLAN_BAD_PORT", where, "is not a port", about())];
    case "invalid_type":
      if (value === undefined) return [missing(where, about())];
      return [
        problem("PLAN_WRONG_TYPE", where, mismatch(value, TYPES[issue.expected] ?? issue.expected, path), about()),
      ];
    default:
      return [problem("PLAN_BAD_VALUE", where, issue.message, about())];
  }
}

const NAME_HINT = "Lower-case letters and digits, parts joined by hyphens, a letter first";

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

function mismatch(value: unknown, expected: string, path: Path): string {
  const subject = path.length === 0 ? "the document " : "";
  if (value === null) return `${subject}has no value; ${expected} is expected`;
  if (typeof value === "object") return `${subject}is ${Array.isArray(value) ? "a list" : "a map"}, not ${expected}`;
  return `${show(value)} is not ${expected}`;
}

const missing = (where: Where, hint: string): Problem =>
  problem("PLAN_MISSING_KEY", where, `${JSON.stringify(where.path.at(-1) ?? "")} is required and absent`, hint);

function suggest(word: string, known: readonly string[]): string {
  const near = didYouMean(word, known);
  return near === undefined ? `Known: ${known.join(", ")}` : `did you mean "${near}"?`;
}

/** A scalar in a fact, as it was written or nearly. */
function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isRecord(value)) return "a map";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  const isSmall = issue.code === "too_small";
  const limit = String(isSmall ? issue.minimum : issue.maximum);
  if (issue.origin === "string") return value === "" ? "is empty" : `is longer than ${limit} characters`;
  if (issue.origin === "array") return isSmall ? "is empty" : `has more than ${limit} members`;
  return `${show(value)} is ${isSmall ? "less" : "more"} than ${limit}`;
}

/** The schema of what stands at a path, as far as it is known. */
function schemaAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  let here: z.core.$ZodType | undefined = schema;
  for (const step of path) {
    here = unwrap(here);
    if (here instanceof z.ZodObject) here = (here.shape as Record<string, z.core.$ZodType>)[String(step)];
    else if (here instanceof z.ZodRecord) here = here.valueType;
    else if (here instanceof z.ZodArray) here = here.element;
    else return undefined;
    if (here === undefined) return undefined;
  }
  return here;
}

const WRAPPERS = [z.ZodOptional, z.ZodNullable, z.ZodDefault, z.ZodPrefault];

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let here = schema;
  while (WRAPPERS.some((wrapper) => here instanceof wrapper)) here = (here as z.ZodOptional).unwrap();
  return here;
}

function keysAt(schema: z.ZodType, path: Path): string[] {
  const here = schemaAt(schema, path);
  const object = here && unwrap(here);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

/** What is said of a key that is not known, where its map has a word for it. */
function wordsAt(schema: z.ZodType, path: Path): ReturnType<typeof keysOf.get> {
  const here = schemaAt(schema, path);
  return here && keysOf.get(unwrap(here));
}

/** How the keys of the map around a path must look. */
function keyDescription(schema: z.ZodType, path: Path): string | undefined {
  const around = schemaAt(schema, path.slice(0, -1));
  const record = around && unwrap(around);
  return record instanceof z.ZodRecord ? z.globalRegistry.get(record.keyType)?.description : undefined;
}

/** What a value is for, or what the list is for that it stands in. */
function description(schema: z.ZodType, path: Path): string | undefined {
  const here = schemaAt(schema, path);
  const own = here && (z.globalRegistry.get(here) ?? z.globalRegistry.get(unwrap(here)))?.description;
  return own ?? (typeof path.at(-1) === "number" ? description(schema, path.slice(0, -1)) : undefined);
}
