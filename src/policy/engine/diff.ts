import { overlap } from "../../core/intervals.ts";
import { DEFAULT_DIFF_PIECES, DEFAULT_STEPS_PER_REPORT, makeMeter, type Budgeted, type Meter } from "./budget.ts";
import { formatPacket, intersect, isInBox, readablePacket } from "./boxes.ts";
import { changedRules } from "./changed.ts";
import { compile, firstBoxOf, ranksOf, type CompiledRules, type Group } from "./compile.ts";
import { EngineDefect } from "./defect.ts";
import { clipRanks, includes, meet, remainder, subtractRanks, volumeOfMeet, type Ranks } from "./fragments.ts";
import { decide, type Decision } from "./interpret.ts";
import { boxesOfProduct, mergeBoxes, type Product } from "./merge.ts";
import { describeProduct, type AddressLabel } from "./describe.ts";
import { readRanks } from "./space.ts";
import { isSpent, overlapping, type Filter } from "./tree.ts";
import type { Action, Box, Packet, Rule, Verdict } from "./types.ts";

/** Flows that fare alike before and alike after: sources × destinations × services. */
export interface DiffRow extends Product {
  /** The same set as disjoint boxes. */
  readonly boxes: readonly Box[];
  readonly example: Packet;
  /** What decides the example before and after, as the linear interpreter says. */
  readonly before: Decision;
  readonly after: Decision;
  /** Every rule that decides some of the row, before and after; null stands for the default. */
  readonly rulesBefore: readonly (string | null)[];
  readonly rulesAfter: readonly (string | null)[];
  /** One line for people: `users -> dmz tcp 80, 443`. */
  readonly text: string;
}

export interface SemanticDiff {
  readonly starts: readonly DiffRow[];
  readonly stops: readonly DiffRow[];
  /** Blocked before and after, but silently on one side and with an answer on the other. */
  readonly changes: readonly DiffRow[];
  /** Boxes in which the budget ended before an answer; empty when the difference is complete. */
  readonly undecided: readonly Box[];
}

export interface DiffOptions extends Budgeted {
  readonly defaultAction?: Action;
  /** The default of the list after, when it differs. */
  readonly defaultActionAfter?: Action;
  /** Names for addresses in the rows' texts. */
  readonly labels?: readonly AddressLabel[];
  readonly maxFragments?: number;
}

/** A piece of one changed box that fares differently: it is decided whole, before and after. */
interface Piece {
  readonly box: Box;
  readonly before: Decision;
  readonly after: Decision;
}

interface Joint {
  readonly compiled: CompiledRules;
  /** Rules from this position are those of the list after. */
  readonly split: number;
  readonly defaults: readonly [Action, Action];
  readonly cap: number;
  readonly meter: Meter;
}

/**
 * The flows that fare differently under two lists, and nothing else: a re-ordering without effect gives no row.
 * Only the boxes of rules that were added, removed, changed or moved are looked at; everywhere else the same rules
 * stand in the same order.
 * @throws EngineDefect when the linear interpreter does not confirm a row's example
 */
export function semanticDiff(before: readonly Rule[], after: readonly Rule[], options: DiffOptions = {}): SemanticDiff {
  const undecided: Box[] = [];
  const pieces = [...differences(before, after, options, undecided)];
  const kindOf = (p: Piece): "starts" | "stops" | "changes" =>
    p.after.action === "pass" ? "starts" : p.before.action === "pass" ? "stops" : "changes";
  const rows = (kind: "starts" | "stops" | "changes"): readonly DiffRow[] =>
    rowsOf(
      pieces.filter((p) => kindOf(p) === kind),
      before,
      after,
      options,
    );
  return { starts: rows("starts"), stops: rows("stops"), changes: rows("changes"), undecided };
}

/**
 * Do two lists give every packet the same action? Refuted with a packet that fares differently. Two routers of a
 * pair are compared with it: rules are matched by what they say, not by their ids.
 */
