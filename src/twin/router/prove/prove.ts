import { decide, equivalent, everything, formatPacket, makeMeter } from "../../../policy/engine/index.ts";
import type { Meter } from "../../../policy/engine/index.ts";
import type { Box, Packet, Rule } from "../../../policy/engine/types.ts";
import type { FilterInput } from "../compile/filter.ts";
import { expectedLists } from "./expected.ts";
import type { ExpectedList } from "./expected.ts";
import { Kernel } from "./kernel.ts";
import type { Labelled } from "./kernel.ts";
import { isSameSet, shapeOf } from "./same-set.ts";

/** A packet that the kernel treats otherwise than the file says. */
export interface KernelWitness {
  /** `in on wan`, `out on lan, tagged FORWARDED`, `NAT out on wan`. */
  readonly where: string;
  readonly packet: string;
  readonly file: { readonly rule: string; readonly outcome: string };
  readonly kernel: { readonly rule: string; readonly outcome: string };
}

/** `undecided`: a rule that could not be read, or the budget ended; never counted as proven. */
export type KernelProof =
  | { readonly kind: "proven"; readonly lists: number; readonly steps: number }
  | { readonly kind: "refuted"; readonly witness: KernelWitness }
  | { readonly kind: "undecided"; readonly where: string; readonly why: string };

/** For one whole proof; the lab's takes a hundredth of it. */
const STEPS = 2_000_000_000;

/**
 * Does the kernel do with every first packet of a flow exactly what the file says: pass, block or reject, its tag, the
 * gateway it leaves and is answered by, and its translation? Interface by interface, both directions, tag by tag.
 * @param json what `nft -j list table inet maquette` prints
 */
export function proveKernel(input: FilterInput, json: unknown): KernelProof {
  const kernel = new Kernel(json);
  const meter = makeMeter(STEPS);
  const lists = expectedLists(input);
  for (const list of lists) {
    const held = kernel.rules(list.question);
    const [unreadable] = held.unreadable;
    if (unreadable !== undefined) return { kind: "undecided", where: list.where, why: unreadable };
    if (isAligned(list, held.rules, meter)) continue;
    const found = compare(list, held.rules, meter);
    if (found) return found;
  }
  return { kind: "proven", lists: lists.length, steps: meter.steps };
}

/** One rule of a file becomes at most this many rules of nft: by family, by protocol, by ports. */
const MAX_PARTS = 64;

/**
 * Do the lists say the same rule by rule? Then they are equal: each rule of the file is, in order, the union of the
 * next few of the kernel, all with its outcome, and the kernel's rest gives what the file gives when no rule matches.
 * Nearly every list is; what is not goes to the engine.
 */
function isAligned(list: ExpectedList, held: readonly Labelled[], meter: Meter): boolean {
  let next = 0;
  for (const rule of list.rules) {
    const wanted = shapeOf(rule.boxes);
    const parts: Box[] = [];
    let isFound = wanted.boxes.length === 0;
    for (let n = 0; !isFound && n < MAX_PARTS && next < held.length; n++) {
      const part = held[next++]!;
      if (part.label !== rule.label) return false;
      parts.push(...part.boxes);
      isFound = isSameSet(wanted, shapeOf(parts), meter);
    }
    if (!isFound) return false;
  }
  for (const rule of held.slice(next)) {
    if (rule.label !== list.otherwise) return false;
    // The chain's policy: nothing is left for what comes after it.
    if (shapeOf(rule.boxes).text === EVERYTHING.text) break;
  }
  return true;
}

const EVERYTHING = shapeOf(everything());

/** Each outcome in turn: exactly the same packets must come to it. */
function compare(list: ExpectedList, held: readonly Labelled[], meter: Meter): KernelProof | undefined {
  const outcomes = new Set([...list.rules, ...held].map((r) => r.label));
  outcomes.add(list.otherwise);
  // What is left to the last outcome is what none of the others takes.
  const [, ...asked] = [...outcomes];
  for (const outcome of asked) {
    const file = project(list.rules, outcome);
    const kernel = project(held, outcome);
    const defaultAction = list.otherwise === outcome ? "pass" : "block";
    const verdict = equivalent(file, kernel, { defaultAction, meter });
    if (verdict.kind === "proven") continue;
    if (verdict.kind === "undecided") {
      return { kind: "undecided", where: list.where, why: `the budget of ${STEPS} steps ended` };
    }
    return { kind: "refuted", witness: witnessOf(list, held, verdict.witness) };
  }
  return undefined;
}

/** A list that passes what comes to one outcome, and blocks the rest. */
const project = (rules: readonly Labelled[], outcome: string): readonly Rule[] =>
  rules.map((r) => ({ id: r.id, action: r.label === outcome ? "pass" : "block", boxes: r.boxes }));

function witnessOf(list: ExpectedList, held: readonly Labelled[], packet: Packet): KernelWitness {
  const fate = (rules: readonly Labelled[]): { readonly rule: string; readonly outcome: string } => {
    const { rule } = decide(
      rules.map((r, n) => ({ id: String(n), action: "pass" as const, boxes: r.boxes })),
      packet,
      "block",
    );
    const found = rule === null ? undefined : rules[Number(rule)];
    return { rule: found?.id ?? "none", outcome: found?.label ?? list.otherwise };
  };
  return { where: list.where, packet: formatPacket(packet), file: fate(list.rules), kernel: fate(held) };
}

/** A witness in one sentence. */
export const describeWitness = (w: KernelWitness): string =>
  `${w.where}: ${w.packet}: the file says ${w.file.outcome} (${w.file.rule}), the kernel ${w.kernel.outcome} (${w.kernel.rule})`;
