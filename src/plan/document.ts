import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
} from "yaml";
import type { Diagnostic, Place } from "../core/diagnostics.ts";
import { hiddenIn, type Hidden } from "../core/hidden.ts";
import type { PlanCode } from "./codes.ts";
import { fileError } from "./decode.ts";
import type { Path } from "./problem.ts";

/** A YAML document as plain values, that can still say where each of them stands. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** One-based place of a value, or of its key; of the nearest parent for what is not there. Columns count UTF-16 units. */
  place(path: Path, at?: "key"): Place;
}

export interface Parsed {
  /** Absent when the text has no reliable structure. */
  readonly source?: Source;
  readonly errors: readonly Diagnostic[];
}

// Far beyond what a plan needs and far below what hurts: the sum of nodes that aliases expand to.
const MAX_ALIASED_NODES = 100;

/** YAML 1.2 text to a document, with all errors of syntax and not the first only. */
export function parseYaml(file: string, text: string): Parsed {
  const lines = new LineCounter();
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const error = (code: PlanCode, offset: number, fact: string, hint: string): Diagnostic => {
    const { line, column } = at(offset);
    return fileError(file, code, fact, hint, line, column);
  };
  try {
    const doc = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
      logLevel: "error",
    });
    // The parser gives up on nesting by reporting its own exhausted stack, at a place that depends on the machine.
    if (doc.errors.some((e) => e.message.includes("call stack"))) throw new RangeError("nesting");
    const { tags, oddKeys, aliases, scalars } = survey(doc);
    // What the survey says better, the parser need not say too.
    const isSaid = (e: YAMLError): boolean =>
      (e.code === "IMPOSSIBLE" && oddKeys.length > 0) || (e.code === "TAG_RESOLVE_FAILED" && tags.length > 0);
    const complaints = [...doc.errors, ...doc.warnings].filter((e) => !isSaid(e));
    const errors = firstOfEachLine(complaints, (e) => at(e.pos[0]).line).map((e) => {
      const { code, fact, hint } = explain(e, text);
      return error(code, e.pos[0], fact, hint);
    });
    for (const { offset, tag } of tags)
      errors.push(error("PLAN_YAML_SYNTAX", offset, `tag ${shortTag(tag)} is not used in a plan`, "Leave out the tag"));
    // YAML 1.1 reads `no` as false and 1:30 as ninety.
    if (doc.directives.yaml.explicit)
      errors.push(error("PLAN_YAML_SYNTAX", 0, "a %YAML directive is not used in a plan", "Remove the line %YAML"));
    for (const { index, name } of outsideScalars(text, scalars)) {
      const hint = "Delete it: what a reviewer sees is then what stands there";
      errors.push(error("PLAN_HIDDEN_CHARACTER", index, `a comment has a character that is not seen, ${name}`, hint));
    }
    for (const key of oddKeys) errors.push(error("PLAN_YAML_KEY", key.offset, key.fact, "Write a plain word"));
    for (const alias of aliases) {
      if (alias.resolve(doc)) continue;
      const fact = `no anchor &${alias.source} stands before *${alias.source}`;
      errors.push(error("PLAN_YAML_SYNTAX", rangeStart(alias) ?? 0, fact, "Put text that begins with * in quotes"));
    }
    const bomb = aliasBomb(doc, aliases);
    if (bomb !== undefined) {
      const fact = `aliases expand to more than ${MAX_ALIASED_NODES} values`;
      errors.push(error("PLAN_YAML_ALIASES", bomb, fact, "Write the values out"));
    }
    // These leave the structure sound: the rest can still be judged in the same run.
    if (errors.some((e) => !SOUND.has(e.code))) return { errors };
    if (doc.contents === null || (isScalar(doc.contents) && doc.contents.value === null))
      return { errors: [error("PLAN_DOCUMENT_EMPTY", 0, "the document is empty", "See stacks/lab for a whole one")] };
    const value: unknown = doc.toJS({ maxAliasCount: -1 });
    const place = (path: Path, aspect?: "key"): Place => ({ file, ...at(offsetOf(doc, path, aspect)) });
    return { source: { file, value, place }, errors };
  } catch (thrown) {
    // The parser recurses: thousands of nested brackets exhaust the stack.
    const why = thrown instanceof RangeError ? "is nested too deeply" : "cannot be read as YAML";
    return { errors: [error("PLAN_YAML_SYNTAX", 0, `the document ${why}`, "A plan is a few levels deep")] };
  }
}

const SOUND: ReadonlySet<string> = new Set<PlanCode>(["PLAN_YAML_DUPLICATE_KEY", "PLAN_HIDDEN_CHARACTER"]);

/** Of a document's own text, without its values and keys: comments, above all. Tabs and line breaks are its form. */
const outsideScalars = (text: string, scalars: Survey["scalars"]): readonly Hidden[] =>
  hiddenIn(text).filter(
    ({ index }) => !/[\n\r\t]/.test(text[index]!) && !scalars.some(([start, end]) => index >= start && index < end),
  );

const shortTag = (tag: string): string => tag.replace("tag:yaml.org,2002:", "!!");

