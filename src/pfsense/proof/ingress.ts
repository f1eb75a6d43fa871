import {
  always,
  compile,
  decide,
  everything,
  formatPacket,
  intersect,
  mergeBoxes,
  boxesOfProduct,
  passing,
  readablePacket,
  uncovered,
  type Box,
  type CompiledRules,
  type Meter,
  type Packet,
  type Rule,
} from "../../policy/engine/index.ts";
import { groupOf } from "../../policy/engine/compile.ts";
import { writeRanks } from "../../policy/engine/space.ts";
import { ENDS, overlapping, type Filter } from "../../policy/engine/tree.ts";
import type { Intent, RowShare } from "../../policy/intent.ts";
import { EVERYWHERE, holdsAddress, without, type Ranges } from "../../policy/ranges.ts";
import { clip, HOSTS_ANYWHERE, SELF, type Ingress } from "../../policy/space.ts";
import type { Effective } from "./effective.ts";
import { confirm } from "./replay.ts";
import type { VerdictKind, Witness } from "./types.ts";
import type { Ways } from "./ways.ts";

/** What one way into one router is asked about. */
export interface Gate {
  readonly intent: Intent;
  readonly ways: Ways;
  readonly ingress: Ingress;
  readonly exit: string | undefined;
  /** The two bounds; the same object when the file leaves nothing open. */
  readonly least: Effective;
  readonly most: Effective;
  readonly meter: Meter;
  /** Of what the router itself sends: only to these destinations. */
  readonly to?: Ranges;
}

export interface ShareVerdict {
  readonly flow: RowShare["flow"];
  readonly verdict: VerdictKind;
  readonly witness: Witness | null;
  readonly rules: readonly string[];
}

/** Something that pfSense does by itself, seen at one ingress. */
export interface OwnDoing {
  readonly rule: string;
  readonly action: "pass" | "block";
  readonly example: Packet;
}

export interface IngressVerdict {
  readonly shares: readonly ShareVerdict[];
  readonly excess: readonly Witness[];
  /** The two bounds part over whether something is let in that no row allows. */
  readonly undecided: readonly string[];
  readonly own: readonly OwnDoing[];
}

/** How many kinds of excess are told apart at one ingress; one is enough to refute. */
const MAX_EXCESS = 8;

export function proveIngress(s: Gate): IngressVerdict {
  const shares = s.intent.shares.get(s.ingress.id) ?? [];
  const least = s.least.compiled;
  const most = s.most.compiled;
  const undecided: string[] = [];
  const verdicts = shares.map((share) => proveShare(s, share, least, most));
  const shielded = shieldedBy(s, shares, "pass", s.most);
  const excess = [
    ...findExcess(s, shares, "pass", undecided, shielded),
    ...(mentionsReject(s, shares) ? findExcess(s, shares, "reject", undecided) : []),
  ];
  return { shares: verdicts, excess, undecided, own: ownDoings(s, shares, most, shielded) };
}

const wantedOf = (share: RowShare): "pass" | "reject" => (share.flow.action === "allow" ? "pass" : "reject");

const mayHere = (s: Gate, share: RowShare): readonly Box[] =>
  s.ingress.id === SELF ? clip(share.may, s.ways.own, s.to) : share.may;

// What this router, and not its peer, has to let through.
function dueHere(s: Gate, share: RowShare): readonly Box[] {
  if (s.ingress.id === SELF) return clip(share.must, s.ways.own, without(s.to ?? EVERYWHERE, s.ways.own));
  return clip(share.must, EVERYWHERE, without(EVERYWHERE, s.ways.peers));
}

