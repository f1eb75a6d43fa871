import type { Family } from "../../core/ip.ts";
import { isInhabited, realBoxes } from "./boxes.ts";
import { makeSpace, writeRanks, type Space } from "./space.ts";
import { buildTree, ENDS, type Tree } from "./tree.ts";
import type { Action, Box, Rule, Slice } from "./types.ts";

/**
 * The boxes of all rules in one family and slice, in the order of the rules. Its ranks and its tree are made when they are
 * first asked for: most questions are about a slice or two of the eight.
 */
export class Group {
  readonly count: number;
  /** The rule of each box; ascending. */
  readonly rule: Int32Array;
  /** All ones: the filter for "every box". */
  readonly alive: Uint8Array;
  readonly #boxes: readonly Box[];
  readonly #family: Family;
  readonly #slice: Slice;
  #made: Ranked | undefined;

  constructor(family: Family, slice: Slice, boxes: readonly Box[], owners: readonly number[]) {
    this.count = boxes.length;
    this.rule = Int32Array.from(owners);
    this.alive = new Uint8Array(boxes.length).fill(1);
    this.#boxes = boxes;
    this.#family = family;
    this.#slice = slice;
  }

  get space(): Space {
    return this.#ranked().space;
  }

  /** Ranks, `[lo, hi] × 4` a box. */
  get coords(): Int32Array {
    return this.#ranked().coords;
  }

  get tree(): Tree {
    return this.#ranked().tree;
  }

  #ranked(): Ranked {
    return (this.#made ??= rank(this.#family, this.#slice, this.#boxes));
  }
}

interface Ranked {
  readonly space: Space;
  readonly coords: Int32Array;
  readonly tree: Tree;
}

function rank(family: Family, slice: Slice, boxes: readonly Box[]): Ranked {
  const space = makeSpace(family, slice, boxes);
  const coords = new Int32Array(boxes.length * ENDS);
  for (let k = 0; k < boxes.length; k++) writeRanks(space, boxes[k]!, coords, k * ENDS);
  return { space, coords, tree: buildTree(coords, boxes.length) };
}

/** A list of rules made ready for questions. Immutable; keep it for as many questions as there are. */
export interface CompiledRules {
  readonly rules: readonly Rule[];
  /** What happens to a packet that no rule matches. */
  readonly defaultAction: Action;
  readonly groups: readonly Group[];
  /** Rule i owns entries `ruleStart[i] .. ruleStart[i + 1] - 1`: entry e is box `entryBox[e]` of group `entryGroup[e]`. */
  readonly ruleStart: Int32Array;
  readonly entryGroup: Int32Array;
  readonly entryBox: Int32Array;
}

export interface CompileOptions {
  /** `block` unless said otherwise: a firewall's final rule. */
  readonly defaultAction?: Action;
}

const SLICE_NUMBER: Record<Slice, number> = { tcp: 0, udp: 1, icmp: 2, other: 3 };
const GROUPS = 8;
const groupNumber = (family: Family, slice: Slice): number => (family === 4 ? 0 : 4) + SLICE_NUMBER[slice];

/**
 * Sorts the boxes of a first-match list into groups by family and slice; a group that is asked about compresses their
 * ends to ranks and builds an index. Boxes without a packet are dropped. O(n log n), about 100 bytes a box.
 */
export function compile(rules: readonly Rule[], options: CompileOptions = {}): CompiledRules {
  const boxes: Box[][] = Array.from({ length: GROUPS }, () => []);
  const owners: number[][] = Array.from({ length: GROUPS }, () => []);
  const ruleStart = new Int32Array(rules.length + 1);
  const entryGroup: number[] = [];
  const entryBox: number[] = [];
  rules.forEach((rule, index) => {
    for (const given of rule.boxes) {
      if (!isInhabited(given)) continue;
      const g = groupNumber(given.family, given.slice);
      for (const box of realBoxes(given)) {
        entryGroup.push(g);
        entryBox.push(boxes[g]!.length);
        boxes[g]!.push(box);
        owners[g]!.push(index);
      }
    }
    ruleStart[index + 1] = entryGroup.length;
  });
  const families: readonly Family[] = [4, 6];
  const slices: readonly Slice[] = ["tcp", "udp", "icmp", "other"];
  const groups = families.flatMap((family) =>
    slices.map((slice) => {
      const g = groupNumber(family, slice);
      return new Group(family, slice, boxes[g]!, owners[g]!);
    }),
  );
  return {
    rules,
    defaultAction: options.defaultAction ?? "block",
    groups,
    ruleStart,
    entryGroup: Int32Array.from(entryGroup),
    entryBox: Int32Array.from(entryBox),
  };
}

export const groupOf = (compiled: CompiledRules, box: { readonly family: Family; readonly slice: Slice }): Group =>
  compiled.groups[groupNumber(box.family, box.slice)]!;

/** The number of the first box in the group that belongs to rule `index` or a later one. */
export function firstBoxOf(group: Group, index: number): number {
  let lo = 0;
  let hi = group.count;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (group.rule[mid]! < index) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Ranks of box `k` of a group, as a view. */
export const ranksOf = (group: Group, k: number): Int32Array => group.coords.subarray(k * ENDS, k * ENDS + ENDS);