export function equivalent(
  before: readonly Rule[],
  after: readonly Rule[],
  options: Omit<DiffOptions, "labels"> = {},
): Verdict {
  const undecided: Box[] = [];
  const meter = options.meter ?? makeMeter(DEFAULT_STEPS_PER_REPORT);
  for (const { box } of differences(before, after, { ...options, meter }, undecided)) {
    const witness = readablePacket(box);
    confirmDifference(before, after, options, witness);
    return { kind: "refuted", witness };
  }
  return undecided.length > 0 ? { kind: "undecided", steps: meter.steps } : { kind: "proven" };
}

function confirmDifference(
  before: readonly Rule[],
  after: readonly Rule[],
  options: DiffOptions,
  packet: Packet,
): readonly [Decision, Decision] {
  const [first, second] = defaultsOf(options);
  const was = decide(before, packet, first);
  const is = decide(after, packet, second);
  if (was.action === is.action) throw new EngineDefect(`${formatPacket(packet)} fares the same: ${is.action}`);
  return [was, is];
}

const defaultsOf = (options: DiffOptions): readonly [Action, Action] => {
  const first = options.defaultAction ?? "block";
  return [first, options.defaultActionAfter ?? first];
};

function* differences(
  before: readonly Rule[],
  after: readonly Rule[],
  options: DiffOptions,
  undecided: Box[],
): Generator<Piece> {
  const defaults = defaultsOf(options);
  const changed = changedRules(before, after, defaults[0] !== defaults[1]);
  if (changed.length === 0) return;
  // One compilation of everything: both lists and the regions then speak the same ranks.
  const compiled = compile([...before, ...after, ...changed]);
  const joint: Joint = {
    compiled,
    split: before.length,
    defaults,
    cap: options.maxFragments ?? DEFAULT_DIFF_PIECES,
    meter: options.meter ?? makeMeter(DEFAULT_STEPS_PER_REPORT),
  };
  const end = before.length + after.length;
  for (const group of compiled.groups) {
    const lists: Filter = { from: 0, before: firstBoxOf(group, end), alive: group.alive };
    const seen: Ranks[] = [];
    for (let region = lists.before; region < group.count; region++) {
      const ranks = ranksOf(group, region);
      const fresh = remainder(ranks, seen, joint.cap, joint.meter);
      seen.push(ranks);
      const near = overlapping(group.tree, ranks, lists, joint.meter);
      for (const part of fresh ?? []) yield* compare(joint, group, part, near, undecided);
      if (fresh === null) undecided.push(readRanks(group.space, ranks, 0));
    }
  }
}

/** What is still open about a piece: the rules of each side that may decide it, in order, or its decision. */
interface Job {
  readonly piece: Ranks;
  readonly before: readonly number[] | number;
  readonly after: readonly number[] | number;
}

