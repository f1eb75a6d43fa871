import { normalise } from "../../core/intervals.ts";
import { maxOf, type Family } from "../../core/ip.ts";
import type { Box, Interval, Packet } from "../../policy/engine/index.ts";
import type { Ranges } from "../../policy/ranges.ts";

/*
 * Where only some sources and destinations are asked about, what a rule says of the others is of no interest, and many boxes
 * become one: eleven addresses of a router's own, each towards seven parts of the internet.
 */

/**
 * Makes boxes as few as a question about packets from `from` to `to` allows, by stretching them over the addresses between
 * those: inside the question they say what they said.
 */
export function coarseFor(from: Ranges, to: Ranges): (boxes: readonly Box[]) => readonly Box[] {
  const [sources, targets] = [new Side(from, stretched), new Side(to, stretched)];
  return joinedWith((box) => viewOf(box, sources, targets));
}

/** A world of the packets from `from` to `to` alone, in which addresses are numbered without gaps. */
export interface Lens {
  /** What of the boxes is in that world, as few boxes. */
  readonly boxes: (boxes: readonly Box[]) => readonly Box[];
  /** A packet of that world as it is in ours. */
  readonly real: (packet: Packet) => Packet;
}

export function makeLens(from: Ranges, to: Ranges): Lens {
  const [sources, targets] = [new Side(from, numbered), new Side(to, numbered)];
  return {
    boxes: joinedWith((box) => viewOf(box, sources, targets)),
    real: (p) => ({ ...p, src: sources.addressOf(p.family, p.src), dst: targets.addressOf(p.family, p.dst) }),
  };
}

function joinedWith(view: (box: Box) => Box | undefined): (boxes: readonly Box[]) => readonly Box[] {
  const names = new Names();
  return (boxes) => {
    const seen = boxes.flatMap((box) => view(box) ?? []);
    return joinAlong(joinAlong(seen, "dst", names), "src", names);
  };
}

function viewOf(box: Box, sources: Side, targets: Side): Box | undefined {
  const src = sources.view(box.family, box.src);
  if (!src) return undefined;
  const dst = targets.view(box.family, box.dst);
  if (!dst) return undefined;
  return src === box.src && dst === box.dst ? box : { ...box, src, dst };
}

type View = (i: Interval, parts: readonly Interval[], first: number, last: number, family: Family) => Interval;

/** One end of the packets that are asked about. */
class Side {
  readonly #parts: Record<Family, readonly Interval[]>;
  readonly #view: View;
  // The boxes of a rule are products, so the same intervals come again and again.
  readonly #known: Record<Family, Map<Interval, Interval | undefined>> = { 4: new Map(), 6: new Map() };

  constructor(asked: Ranges, view: View) {
    const of = (family: Family): readonly Interval[] => asked.filter((r) => r.family === family);
    this.#parts = { 4: of(4), 6: of(6) };
    this.#view = view;
  }

  /** Undefined for an interval that holds no address that is asked about. */
  view(family: Family, i: Interval): Interval | undefined {
    const known = this.#known[family];
    if (!known.has(i)) known.set(i, this.#look(family, i));
    return known.get(i);
  }

  #look(family: Family, i: Interval): Interval | undefined {
    const parts = this.#parts[family];
    const first = parts.findIndex((p) => p.hi >= i.lo);
    if (first < 0 || parts[first]!.lo > i.hi) return undefined;
    const last = parts.findLastIndex((p) => p.lo <= i.hi);
    return this.#view(i, parts, first, last, family);
  }

  /** The address that has a number. */
  addressOf(family: Family, number: bigint): bigint {
    let before = 0n;
    for (const { lo, hi } of this.#parts[family]) {
      const after = before + (hi - lo + 1n);
      if (number < after) return lo + (number - before);
      before = after;
    }
    throw new RangeError(`there is no address with the number ${number}`);
  }
}

/** The interval as far as it reaches without another address that is asked about. */
const stretched: View = (i, parts, first, last, family) => {
  const lo = i.lo > parts[first]!.lo ? i.lo : first === 0 ? 0n : parts[first - 1]!.hi + 1n;
  const hi = i.hi < parts[last]!.hi ? i.hi : last === parts.length - 1 ? maxOf(family) : parts[last + 1]!.lo - 1n;
  return lo === i.lo && hi === i.hi ? i : { lo, hi };
};

/** The numbers of its addresses among those that are asked about. */
const numbered: View = (i, parts, first, last) => {
  const from = countBefore(parts, first);
  const upTo = countBefore(parts, last);
  const [start, end] = [parts[first]!, parts[last]!];
  return {
    lo: i.lo > start.lo ? from + (i.lo - start.lo) : from,
    hi: upTo + ((i.hi < end.hi ? i.hi : end.hi) - end.lo),
  };
};

function countBefore(parts: readonly Interval[], index: number): bigint {
  let count = 0n;
  for (let k = 0; k < index; k++) count += parts[k]!.hi - parts[k]!.lo + 1n;
  return count;
}

/** Numbers for intervals: the same for the same values. */
class Names {
  readonly #byObject = new Map<Interval, number>();
  readonly #byText = new Map<string, number>();

  of(i: Interval): number {
    const known = this.#byObject.get(i);
    if (known !== undefined) return known;
    const text = `${i.lo}-${i.hi}`;
    const name = this.#byText.get(text) ?? this.#byText.size;
    this.#byText.set(text, name);
    this.#byObject.set(i, name);
    return name;
  }
}

// Boxes that differ in one side only become one for each stretch of their union.
function joinAlong(boxes: readonly Box[], side: "src" | "dst", names: Names): readonly Box[] {
  if (boxes.length < 2) return boxes;
  const other = side === "src" ? "dst" : "src";
  const groups = new Map<string, Box[]>();
  for (const box of boxes) {
    const key = `${box.slice}${box.family} ${names.of(box[other])} ${names.of(box.a)} ${names.of(box.b)}`;
    const group = groups.get(key);
    if (group) group.push(box);
    else groups.set(key, [box]);
  }
  if (groups.size === boxes.length) return boxes;
  return [...groups.values()].flatMap((group) =>
    group.length === 1 ? group : normalise(group.map((b) => b[side])).map((i): Box => ({ ...group[0]!, [side]: i })),
  );
}
