import type { Family } from "../../core/ip.ts";
import { DIMENSIONS, fullInterval, isInhabited, phantomProtocols } from "./boxes.ts";
import type { Action, Box, Rule, Slice } from "./types.ts";

/*
 * A second engine that shares nothing with the first but the types: an interval decision diagram. Each level splits
 * one dimension into intervals; equal subdiagrams are one node, so two lists are equivalent exactly when their
 * diagrams are the same node. It can be exponentially larger than the list and is meant for lists of a lab's size
 * and for cross-checking. (Gouda and Liu, "Firewall Design: Consistency, Completeness, and Compactness", ICDCS 2004;
 * hash-consing as in Bryant, 1986.)
 */

/** A leaf holds an action; an inner node the upper ends of its intervals and what lies below each. */
export type DiagramNode =
  | { readonly id: number; readonly action: Action }
  | { readonly id: number; readonly ends: readonly bigint[]; readonly children: readonly DiagramNode[] };

/** One node table; diagrams can be compared only within one forest. */
export class DiagramForest {
  readonly #unique = new Map<string, DiagramNode>();

  get size(): number {
    return this.#unique.size;
  }

  leaf(action: Action): DiagramNode {
    return this.#intern(action, (id) => ({ id, action }));
  }

  /** A node over consecutive intervals; neighbours with the same child are joined. Every level keeps its node. */
  node(ends: readonly bigint[], children: readonly DiagramNode[]): DiagramNode {
    const keptEnds: bigint[] = [];
    const kept: DiagramNode[] = [];
    children.forEach((child, k) => {
      if (kept.at(-1) === child) keptEnds[keptEnds.length - 1] = ends[k]!;
      else {
        kept.push(child);
        keptEnds.push(ends[k]!);
      }
    });
    const key = kept.map((child, k) => `${keptEnds[k]}:${child.id}`).join();
    return this.#intern(key, (id) => ({ id, ends: keptEnds, children: kept }));
  }

  #intern(key: string, make: (id: number) => DiagramNode): DiagramNode {
    let node = this.#unique.get(key);
    if (!node) this.#unique.set(key, (node = make(this.#unique.size)));
    return node;
  }
}

/** The decision diagram of a first-match list in one family and slice. */
export function buildDiagram(
  forest: DiagramForest,
  rules: readonly Rule[],
  family: Family,
  slice: Slice,
  defaultAction: Action = "block",
): DiagramNode {
  const highest = DIMENSIONS.map((d) => fullInterval(family, slice, d).hi);
  let root = forest.leaf(defaultAction);
  for (const hi of [...highest].reverse()) root = forest.node([hi], [root]);
  // From the last rule to the first, each one painting over what stands below it.
  for (const rule of [...rules].reverse()) {
    for (const box of rule.boxes) {
      if (box.family === family && box.slice === slice && isInhabited(box)) {
        root = paint(forest, root, box, rule.action);
      }
    }
  }
  return slice === "other" ? withoutPhantoms(forest, root, family) : root;
}

// Protocol numbers that the slice never holds get one action in every list, so that they make no difference.
function withoutPhantoms(forest: DiagramForest, root: DiagramNode, family: Family): DiagramNode {
  let out = root;
  for (const value of phantomProtocols(family)) {
    const everywhere = (d: "src" | "dst" | "b") => fullInterval(family, "other", d);
    const a = { lo: value, hi: value };
    const box: Box = { family, slice: "other", src: everywhere("src"), dst: everywhere("dst"), a, b: everywhere("b") };
    out = paint(forest, out, box, "block");
  }
  return out;
}

function paint(forest: DiagramForest, root: DiagramNode, box: Box, action: Action): DiagramNode {
  const done = new Map<DiagramNode, DiagramNode>();
  const walk = (node: DiagramNode, level: number): DiagramNode => {
    if ("action" in node) return forest.leaf(action);
    const known = done.get(node);
    if (known) return known;
    const { lo, hi } = box[DIMENSIONS[level]!];
    const ends: bigint[] = [];
    const children: DiagramNode[] = [];
    const add = (end: bigint, child: DiagramNode): void => {
      ends.push(end);
      children.push(child);
    };
    let start = 0n;
    node.ends.forEach((end, k) => {
      const child = node.children[k]!;
      if (end < lo || start > hi) add(end, child);
      else {
        if (start < lo) add(lo - 1n, child);
        add(end < hi ? end : hi, walk(child, level + 1));
        if (end > hi) add(end, child);
      }
      start = end + 1n;
    });
    const made = forest.node(ends, children);
    done.set(node, made);
    return made;
  };
  return walk(root, 0);
}

/** How many packets get one of `actions`. Exact; phantom protocol numbers of slice `other` count as blocked. */
export function countDiagram(root: DiagramNode, actions: readonly Action[] = ["pass"]): bigint {
  const done = new Map<DiagramNode, bigint>();
  const walk = (node: DiagramNode): bigint => {
    if ("action" in node) return actions.includes(node.action) ? 1n : 0n;
    const known = done.get(node);
    if (known !== undefined) return known;
    let total = 0n;
    let start = 0n;
    node.ends.forEach((end, k) => {
      total += (end - start + 1n) * walk(node.children[k]!);
      start = end + 1n;
    });
    done.set(node, total);
    return total;
  };
  return walk(root);
}

/** Do two lists give every packet the same action? The second engine's answer. */
export function sameDiagrams(
  before: readonly Rule[],
  after: readonly Rule[],
  defaultAction: Action = "block",
): boolean {
  const forest = new DiagramForest();
  return ([4, 6] as const).every((family) =>
    (["tcp", "udp", "icmp", "other"] as const).every(
      (slice) =>
        buildDiagram(forest, before, family, slice, defaultAction) ===
        buildDiagram(forest, after, family, slice, defaultAction),
    ),
  );
}
