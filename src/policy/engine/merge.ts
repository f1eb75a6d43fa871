import { normalise } from "../../core/intervals.ts";
import type { Family } from "../../core/ip.ts";
import { phantomProtocols, realBoxes } from "./boxes.ts";
import type { Box, Interval, Slice } from "./types.ts";

/*
 * Few rows out of many pieces. A row is a product of three sets: sources, destinations, services. For a given order
 * of the three the decomposition is canonical (equal subsets are joined, whatever the pieces looked like before);
 * all six orders are tried and the shortest answer is kept.
 */

export interface Service {
  readonly slice: Slice;
  readonly a: Interval;
  readonly b: Interval;
}

/** All packets from one of the sources to one of the destinations of one of the services. */
export interface Product {
  readonly family: Family;
  readonly src: readonly Interval[];
  readonly dst: readonly Interval[];
  readonly services: readonly Service[];
}

type Dimension = "src" | "dst" | "services";
type Label = Interval | Service;

const ORDERS: readonly (readonly Dimension[])[] = [
  ["src", "dst", "services"],
  ["dst", "src", "services"],
  ["services", "src", "dst"],
  ["services", "dst", "src"],
  ["src", "services", "dst"],
  ["dst", "services", "src"],
];

/** Above this many pieces only one order is tried; above the next, neighbours are joined and that is all. */
const SMALL = 400;
const LARGE = 2000;

/** The union of the boxes (of any family and slice; they may overlap unless there are thousands) as disjoint products, as few as can be found. */
export function mergeBoxes(boxes: readonly Box[]): readonly Product[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = boxes.filter((b) => b.family === family).flatMap(closeGaps);
    if (own.length === 0) return [];
    if (own.length > LARGE) return joinNeighbours(own, family);
    const orders = own.length > SMALL ? ORDERS.slice(0, 1) : ORDERS;
    const answers = orders.map((order) => decompose(own, order, family));
    return answers.reduce((best, next) => (next.length < best.length ? next : best));
  });
}

/** The boxes of a product, one for each combination. */
export const boxesOfProduct = (p: Product): readonly Box[] =>
  p.services.flatMap((s) =>
    p.src.flatMap((src) => p.dst.map((dst): Box => ({ family: p.family, slice: s.slice, src, dst, a: s.a, b: s.b }))),
  );

// Protocol numbers that slice `other` never holds must not cut a row in two: while merging, the others are numbered
// without gaps.
function closeGaps(box: Box): readonly Box[] {
  if (box.slice !== "other") return [box];
  const phantoms = phantomProtocols(box.family);
  const dense = (v: bigint): bigint => v - BigInt(phantoms.filter((p) => p < v).length);
  return realBoxes(box).map((part) => ({ ...part, a: { lo: dense(part.a.lo), hi: dense(part.a.hi) } }));
}

function openGaps(service: Service, family: Family): Service {
  if (service.slice !== "other") return service;
  const sparse = (v: bigint): bigint => phantomProtocols(family).reduce((n, p) => (n >= p ? n + 1n : n), v);
  return { ...service, a: { lo: sparse(service.a.lo), hi: sparse(service.a.hi) } };
}

interface Node {
  readonly id: number;
  readonly branches: readonly { readonly labels: readonly Label[]; readonly child: Node | null }[];
}

function decompose(boxes: readonly Box[], order: readonly Dimension[], family: Family): readonly Product[] {
  const known = new Map<string, Node>();
  const build = (members: readonly Box[], depth: number): Node | null => {
    const dimension = order[depth];
    if (dimension === undefined) return null;
    const byChild = new Map<number, { labels: Label[]; child: Node | null }>();
    const byMembers = new Map<string, Node | null>();
    const numbers = new Map(members.map((box, k) => [box, k] as const));
    for (const { label, inside } of cellsOf(members, dimension)) {
      const memberKey = inside.map((box) => numbers.get(box)!).join();
      let child = byMembers.get(memberKey);
      if (child === undefined) byMembers.set(memberKey, (child = build(inside, depth + 1)));
      const branch = byChild.get(child?.id ?? -1);
      if (branch) branch.labels.push(label);
      else byChild.set(child?.id ?? -1, { labels: [label], child });
    }
    const branches = [...byChild.values()].map((b) => ({ labels: joinLabels(b.labels, dimension), child: b.child }));
    const key = `${depth}:${branches.map((b) => `${b.child?.id ?? -1}=${b.labels.map(keyOf).join("+")}`).join(";")}`;
    let node = known.get(key);
    if (!node) known.set(key, (node = { id: known.size, branches }));
    return node;
  };
  const products: Product[] = [];
  const walk = (node: Node | null, depth: number, chosen: Partial<Record<Dimension, readonly Label[]>>): void => {
    if (node === null) {
      products.push({
        family,
        src: chosen.src as readonly Interval[],
        dst: chosen.dst as readonly Interval[],
        services: (chosen.services as readonly Service[]).map((s) => openGaps(s, family)),
      });
      return;
    }
    for (const { labels, child } of node.branches) walk(child, depth + 1, { ...chosen, [order[depth]!]: labels });
  };
  walk(build(boxes, 0), 0, {});
  return products;
}

