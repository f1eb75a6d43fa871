import { parseXml, type XmlElement } from "../../src/pfsense/read/xml.ts";
import { Findings } from "../../src/pfsense/read/findings.ts";

/** What may happen to one element of a file. */
export const CHANGES = ["dropped", "doubled", "emptied", "zeroed", "negated", "moved"] as const;
export type Change = (typeof CHANGES)[number];

/** A file with one change in it. */
export interface Mutant {
  /** Such as `zeroed filter.rule[3].protocol`. */
  readonly name: string;
  /** Written when it is asked for: a large file has thousands of changes. */
  readonly xml: () => string;
}

interface Node {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Node[];
}

/** Where an element stands: indexes of children from the root. */
type Path = readonly number[];

/**
 * Every change of every element below the named sections, in the order of the file. Elements that end nothing or begin
 * nothing a change of which is the same file are left out.
 * @param sections names of children of `pfsense`; all when left out
 */
export function mutantsOf(xml: string, sections?: readonly string[]): readonly Mutant[] {
  const root = parseXml(xml, new Findings("mutant.xml"));
  if (!root) throw new Error("the file to change is no XML");
  const out: Mutant[] = [];
  const visit = (element: XmlElement, path: Path, at: string): void => {
    for (const [i, child] of element.children.entries()) {
      if (path.length === 0 && sections && !sections.includes(child.name)) continue;
      const same = element.children.filter((c) => c.name === child.name);
      const own = same.length > 1 ? `${child.name}[${same.indexOf(child)}]` : child.name;
      const name = at === "" ? own : `${at}.${own}`;
      for (const change of CHANGES) {
        const changed = changeAt(root, [...path, i], change);
        if (changed) out.push({ name: `${change} ${name}`, xml: () => written(changed) });
      }
      visit(child, [...path, i], name);
    }
  };
  visit(root, [], "");
  return out;
}

/** @returns undefined where the change says nothing: an empty element emptied, an only child moved */
function changeAt(node: Node, path: Path, change: Change): Node | undefined {
  const [index, ...rest] = path as readonly [number, ...number[]];
  const child = node.children[index]!;
  if (rest.length > 0) {
    const inside = changeAt(child, rest, change);
    return inside && withChildren(node, index, [inside]);
  }
  switch (change) {
    case "dropped":
      return withChildren(node, index, []);
    case "doubled":
      return withChildren(node, index, [child, child]);
    case "emptied":
      return child.children.length === 0 && child.text === ""
        ? undefined
        : withChildren(node, index, [leaf(child.name, "")]);
    case "zeroed":
      return child.children.length === 0 ? withChildren(node, index, [leaf(child.name, "0")]) : undefined;
    case "negated":
      return negated(node, index, child);
    case "moved": {
      const next = node.children[index + 1];
      return next && withChildren(node, index, [next, child], 2);
    }
  }
}

/** An end of a rule gets or loses its `not`; a switch is turned the other way by its words. */
function negated(node: Node, index: number, child: Node): Node | undefined {
  if (child.name === "source" || child.name === "destination") {
    const has = child.children.some((c) => c.name === "not");
    const children = has ? child.children.filter((c) => c.name !== "not") : [...child.children, leaf("not", "")];
    return withChildren(node, index, [{ ...child, children }]);
  }
  const opposite = OPPOSITES[child.text];
  return opposite === undefined ? undefined : withChildren(node, index, [leaf(child.name, opposite)]);
}

const OPPOSITES: Readonly<Record<string, string>> = {
  pass: "block",
  block: "pass",
  reject: "pass",
  in: "out",
  out: "in",
  yes: "no",
  on: "off",
  inet: "inet6",
  inet6: "inet",
  tcp: "udp",
  udp: "tcp",
};

const leaf = (name: string, text: string): Node => ({ name, text, children: [] });

const withChildren = (node: Node, index: number, put: readonly Node[], count = 1): Node => ({
  ...node,
  children: [...node.children.slice(0, index), ...put, ...node.children.slice(index + count)],
});

const written = (root: Node): string =>
  `<?xml version="1.0"?>\n<pfsense>\n${root.children.map(text).join("\n")}\n</pfsense>\n`;

const text = (n: Node): string =>
  `<${n.name}>${n.children.length > 0 ? n.children.map(text).join("") : escaped(n.text)}</${n.name}>`;

const escaped = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
