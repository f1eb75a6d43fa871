import { Document, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import { oneLine } from "./notes.ts";

/** One document of the plan, in the style of stacks/lab. */
export interface Sheet {
  /** Name of its JSON Schema. */
  readonly schema: string;
  /** Lines at the top. */
  readonly head: readonly string[];
  readonly value: Record<string, unknown>;
  /** Comments above what stands at a path. */
  readonly comments?: readonly (readonly [path: readonly (string | number)[], lines: readonly string[]])[];
}

/** The text of a document. The same for the same sheet. */
export function textOf(sheet: Sheet): string {
  const document = new Document(sheet.value, { aliasDuplicateObjects: false });
  compact(document.contents, 0);
  if (isMap(document.contents))
    document.contents.items.forEach((pair, n) => {
      if (n > 0 && isBlock(pair.value)) spaceBefore(pair);
    });
  for (const [path, lines] of sheet.comments ?? []) {
    const text = lines.map((l) => ` ${oneLine(l, 116)}`).join("\n");
    const parent = document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    if (isSeq(parent) && typeof last === "number") (parent.items[last] as Node).commentBefore = text;
    else if (isMap(parent)) {
      const key = parent.items.find((p) => isScalar(p.key) && p.key.value === last)?.key;
      if (isScalar(key)) key.commentBefore = text;
    }
  }
  const first = `# yaml-language-server: $schema=../../schemas/${sheet.schema}.schema.json`;
  const head = sheet.head.map((l) => `# ${oneLine(l, 118)}`);
  return [first, "#", ...head, "", tight(document.toString({ lineWidth: 120 }))].join("\n");
}

/** `[ a ]` as `[a]`, the way prettier writes it, in flow collections only. */
function tight(text: string): string {
  return text.replace(/^([^#\n]*?(?:: |- ))?([[{ ].*)$/gm, (line) => {
    const at = /(?:^|: |- )[ ]*(?=[[{] )/.exec(line);
    if (!at || /^\s*#/.test(line)) return line;
    const start = at.index + at[0].length;
    const before = line.slice(0, start);
    return /["'#]/.test(before) ? line : before + withoutPadding(line.slice(start));
  });
}

/** One line that begins with a flow collection; what stands in quotes stays. */
const withoutPadding = (flow: string): string =>
  flow.replace(/"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|\[ | \](?=[,\s}\]]|$)/g, (m) =>
    m === "[ " ? "[" : m === " ]" ? "]" : m,
  );

const spaceBefore = (pair: Pair): void => {
  if (isScalar(pair.key)) pair.key.spaceBefore = true;
};

const isBlock = (node: unknown): boolean => (isMap(node) || isSeq(node)) && node.flow !== true;

const isPlain = (node: unknown): boolean => isScalar(node) || (isSeq(node) && node.items.every((x) => isScalar(x)));

/** Lists of words, and small maps below the first levels, stand on one line. */
function compact(node: unknown, depth: number): void {
  if (isMap(node)) {
    const isSmall = depth >= 3 && node.items.length > 0 && node.items.every((p) => isPlain(p.value));
    if (isSmall || node.items.length === 0) node.flow = true;
    for (const p of node.items) compact(p.value, depth + 1);
  } else if (isSeq(node)) {
    if (node.items.every((x) => isScalar(x))) node.flow = true;
    for (const item of node.items) compact(item, depth + 1);
  }
}