// Cuts a region until each piece is decided whole on both sides; pieces on which both sides must agree are dropped early.
function* compare(
  joint: Joint,
  group: Group,
  region: Ranks,
  near: readonly number[],
  undecided: Box[],
): Generator<Piece> {
  const { compiled, split, defaults, cap, meter } = joint;
  const actionOf = (k: number, side: 0 | 1): Action =>
    k < 0 ? defaults[side] : compiled.rules[group.rule[k]!]!.action;
  const isTaken = (k: number, piece: Ranks): boolean => includes(ranksOf(group, k), piece);
  const isSettled = ({ piece, ...job }: Job): boolean => {
    const action = actionOf(typeof job.before === "number" ? job.before : job.before[0]!, 0);
    const agree = (open: readonly number[] | number, side: 0 | 1): boolean =>
      typeof open === "number"
        ? actionOf(open, side) === action
        : open.every((k) => actionOf(k, side) === action) &&
          (isTaken(open.at(-1)!, piece) || actionOf(-1, side) === action);
    return agree(job.before, 0) && agree(job.after, 1);
  };
  const decisionOf = (k: number, side: 0 | 1): Decision => ({
    action: actionOf(k, side),
    rule: k < 0 ? null : compiled.rules[group.rule[k]!]!.id,
  });
  let found = 0;
  const pending: Job[] = [
    {
      piece: region,
      before: near.filter((k) => group.rule[k]! < split),
      after: near.filter((k) => group.rule[k]! >= split),
    },
  ];
  for (let job = pending.pop(); job; job = pending.pop()) {
    const { piece } = job;
    const narrow = (open: readonly number[] | number): readonly number[] | number => {
      if (typeof open === "number") return open;
      meter.steps += open.length;
      const left = open.filter((k) => meet(ranksOf(group, k), piece));
      // Behind a rule that takes the whole piece no other one matters.
      const last = left.findIndex((k) => includes(ranksOf(group, k), piece));
      if (last === 0) return left[0]!;
      return left.length === 0 ? -1 : last < 0 ? left : left.slice(0, last + 1);
    };
    const now: Job = { piece, before: narrow(job.before), after: narrow(job.after) };
    if (isSettled(now)) continue;
    if (typeof now.before === "number" && typeof now.after === "number") {
      found++;
      yield {
        box: readRanks(group.space, piece, 0),
        before: decisionOf(now.before, 0),
        after: decisionOf(now.after, 1),
      };
      continue;
    }
    if (pending.length + found > cap || isSpent(meter)) {
      undecided.push(readRanks(group.space, region, 0));
      return;
    }
    const widest = ranksOf(group, widestOf(group, piece, [now.before, now.after].flat()));
    for (const rest of subtractRanks(piece, widest)) pending.push({ ...now, piece: rest });
    pending.push({ ...now, piece: clipRanks(piece, widest) });
  }
}

// The box that takes most of the piece, but not all of it: cutting there ends most of what stands behind it.
function widestOf(group: Group, piece: Ranks, open: readonly number[]): number {
  let best = -1;
  let most = -1;
  for (const k of open) {
    if (k < 0 || includes(ranksOf(group, k), piece)) continue;
    const volume = volumeOfMeet(ranksOf(group, k), piece);
    if (volume > most) {
      best = k;
      most = volume;
    }
  }
  return best;
}

function rowsOf(
  pieces: readonly Piece[],
  before: readonly Rule[],
  after: readonly Rule[],
  options: DiffOptions,
): readonly DiffRow[] {
  return mergeBoxes(pieces.map((p) => p.box)).map((product) => {
    const boxes = boxesOfProduct(product);
    const inside = pieces.filter((p) => meetsProduct(product, p.box));
    const example = readableIn(boxes, inside);
    const [was, is] = confirmDifference(before, after, options, example);
    return {
      ...product,
      boxes,
      example,
      before: was,
      after: is,
      rulesBefore: [...new Set(inside.map((p) => p.before.rule))],
      rulesAfter: [...new Set(inside.map((p) => p.after.rule))],
      text: describeProduct(product, options.labels ?? []),
    };
  });
}

function meetsProduct(product: Product, box: Box): boolean {
  return (
    product.family === box.family &&
    product.src.some((i) => overlap(i, box.src)) &&
    product.dst.some((i) => overlap(i, box.dst)) &&
    product.services.some((s) => s.slice === box.slice && overlap(s.a, box.a) && overlap(s.b, box.b))
  );
}

// A merged box may bridge protocol numbers that do not exist; the example must come from a piece.
function readableIn(boxes: readonly Box[], pieces: readonly Piece[]): Packet {
  const nicest = readablePacket(boxes[0]!);
  if (pieces.some((p) => isInBox(p.box, nicest))) return nicest;
  return readablePacket(
    intersect(
      pieces[0]!.box,
      boxes.find((b) => intersect(b, pieces[0]!.box))!,
    )!,
  );
}