function proveShare(s: Gate, share: RowShare, least: CompiledRules, most: CompiledRules): ShareVerdict {
  const wanted = wantedOf(share);
  const due = dueHere(s, share);
  const rules = decidersOf(s, least, due, wanted);
  const verdict = always(due, least, [wanted], { meter: s.meter });
  const done = { flow: share.flow, rules, witness: null };
  if (verdict.kind !== "refuted") return { ...done, verdict: verdict.kind };
  const wide = least === most ? verdict : always(due, most, [wanted], { meter: s.meter });
  if (wide.kind !== "refuted") return { ...done, verdict: "undecided" };
  return { ...done, verdict: "refuted", witness: witnessOf(s, wide.witness, share.flow.id, (a) => a !== wanted) };
}

function witnessOf(
  s: Gate,
  packet: Packet,
  row: string | null,
  isExpected: (action: Witness["action"]) => boolean,
): Witness {
  const { action, rule } = decide(s.most.rules, packet, "block");
  const isRedirect = rule !== null && s.ways.ruleset.nat.redirects.some((r) => r.id === rule);
  const journey = isRedirect ? undefined : confirm(s.ways, s.ingress.id, packet, s.exit, isExpected);
  return {
    router: s.ways.router.id,
    ingress: s.ingress.id,
    packet,
    text: formatPacket(packet),
    row,
    rule: journey?.rule?.id ?? rule,
    action,
    isSpoofed: !holdsAddress(s.ingress.enters, packet.family, packet.src),
  };
}

/** The rules by which packets of some boxes get an action. */
function decidersOf(
  s: Gate,
  compiled: CompiledRules,
  boxes: readonly Box[],
  wanted: "pass" | "reject",
): readonly string[] {
  const near = nearOf(compiled, boxes, s.meter);
  const found = new Set<string>();
  for (const [index, met] of [...near].sort((x, y) => x[0] - y[0])) {
    const rule = compiled.rules[index]!;
    if (rule.action !== wanted || found.has(rule.id)) continue;
    if (decidesSome(compiled, index, met, s.meter)) found.add(rule.id);
  }
  return [...found];
}

/** Which of the boxes each rule meets. */
function nearOf(compiled: CompiledRules, boxes: readonly Box[], meter: Meter): Map<number, Box[]> {
  const near = new Map<number, Box[]>();
  const ranks = new Int32Array(ENDS);
  for (const box of boxes) {
    const group = groupOf(compiled, box);
    writeRanks(group.space, box, ranks, 0);
    const all: Filter = { from: 0, before: group.count, alive: group.alive };
    for (const k of overlapping(group.tree, ranks, all, meter)) {
      const index = group.rule[k]!;
      const known = near.get(index);
      if (!known) near.set(index, [box]);
      else if (known.at(-1) !== box) known.push(box);
    }
  }
  return near;
}

/** A packet of the boxes that rule `index` decides, or undefined. */
function decidesSome(compiled: CompiledRules, index: number, boxes: readonly Box[], meter: Meter): Packet | undefined {
  for (const own of compiled.rules[index]!.boxes) {
    for (const box of boxes) {
      const both = intersect(own, box);
      const verdict = both && uncovered(both, compiled, { upTo: index, meter });
      if (verdict?.kind === "refuted") return verdict.witness;
    }
  }
  return undefined;
}

/**
 * A rule of pfSense's that no rule of a user can come before. Those without `quick` ("let out anything") give way to any
 * rule of the file, so what they let through is the file's doing.
 */
function isOwn(e: Effective, id: string): boolean {
  const rule = e.sources.get(id);
  return rule?.by === "pfsense" && (rule.isQuick || rule.action !== "pass");
}

/**
 * Everything that gets `action` though no row gives it: the rows' own packets are taken out first, and what pfSense
 * passes by itself is told apart (`ownDoings`).
 */
