import { holds, overlap } from "../../core/intervals.ts";
import { maxOf } from "../../core/ip.ts";
import { containsBox, everything, interval, intersect, type Box, type Rule } from "../../policy/engine/index.ts";
import { clip } from "../../policy/space.ts";
import { EVERYWHERE, unite, type Ranges } from "../../policy/ranges.ts";
import { egressRules, type Bound } from "../rules/flatten.ts";
import { isOn } from "../rules/interfaces.ts";
import { coarseFor } from "./coarse.ts";
import type { SourceNat } from "../rules/nat-types.ts";
import type { PfRuleset } from "../rules/types.ts";

/*
 * pf filters a packet that leaves after outbound NAT has changed its source. To speak of one packet from the way in to
 * the way out, the rules on the way out are said here in sources as they are before NAT: each entry of the NAT list
 * opens a segment in which the rules are asked with the source that it gives.
 */

const EVERYTHING = everything();

const flattened = new WeakMap<PfRuleset, Map<string, readonly Rule[]>>();

// The same few lists are asked for again by every way in.
function outRules(ruleset: PfRuleset, key: string, bound: Bound): readonly Rule[] {
  const lists = flattened.get(ruleset) ?? new Map<string, readonly Rule[]>();
  flattened.set(ruleset, lists);
  const name = `${bound} ${key}`;
  const known = lists.get(name) ?? egressRules(ruleset, key, bound);
  lists.set(name, known);
  return known;
}

/** What is asked of the rules on the way out of an interface. */
export interface Leaving {
  readonly key: string;
  readonly bound: Bound;
  /** Only packets from these sources are of interest, to these destinations. */
  readonly from: Ranges;
  readonly to: Ranges;
  /** Blocks on every way in: what lies in them never gets as far as the way out. */
  readonly heads?: readonly Box[];
  /** Only packets that some of these may hold are of interest. */
  readonly only?: readonly Box[];
  /** Boxes are cut to `to`: for lists that are put one after the other. Else whoever asks asks about `to` alone. */
  readonly isCut?: boolean;
}

/**
 * The rules on the way out of an interface as a first-match list over packets before outbound NAT. It may only be asked
 * about packets from `from` to `to`: of others it says anything, unless it is cut.
 */
export function leavingRules(ruleset: PfRuleset, asked: Leaving): readonly Rule[] {
  const { key, bound, from, to, heads = [], only, isCut = false } = asked;
  const isAsked = (box: Box): boolean => only === undefined || only.some((o) => mayMeet(o, box));
  const nats = natsOn(ruleset, key);
  // NAT sees sources as they are, the filter what it makes of them.
  const [atNat, atFilter] = isCut ? [asItIs, asItIs] : [coarseFor(from, to), coarseFor(unite(from, givenBy(nats)), to)];
  const rules = outRules(ruleset, key, bound).flatMap((r): readonly Rule[] => {
    if (r.action !== "pass" && r.boxes.every((box) => heads.some((h) => containsBox(h, box)))) return [];
    const boxes = atFilter(r.boxes.filter(isAsked));
    return boxes.length === 0 ? [] : [{ ...r, boxes }];
  });
  const goesThere = (box: Box): boolean => to.some((r) => r.family === box.family && overlap(r, box.dst));
  const out: Rule[] = [];
  const add = (rule: Rule, boxes: readonly Box[]): void => {
    const kept = isCut ? clip(boxes, EVERYWHERE, to) : boxes.filter(goesThere);
    if (kept.length > 0) out.push({ ...rule, boxes: kept });
  };
  for (const nat of nats) {
    const comesFrom = atNat(nat.boxes.filter((box) => isAsked(box) && goesThere(box) && clip([box], from).length > 0));
    let open = isCut ? clip(comesFrom, EVERYWHERE, to) : comesFrom;
    for (const rule of rules) {
      if (open.length === 0) break;
      const taken = nat.isNo ? asTheyAre(open, rule) : translated(open, nat, rule, bound);
      add(rule, taken);
      // What comes after a rule that takes a box whole never sees a packet of it.
      open = open.filter((box) => !taken.some((t) => containsBox(t, box)));
    }
    // Nothing of a segment falls through to the next: pf's default is to pass, pfSense's default deny comes before it.
    add({ id: "pf-default", action: "pass", boxes: [] }, open);
  }
  for (const rule of rules) add(rule, rule.boxes);
  return out;
}

const asItIs = (boxes: readonly Box[]): readonly Box[] => boxes;

// The sources that NAT gives; an entry whose target the file does not hold may give any.
const givenBy = (nats: readonly SourceNat[]): Ranges =>
  nats.some((n) => !n.isNo && !n.target)
    ? EVERYWHERE
    : nats.flatMap(({ target: t }) => (t ? [{ family: t.family, lo: t.value, hi: t.value }] : []));

const asTheyAre = (segment: readonly Box[], rule: Rule): readonly Box[] =>
  segment.flatMap((s) => rule.boxes.flatMap((r) => intersect(s, r) ?? []));

