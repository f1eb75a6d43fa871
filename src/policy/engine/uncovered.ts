import { makeMeter, type Budgeted, type Meter } from "./budget.ts";
import { formatBox, formatPacket, isInBox, isInhabited, readablePacket, realBoxes } from "./boxes.ts";
import { firstBoxOf, groupOf, type CompiledRules, type Group } from "./compile.ts";
import { cover, uncoveredPoint } from "./cover.ts";
import { EngineDefect } from "./defect.ts";
import { matches } from "./interpret.ts";
import { readRanks, writePoint, writeRanks } from "./space.ts";
import { ENDS, isCoveredAt, type Filter } from "./tree.ts";
import type { Action, Box, Packet, Rule, Verdict } from "./types.ts";

export interface UncoveredOptions extends Budgeted {
  /** Only rules before this position count; all of them when absent. */
  readonly upTo?: number;
  /** Only rules from this position on count. */
  readonly from?: number;
  /** Only rules of these actions, or for which the predicate says so, count. */
  readonly only?: readonly Action[] | ((rule: Rule, index: number) => boolean);
}

/**
 * Is every packet of `box` matched by some rule? The engine's one primitive; every question is asked through it.
 * @returns proven; refuted with a packet of the box that no counted rule matches, confirmed by the linear
 *   interpreter; or undecided when the meter's limit came first
 * @throws EngineDefect when the interpreter does not confirm the witness
 */
export function uncovered(box: Box, compiled: CompiledRules, options: UncoveredOptions = {}): Verdict {
  const meter = options.meter ?? makeMeter();
  const group = groupOf(compiled, box);
  const { from = 0, upTo = compiled.rules.length } = options;
  const counts = predicateOf(options.only);
  const filter: Filter = {
    from: firstBoxOf(group, from),
    before: firstBoxOf(group, upTo),
    alive: counts ? aliveWhere(compiled, group, counts) : group.alive,
  };
  for (const part of realBoxes(box)) {
    if (!isInhabited(part)) continue;
    const found = uncoveredIn(group, part, filter, meter);
    if (found === "spent") return { kind: "undecided", steps: meter.steps };
    if (found === null) continue;
    confirmUnmatched(compiled, part, found, from, upTo, counts);
    return { kind: "refuted", witness: found };
  }
  return { kind: "proven" };
}

/** The primitive without its confirmation: a packet of `box` that no box of the filter holds, null, or "spent". */
function uncoveredIn(group: Group, box: Box, filter: Filter, meter: Meter): Packet | null | "spent" {
  const ranks = new Int32Array(ENDS);
  writeRanks(group.space, box, ranks, 0);
  return uncoveredRanks(group, ranks, () => box, filter, meter);
}

/** The same for a box that is given in ranks; the exact box is only asked for when there is a packet to name. */
export function uncoveredRanks(
  group: Group,
  ranks: Int32Array,
  exact: () => Box,
  filter: Filter,
  meter: Meter,
): Packet | null | "spent" {
  const answer = cover(group.tree, ranks, filter, meter);
  if (answer !== "uncovered") return answer === "covered" ? null : "spent";
  const box = exact();
  const cell = cellOf(group, box, uncoveredPoint);
  // The packet that reads best is taken if it will do, so that most witnesses are what a person would have picked.
  const nicest = readablePacket(box);
  const point = new Int32Array(4);
  writePoint(group.space, nicest, point);
  return isCoveredAt(group.tree, point, filter, meter) ? readablePacket(cell) : nicest;
}

/** The packets of `box` in the cell of a point: all of them are treated alike. */
export function cellOf(group: Group, box: Box, point: Int32Array): Box {
  const ranks = new Int32Array(ENDS);
  for (let d = 0; d < 4; d++) ranks[2 * d] = ranks[2 * d + 1] = point[d]!;
  return readRanks(group.space, ranks, 0, box);
}

function predicateOf(only: UncoveredOptions["only"]): ((rule: Rule, index: number) => boolean) | undefined {
  if (only === undefined || typeof only === "function") return only;
  return (rule) => only.includes(rule.action);
}

function aliveWhere(compiled: CompiledRules, group: Group, counts: (rule: Rule, index: number) => boolean): Uint8Array {
  const alive = new Uint8Array(group.count);
  for (let k = 0; k < group.count; k++) {
    const index = group.rule[k]!;
    alive[k] = counts(compiled.rules[index]!, index) ? 1 : 0;
  }
  return alive;
}

function confirmUnmatched(
  compiled: CompiledRules,
  box: Box,
  packet: Packet,
  from: number,
  upTo: number,
  counts: ((rule: Rule, index: number) => boolean) | undefined,
): void {
  if (!isInBox(box, packet)) throw new EngineDefect(`${formatPacket(packet)} is not in ${formatBox(box)}`);
  for (let i = from; i < upTo; i++) {
    const rule = compiled.rules[i]!;
    if (counts && !counts(rule, i)) continue;
    if (matches(rule, packet)) throw new EngineDefect(`${formatPacket(packet)} is matched by rule ${rule.id}`);
  }
}