function findExcess(
  s: Gate,
  shares: readonly RowShare[],
  action: "pass" | "reject",
  undecided: string[],
  shielded: CompiledRules = shieldedBy(s, shares, action, s.most),
): readonly Witness[] {
  // The boxes are the same whatever the question, so one compiled list serves with other actions.
  const asked = (compiled: CompiledRules, e: Effective): CompiledRules => {
    const isWanted = (r: Rule): boolean => r.action === action && !isOwn(e, r.id);
    return { ...compiled, rules: compiled.rules.map((r): Rule => ({ ...r, action: isWanted(r) ? "pass" : "block" })) };
  };
  const within = askedOf(s);
  const wide = asked(shielded, s.most);
  const verdict = always(within, wide, ["block"], { meter: s.meter });
  if (verdict.kind === "proven") return [];
  if (verdict.kind === "undecided") {
    undecided.push(`${s.ways.router.id}/${s.ingress.id}: what passes beyond the table`);
    return [];
  }
  const narrow = s.most === s.least ? wide : asked(shieldedBy(s, shares, action, s.least), s.least);
  const sure = narrow === wide ? verdict : always(within, narrow, ["block"], { meter: s.meter });
  if (sure.kind !== "refuted") {
    undecided.push(`${s.ways.router.id}/${s.ingress.id}: whether ${formatPacket(verdict.witness)} passes`);
    return [];
  }
  // Packets between addresses that hosts have say more than one from 0.0.0.1, where there are some.
  const real = passing(narrow, { within: clip(within, HOSTS_ANYWHERE, HOSTS_ANYWHERE), meter: s.meter }) ?? [];
  const pieces = real.length > 0 ? real : (passing(narrow, { within, meter: s.meter }) ?? []);
  const examples = mergeBoxes(pieces)
    .slice(0, MAX_EXCESS)
    .map((p) => readableOf(boxesOfProduct(p), pieces, sure.witness));
  return examples.map((packet) => witnessOf(s, packet, null, (a) => a === action));
}

/** A list with the rows' own packets taken out first. */
function shieldedBy(s: Gate, shares: readonly RowShare[], action: "pass" | "reject", e: Effective): CompiledRules {
  const boxes = shares.filter((x) => wantedOf(x) === action).flatMap((x) => mayHere(s, x));
  return compile([{ id: "settled by a row", action: "block", boxes }, ...e.rules]);
}

const EVERYTHING = everything();

// What a router sends to itself never leaves it.
const askedOf = (s: Gate): readonly Box[] =>
  s.ingress.id === SELF ? clip(EVERYTHING, s.ways.own, without(s.to ?? EVERYWHERE, s.ways.own)) : EVERYTHING;

// A merged box may bridge protocol numbers that do not exist, so the example is taken from a piece of it.
function readableOf(merged: readonly Box[], pieces: readonly Box[], fallback: Packet): Packet {
  for (const m of merged) {
    for (const p of pieces) {
      const both = intersect(m, p);
      if (both) return readablePacket(both);
    }
  }
  return fallback;
}

const mentionsReject = (s: Gate, shares: readonly RowShare[]): boolean =>
  shares.some((x) => x.flow.action === "reject") || s.most.rules.some((r) => r.action === "reject");

/** What pfSense's own rules let in beyond the table, or keep out of what a row allows, each with a packet. */
function ownDoings(
  s: Gate,
  shares: readonly RowShare[],
  most: CompiledRules,
  shielded: CompiledRules,
): readonly OwnDoing[] {
  const allowed = shares.filter((x) => x.flow.action === "allow").flatMap((x) => mayHere(s, x));
  const near = nearOf(most, allowed, s.meter);
  const out: OwnDoing[] = [];
  const within = askedOf(s);
  most.rules.forEach((rule, index) => {
    if (!isOwn(s.most, rule.id) || out.some((d) => d.rule === rule.id)) return;
    const isPass = rule.action === "pass";
    const packet = isPass
      ? decidesSome(shielded, index + 1, within, s.meter)
      : decidesSome(most, index, near.get(index) ?? [], s.meter);
    if (packet) out.push({ rule: rule.id, action: isPass ? "pass" : "block", example: packet });
  });
  return out;
}