// For pieces by the thousand, which must be disjoint: whatever differs in one dimension only is joined, again and
// again, in time that grows with the number of pieces.
function joinNeighbours(boxes: readonly Box[], family: Family): readonly Product[] {
  let products: readonly Product[] = boxes.map((b) => ({
    family,
    src: [b.src],
    dst: [b.dst],
    services: [{ slice: b.slice, a: b.a, b: b.b }],
  }));
  for (let before = Infinity; products.length < before;) {
    before = products.length;
    for (const dimension of ["services", "dst", "src"] as const) products = joinProducts(products, dimension);
  }
  return products.map((p) => ({ ...p, services: p.services.map((s) => openGaps(s, family)) }));
}

function joinProducts(products: readonly Product[], dimension: Dimension): readonly Product[] {
  const groups = new Map<string, Product[]>();
  for (const p of products) {
    const key = (["src", "dst", "services"] as const)
      .filter((d) => d !== dimension)
      .map((d) => p[d].map(keyOf).join("+"))
      .join(" ");
    const group = groups.get(key);
    if (group) group.push(p);
    else groups.set(key, [p]);
  }
  return [...groups.values()].map((group) => {
    const labels: readonly Label[] = group.flatMap<Label>((p) => p[dimension]);
    return group.length === 1 ? group[0]! : { ...group[0]!, [dimension]: joinLabels(labels, dimension) };
  });
}

const keyOf = (label: Label): string =>
  "slice" in label
    ? `${label.slice}/${label.a.lo}-${label.a.hi}/${label.b.lo}-${label.b.hi}`
    : `${label.lo}-${label.hi}`;

function cellsOf(boxes: readonly Box[], dimension: Dimension): { label: Label; inside: readonly Box[] }[] {
  if (dimension !== "services") {
    return segments(boxes, dimension).map(({ at, inside }) => ({ label: at, inside }));
  }
  const slices = [...new Set(boxes.map((b) => b.slice))].sort();
  return slices.flatMap((slice) =>
    segments(
      boxes.filter((b) => b.slice === slice),
      "a",
    ).flatMap((a) => segments(a.inside, "b").map((b) => ({ label: { slice, a: a.at, b: b.at }, inside: b.inside }))),
  );
}

// The stretches between neighbouring ends on one axis, with the boxes that span each; stretches without a box are left out.
function segments(boxes: readonly Box[], axis: "src" | "dst" | "a" | "b"): { at: Interval; inside: readonly Box[] }[] {
  const cuts = [...new Set(boxes.flatMap((b) => [b[axis].lo, b[axis].hi + 1n]))].sort((x, y) => (x < y ? -1 : 1));
  const out: { at: Interval; inside: readonly Box[] }[] = [];
  for (let k = 0; k + 1 < cuts.length; k++) {
    const at = { lo: cuts[k]!, hi: cuts[k + 1]! - 1n };
    const inside = boxes.filter((b) => b[axis].lo <= at.lo && at.hi <= b[axis].hi);
    if (inside.length > 0) out.push({ at, inside });
  }
  return out;
}

function joinLabels(labels: readonly Label[], dimension: Dimension): readonly Label[] {
  if (dimension !== "services") return normalise(labels as readonly Interval[]);
  // Along b within equal a, then along a within equal b.
  const services = labels as readonly Service[];
  const alongB = joinAlong(services, "a", "b");
  return [...joinAlong(alongB, "b", "a")].sort((x, y) => compareText(x.slice, y.slice) || compare(x.b.lo, y.b.lo));
}

function joinAlong(services: readonly Service[], fixed: "a" | "b", free: "a" | "b"): readonly Service[] {
  const groups = new Map<string, Service[]>();
  for (const s of services) {
    const key = `${s.slice}/${s[fixed].lo}-${s[fixed].hi}`;
    const group = groups.get(key);
    if (group) group.push(s);
    else groups.set(key, [s]);
  }
  return [...groups.values()].flatMap((group) =>
    normalise(group.map((s) => s[free])).map((i): Service => ({ ...group[0]!, [free]: i })),
  );
}

const compare = (x: bigint, y: bigint): number => (x < y ? -1 : x > y ? 1 : 0);
const compareText = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);
