import {
  always,
  BY_DEFAULT,
  compile,
  decide,
  deciders,
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
import { EVERYWHERE, holdsAddress, type Ranges } from "../../policy/ranges.ts";
import { clip, HOSTS_ANYWHERE, SELF, type Ingress } from "../../policy/space.ts";
import { makeLens, type Lens } from "./coarse.ts";
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
  /** Of what the router itself sends: only to these destinations. What it sends to itself never leaves it. */
  readonly others: Ranges;
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
  /** The lists that were asked, from {@link FIRST_RULE} on those of the two bounds. */
  readonly most: CompiledRules;
  readonly least: CompiledRules;
  /** The world of those lists, where it is not ours. */
  readonly lens: Lens | undefined;
}

/** How many kinds of excess are told apart at one ingress; one is enough to refute. */
const MAX_EXCESS = 8;

export function proveIngress(s: Gate): IngressVerdict {
  const shares = s.intent.shares.get(s.ingress.id) ?? [];
  const undecided: string[] = [];
  const lens = s.ingress.id === SELF ? makeLens(s.ways.own, s.others) : undefined;
  const most = guarded(shares, s.most, lens);
  const least = s.least === s.most ? most : guarded(shares, s.least, lens);
  const verdicts = shares.map((share) => proveShare(s, share, least, lens));
  const excess = [
    ...(mayExceed(s, most) ? findExcess(s, shares, "pass", undecided) : []),
    ...(mentionsReject(s, shares) ? findExcess(s, shares, "reject", undecided) : []),
  ];
  return { shares: verdicts, excess, undecided, own: ownDoings(s, shares, most, lens), most, least, lens };
}

const wantedOf = (share: RowShare): "pass" | "reject" => (share.flow.action === "allow" ? "pass" : "reject");

const mayHere = (s: Gate, share: RowShare): readonly Box[] =>
  s.ingress.id === SELF ? clip(share.may, s.ways.own, s.others) : share.may;

// What this router, and not its peer, has to let through.
const dueHere = (s: Gate, share: RowShare): readonly Box[] =>
  s.ingress.id === SELF ? clip(share.must, s.ways.own, s.others) : clip(share.must, EVERYWHERE, s.ways.notPeers);

/** In a guarded list the rules of the file begin here. */
export const FIRST_RULE = 1;

/**
 * A list behind the packets that a row gives to it: what still reaches a rule that lets pass is beyond the table. With a
 * lens it is a list of that world.
 */
function guarded(shares: readonly RowShare[], e: Effective, lens: Lens | undefined): CompiledRules {
  const allowed = shares.filter((x) => wantedOf(x) === "pass").flatMap((x) => x.may);
  const rules: readonly Rule[] = [{ id: "settled by a row", action: "block", boxes: allowed }, ...e.rules];
  return compile(lens ? rules.map((r) => ({ ...r, boxes: lens.boxes(r.boxes) })) : rules);
}

function proveShare(s: Gate, share: RowShare, list: CompiledRules, lens: Lens | undefined): ShareVerdict {
  const wanted = wantedOf(share);
  const due = lens ? lens.boxes(share.must) : dueHere(s, share);
  const found = deciders(due, list, { from: FIRST_RULE, meter: s.meter });
  const isWanted = (index: number): boolean => index !== BY_DEFAULT && list.rules[index]!.action === wanted;
  const carriers = found && [...found].filter(isWanted).sort((x, y) => x - y);
  if (found && carriers && carriers.length === found.size) {
    const rules = [...new Set(carriers.map((index) => list.rules[index]!.id))];
    return { flow: share.flow, rules, witness: null, verdict: "proven" };
  }
  return disproveShare(s, share);
}

/** A share that is not proven at a glance: with a witness, or with the proof that needs the room. */
function disproveShare(s: Gate, share: RowShare): ShareVerdict {
  const due = dueHere(s, share);
  const wanted = wantedOf(share);
  const [least, most] = [s.least.compiled, s.most.compiled];
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

/** A packet of the boxes that rule `index` decides in the list from a position on, or undefined. */
function decidesSome(
  compiled: CompiledRules,
  index: number,
  boxes: readonly Box[],
  meter: Meter,
  from = 0,
): Packet | undefined {
  for (const own of compiled.rules[index]!.boxes) {
    for (const box of boxes) {
      const both = intersect(own, box);
      const verdict = both && uncovered(both, compiled, { from, upTo: index, meter });
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

/** False when it is proven that nothing passes beyond the table; else whoever asks looks closer. */
const mayExceed = (s: Gate, list: CompiledRules): boolean =>
  list.rules.some(
    (rule, index) =>
      rule.action === "pass" &&
      !isOwn(s.most, rule.id) &&
      rule.boxes.some((box) => uncovered(box, list, { upTo: index, meter: s.meter }).kind !== "proven"),
  );

/**
 * Everything that gets `action` though no row gives it: the rows' own packets are taken out first, and what pfSense
 * passes by itself is told apart (`ownDoings`).
 */
function findExcess(
  s: Gate,
  shares: readonly RowShare[],
  action: "pass" | "reject",
  undecided: string[],
): readonly Witness[] {
  // The boxes are the same whatever the question, so one compiled list serves with other actions.
  const asked = (compiled: CompiledRules, e: Effective): CompiledRules => {
    const isWanted = (r: Rule): boolean => r.action === action && !isOwn(e, r.id);
    return { ...compiled, rules: compiled.rules.map((r): Rule => ({ ...r, action: isWanted(r) ? "pass" : "block" })) };
  };
  const within = askedOf(s);
  const wide = asked(shieldedBy(s, shares, action, s.most), s.most);
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

const askedOf = (s: Gate): readonly Box[] =>
  s.ingress.id === SELF ? clip(EVERYTHING, s.ways.own, s.others) : EVERYTHING;

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
  list: CompiledRules,
  lens: Lens | undefined,
): readonly OwnDoing[] {
  const may = shares.filter((x) => x.flow.action === "allow").flatMap((x) => x.may);
  const allowed = lens ? lens.boxes(may) : may;
  const found = deciders(allowed, list, { from: FIRST_RULE, meter: s.meter });
  const out: OwnDoing[] = [];
  list.rules.forEach((rule, index) => {
    if (!isOwn(s.most, rule.id) || out.some((d) => d.rule === rule.id)) return;
    const isPass = rule.action === "pass";
    if (!isPass && found && !found.has(index)) return;
    const packet = isPass
      ? decidesSome(list, index, EVERYTHING, s.meter)
      : decidesSome(list, index, allowed, s.meter, FIRST_RULE);
    if (!packet) return;
    out.push({ rule: rule.id, action: isPass ? "pass" : "block", example: lens ? lens.real(packet) : packet });
  });
  return out;
}