// One slip makes the parser stumble several times on a line; the first is the one to read.
function firstOfEachLine<T>(things: readonly T[], lineOf: (thing: T) => number): T[] {
  const lines = things.map(lineOf);
  return things.filter((_, index) => lines.indexOf(lines[index]!) === index);
}

const HINTS: Partial<Record<YAMLError["code"], string>> = {
  TAB_AS_INDENT: "Indent with spaces",
  BAD_INDENT: "Align the line with its neighbours",
  MISSING_CHAR: "A bracket, quote or comma is missing nearby",
  TAG_RESOLVE_FAILED: "Leave out the tag",
  BAD_ALIAS: "An alias stands after its anchor",
  MULTILINE_IMPLICIT_KEY: "Is a colon or a quote missing?",
  BLOCK_AS_IMPLICIT_KEY: "Put text with a colon in quotes",
};

function explain(e: YAMLError, text: string): { code: PlanCode; fact: string; hint: string } {
  if (e.code === "DUPLICATE_KEY") {
    const key = /^["']?([^:"'\r\n]*)/.exec(text.slice(e.pos[0], e.pos[0] + 100))?.[1]?.trim() ?? "";
    return {
      code: "PLAN_YAML_DUPLICATE_KEY",
      fact: `"${key}" stands twice in one map`,
      hint: "Rename or remove one of them",
    };
  }
  if (e.code === "MULTIPLE_DOCS")
    return { code: "PLAN_YAML_SYNTAX", fact: "the file holds several documents", hint: "Remove the line ---" };
  const fact = e.message.replace(/\s+/g, " ");
  return { code: "PLAN_YAML_SYNTAX", fact, hint: HINTS[e.code] ?? "Check quotes, colons and indentation" };
}

/** Odd keys, explicit tags, and aliases in order. */
interface Survey {
  readonly tags: { readonly offset: number; readonly tag: string }[];
  readonly oddKeys: { readonly offset: number; readonly fact: string }[];
  readonly aliases: Alias[];
  /** Where texts begin and end, keys among them. */
  readonly scalars: (readonly [start: number, end: number])[];
}

// Keys that are lists, maps or nothing would be turned into text by the library; `__proto__` means something to
// JavaScript and is skipped by schemas.
function survey(doc: Document): Survey {
  const found: Survey = { tags: [], oddKeys: [], aliases: [], scalars: [] };
  visit(doc, {
    Pair(_, { key, value }: Pair) {
      const offset = rangeStart(key) ?? rangeStart(value) ?? 0;
      if (!isScalar(key)) found.oddKeys.push({ offset, fact: "a key is a list, a map or an alias" });
      else if (key.value === null || key.value === "") found.oddKeys.push({ offset, fact: "a key is empty" });
      else if (key.value === "__proto__") found.oddKeys.push({ offset, fact: '"__proto__" cannot be a key' });
    },
    // `!!set`, `!!binary` and their kin make objects of JavaScript that no schema of ours expects.
    Value(_, node) {
      const { tag, range } = node;
      if (tag !== undefined) found.tags.push({ offset: range?.[0] ?? 0, tag });
      if (isScalar(node) && range) found.scalars.push([range[0], range[1]]);
    },
    Alias(_, alias) {
      found.aliases.push(alias);
    },
  });
  return found;
}

/** Offset of the alias at which the values that aliases expand to become too many, or undefined. */
function aliasBomb(doc: Document, aliases: readonly Alias[]): number | undefined {
  let total = 0;
  const sizes = new Map<Node, number>();
  // Infinity while a node is being measured: an alias inside its own anchor never ends.
  const size = (node: unknown): number => {
    if (isAlias(node)) return size(node.resolve(doc));
    if (!isMap(node) && !isSeq(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    sizes.set(node, Infinity);
    let sum = 1;
    for (const item of node.items as unknown[]) sum += isPairLike(item) ? size(item.value) : size(item);
    sizes.set(node, sum);
    return sum;
  };
  for (const alias of aliases) {
    total += size(alias);
    if (total > MAX_ALIASED_NODES) return rangeStart(alias) ?? 0;
  }
  return undefined;
}

const isPairLike = (item: unknown): item is Pair => typeof item === "object" && item !== null && "key" in item;

const rangeStart = (node: unknown): number | undefined =>
  typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)
    ? (node.range[0] as number)
    : undefined;

/** Where a path begins in the text; as far as the path exists. */
function offsetOf(doc: Document, path: Path, aspect: "key" | undefined): number {
  let node: unknown = doc.contents;
  let offset = rangeStart(node) ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(doc);
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((p) => isScalar(p.key) && String(p.key.value) === String(step));
      if (!pair) return offset;
      const isLast = index === path.length - 1;
      const key = rangeStart(pair.key) ?? offset;
      // A map's own place is its key: the line where a person looks for it, not that of its first member.
      const valueAt = isMap(pair.value) || isEmptyScalar(pair.value) ? key : (rangeStart(pair.value) ?? key);
      offset = isLast && aspect === "key" ? key : valueAt;
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = typeof step === "number" ? node.items[step] : undefined;
      if (item === undefined) return offset;
      offset = rangeStart(item) ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}

// `key:` and nothing after it: the value's own place is past the colon, where there is nothing to see.
const isEmptyScalar = (node: unknown): boolean => isScalar(node) && node.range?.[0] === node.range?.[1];
