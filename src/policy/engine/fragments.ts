import { ENDS, isSpent, type Meter } from "./tree.ts";

/*
 * Enumeration, where `cover` only decides: what is left of a box, piece by piece. Costs what the answer is worth,
 * so it is for the boxes of a question, not for whole lists of a hundred thousand rules.
 */

/** Boxes of ranks, `[lo, hi] × 4`. */
export type Ranks = Int32Array;

export function meet(x: Ranks, y: Ranks): boolean {
  for (let d = 0; d < ENDS; d += 2) if (x[d]! > y[d + 1]! || x[d + 1]! < y[d]!) return false;
  return true;
}

export function includes(outer: Ranks, inner: Ranks): boolean {
  for (let d = 0; d < ENDS; d += 2) if (outer[d]! > inner[d]! || outer[d + 1]! < inner[d + 1]!) return false;
  return true;
}

/** What two boxes of ranks share; they are known to meet. */
export function clipRanks(x: Ranks, y: Ranks): Ranks {
  const out = new Int32Array(ENDS);
  for (let d = 0; d < ENDS; d += 2) {
    out[d] = Math.max(x[d]!, y[d]!);
    out[d + 1] = Math.min(x[d + 1]!, y[d + 1]!);
  }
  return out;
}

/** What is left of `from` without `what`, which meets it: at most eight disjoint pieces. */
export function subtractRanks(from: Ranks, what: Ranks): Ranks[] {
  const out: Ranks[] = [];
  const rest = Int32Array.from(from);
  for (let d = 0; d < ENDS; d += 2) {
    if (what[d]! > rest[d]!) {
      const below = Int32Array.from(rest);
      below[d + 1] = what[d]! - 1;
      out.push(below);
      rest[d] = what[d]!;
    }
    if (what[d + 1]! < rest[d + 1]!) {
      const above = Int32Array.from(rest);
      above[d] = what[d + 1]! + 1;
      out.push(above);
      rest[d + 1] = what[d + 1]!;
    }
  }
  return out;
}

/** How many cells two boxes share; they are known to meet. */
export function volumeOfMeet(x: Ranks, y: Ranks): number {
  let volume = 1;
  for (let d = 0; d < ENDS; d += 2) volume *= Math.min(x[d + 1]!, y[d + 1]!) - Math.max(x[d]!, y[d]!) + 1;
  return volume;
}

/**
 * Disjoint pieces that together are `box` without the union of `covers`; null when more than `cap` pieces would be
 * held at once, or the meter's limit came first. The cover that takes most is cut away first, which keeps the pieces few.
 */
export function remainder(box: Ranks, covers: readonly Ranks[], cap: number, meter: Meter): Ranks[] | null {
  const out: Ranks[] = [];
  const pending: { piece: Ranks; covers: readonly Ranks[] }[] = [{ piece: box, covers }];
  for (let job = pending.pop(); job; job = pending.pop()) {
    const { piece } = job;
    meter.steps += job.covers.length + 1;
    if (out.length + pending.length >= cap || isSpent(meter)) return null;
    const near = job.covers.filter((c) => meet(c, piece));
    if (near.length === 0) {
      out.push(piece);
      continue;
    }
    let best = near[0]!;
    let bestVolume = 0;
    for (const c of near) {
      const volume = volumeOfMeet(c, piece);
      if (volume > bestVolume) {
        best = c;
        bestVolume = volume;
      }
    }
    const others = near.filter((c) => c !== best);
    for (const next of subtractRanks(piece, best)) pending.push({ piece: next, covers: others });
  }
  return out;
}