/** Where packets leave, and what is known of them before. */
export type Door = Pick<Leaving, "key" | "bound" | "heads">;

/** True when the list lets everything of its destinations out before it refuses anything: nothing needs cutting then. */
export function letsAllOut(ruleset: PfRuleset, door: Door): boolean {
  const known = openDoors.get(ruleset) ?? new Map<string, boolean>();
  openDoors.set(ruleset, known);
  const name = `${door.bound} ${door.key}`;
  const isOpen = known.get(name) ?? letsOut(ruleset, door, EVERYTHING);
  known.set(name, isOpen);
  return isOpen;
}

const openDoors = new WeakMap<PfRuleset, Map<string, boolean>>();

/**
 * True when it is plain that the list lets the boxes out: rules that let pass from any source come before each that
 * refuses, whatever NAT makes of the sources.
 */
export function letsOut(ruleset: PfRuleset, { key, bound, heads = [] }: Door, boxes: readonly Box[]): boolean {
  let left = boxes;
  for (const rule of outRules(ruleset, key, bound)) {
    if (left.length === 0) return true;
    if (rule.action === "pass") {
      const open = rule.boxes.filter(isFromAnywhere);
      if (open.length > 0) left = left.filter((box) => !open.some((o) => containsBox(o, box)));
    } else if (rule.boxes.some((b) => left.some((l) => mayMeet(l, b)) && !heads.some((h) => containsBox(h, b)))) {
      return false;
    }
  }
  return true;
}

const isFromAnywhere = ({ family, slice, src, a }: Box): boolean =>
  src.lo === 0n &&
  src.hi === maxOf(family) &&
  (!(slice === "tcp" || slice === "udp") || (a.lo === 0n && a.hi === 65535n));

// NAT may give another source and another source port.
const mayMeet = (x: Box, y: Box): boolean =>
  x.family === y.family &&
  x.slice === y.slice &&
  overlap(x.dst, y.dst) &&
  overlap(x.b, y.b) &&
  (isPorts(x) || overlap(x.a, y.a));

/** What every way in refuses before it lets anything in. */
export function headsOf(ruleset: PfRuleset): readonly Box[] {
  const out: Box[] = [];
  for (const r of ruleset.rules) {
    const isEverywhere = r.interfaces === undefined && r.direction !== "out";
    if (r.action === "match" || !r.isQuick || r.direction === "out") continue;
    if (r.action === "pass") {
      // Loopback is no way in.
      if (r.interfaces?.length === 1 && r.interfaces[0] === "lo0" && !r.isNotOn) continue;
      break;
    }
    if (isEverywhere && !r.mayBoxes && !r.tagged) out.push(...r.boxes);
  }
  return out;
}

function translated(segment: readonly Box[], nat: SourceNat, rule: Rule, bound: Bound): readonly Box[] {
  const target = nat.target;
  // Rules that do not hold the source that NAT gives are out of the question for the whole segment.
  const met = rule.boxes.filter(
    (r) => target === undefined || (r.family === target.family && holds(r.src, target.value)),
  );
  if (met.length === 0) return [];
  return segment.flatMap((s) =>
    met.flatMap((r): readonly Box[] => {
      if (r.family !== s.family || r.slice !== s.slice) return [];
      // The source port that NAT picks is not known, nor is an address that the file does not hold.
      const isSure = target !== undefined && (!isPorts(s) || coversPorts(r));
      if (!isSure && (bound === "most") !== (rule.action === "pass")) return [];
      const both = intersect({ ...s, src: r.src, ...(isPorts(s) ? { a: r.a } : {}) }, r);
      return both ? [{ ...both, src: s.src, a: isPorts(s) ? s.a : both.a }] : [];
    }),
  );
}

const isPorts = (b: Box): boolean => b.slice === "tcp" || b.slice === "udp";
const coversPorts = (b: Box): boolean => b.a.lo <= 1n && b.a.hi === 65535n;

// `no nat proto carp` stands before every other entry (`filter_nat_rules_generate`).
const NO_CARP: SourceNat = {
  id: "no-nat-carp",
  place: undefined,
  by: "pfsense",
  description: "CARP is never translated",
  interfaces: [],
  boxes: EVERYTHING.filter((b) => b.slice === "other").map((b) => ({ ...b, a: interval(112) })),
  mayBoxes: undefined,
  isNo: true,
  target: undefined,
  pool: undefined,
  manner: [],
};

export function natsOn(ruleset: PfRuleset, key: string): readonly SourceNat[] {
  const i = ruleset.interfaces.find((x) => x.key === key);
  const here = ruleset.nat.sources.filter((n) => i && isOn(n.interfaces, i, ruleset.interfaces));
  return here.length === 0 ? [] : [NO_CARP, ...here];
}

/** Every packet towards some addresses. */
export const allTowards = (to: Ranges): readonly Box[] => clip(EVERYTHING, EVERYWHERE, to);
