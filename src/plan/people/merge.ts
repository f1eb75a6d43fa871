import { isMap, isNode, isScalar, parseDocument, stringify, visit, type Pair, type YAMLMap } from "yaml";
import type { Diagnostic } from "../../core/diagnostics.ts";
import type { PersonRow } from "./csv.ts";

export interface Merged {
  /** The document with the table's people in it; all that nobody asked to change is as it was, to the letter. */
  readonly text: string;
  readonly added: readonly string[];
  readonly changed: readonly { readonly login: string; readonly fields: readonly string[] }[];
  readonly findings: readonly Diagnostic[];
}

/**
 * People of a table into people.yaml: new ones at its end, others with what the table says. Who is not in the table stays, and
 * so does what it has no column for, such as keys.
 * @param text of the document, which can be parsed
 * @param file what the table is called in findings
 */
export function mergePeople(text: string, rows: readonly PersonRow[], file: string): Merged {
  const document = parseDocument(text);
  const people = document.get("people");
  const known = isMap(people) ? people : undefined;
  const findings: Diagnostic[] = [];
  const added: string[] = [];
  const changed: { login: string; fields: string[] }[] = [];
  /** Pieces of the text, and what comes in their place. */
  const edits: { readonly from: number; readonly to: number; readonly by: string }[] = [];
  const fresh: string[] = [];
  const indent = known === undefined ? 2 : indentOf(text, known);
  for (const row of rows) {
    const pair = known?.items.find((item) => isScalar(item.key) && item.key.value === row.login);
    if (pair === undefined) {
      added.push(row.login);
      fresh.push(
        `${" ".repeat(indent)}${stringify(row.login).trim()}:\n${" ".repeat(indent + 2)}${flow(without(row.fields))}\n`,
      );
      continue;
    }
    const value = isMap(pair.value) ? pair.value : undefined;
    const before = (value?.toJS(document) ?? {}) as Record<string, unknown>;
    const fields = Object.keys(row.fields).filter(
      (name) =>
        JSON.stringify(before[name] ?? null) !== JSON.stringify(row.fields[name as keyof typeof row.fields] ?? null),
    );
    if (fields.length === 0) continue;
    if (!value?.range || hasComment(pair)) {
      const fact = `"${row.login}" has a remark inside in people.yaml, which would be lost: ${fields.join(", ")} would change`;
      const hint = "Change it there by hand, or put the remark above the person";
      findings.push({
        code: "PEOPLE_REMARK",
        severity: "error",
        place: { file, line: row.line, column: 1 },
        path: "",
        fact,
        hint,
      });
      continue;
    }
    changed.push({ login: row.login, fields });
    const [from, to] = value.range;
    const end = text.slice(from, to).trimEnd().length + from;
    edits.push({ from, to: end, by: renewed(text, value, row.fields, new Set(fields)) });
  }
  if (fresh.length > 0) {
    const at = known === undefined || known.items.length === 0 ? undefined : endOf(text, known);
    if (at !== undefined) edits.push({ from: at, to: at, by: `${text[at - 1] === "\n" ? "" : "\n"}${fresh.join("")}` });
    else {
      const empty =
        document.contents !== null && isMap(document.contents) ? rangeOfEmpty(document.contents, text) : undefined;
      const by = `people:\n${fresh.join("")}`;
      if (empty === undefined)
        edits.push({
          from: text.length,
          to: text.length,
          by: `${text.endsWith("\n") || text === "" ? "" : "\n"}${by}`,
        });
      else edits.push({ ...empty, by: by.trimEnd() });
    }
  }
  let merged = text;
  for (const { from, to, by } of edits.sort((a, b) => b.from - a.from))
    merged = merged.slice(0, from) + by + merged.slice(to);
  return { text: merged, added, changed, findings };
}

/** A person with some fields of another table: the others as they are written, what is new to it last. */
function renewed(text: string, person: YAMLMap, fields: PersonRow["fields"], others: ReadonlySet<string>): string {
  const left = new Set(others);
  const kept = person.items.flatMap(({ key, value }): string[] => {
    const name = isScalar(key) ? String(key.value) : "";
    left.delete(name);
    const now = fields[name as keyof typeof fields];
    if (others.has(name)) return now === null || now === undefined ? [] : [inner({ [name]: now })];
    const range = isNode(value) ? value.range : undefined;
    const written = isScalar(key) && key.range && range ? text.slice(key.range[0], range[1]).trimEnd() : "";
    return [
      written === "" || written.includes("\n")
        ? inner({ [name]: isNode(value) ? (value.toJSON() as unknown) : value })
        : written,
    ];
  });
  const added = Object.entries(fields).filter(([name, value]) => left.has(name) && value !== null);
  return `{ ${[...kept, ...added.map(([name, value]) => inner({ [name]: value }))].join(", ")} }`;
}

/** `{ title: Préfète, groups: [a, b] }`, as the plan's documents have it. */
const flow = (value: object): string => `{ ${inner(value)} }`;
const inner = (value: object): string =>
  stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trim().slice(1, -1);

const without = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

/** Columns before the first person. */
function indentOf(text: string, people: YAMLMap): number {
  const key = people.items[0]?.key;
  const at = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
  return at === 0 ? 2 : at - (text.lastIndexOf("\n", at - 1) + 1);
}

/** Behind the line in which the last person ends. */
function endOf(text: string, people: YAMLMap): number {
  const last = people.items.at(-1)!;
  const value = last.value as { readonly range?: readonly [number, number, number] | null } | null;
  const end = text.slice(0, value?.range?.[1] ?? text.length).trimEnd().length;
  const line = text.indexOf("\n", end);
  return line < 0 ? text.length : line + 1;
}

/** Of `people: {}`, or a key with nothing behind it. */
function rangeOfEmpty(root: YAMLMap, text: string): { readonly from: number; readonly to: number } | undefined {
  const pair = root.items.find((item) => isScalar(item.key) && item.key.value === "people");
  if (pair === undefined || !isScalar(pair.key) || !pair.key.range) return undefined;
  const line = text.indexOf("\n", pair.key.range[0]);
  return { from: pair.key.range[0], to: line < 0 ? text.length : line };
}

function hasComment(pair: Pair): boolean {
  let found = false;
  visit(pair as never, (_, node) => {
    const { comment, commentBefore } = (node ?? {}) as { readonly comment?: string; readonly commentBefore?: string };
    if (comment || (commentBefore && node !== pair.key)) found = true;
  });
  return found;
}
