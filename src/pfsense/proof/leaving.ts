import {
  containsBox,
  everything,
  fullBox,
  interval,
  intersect,
  type Box,
  type Interval,
  type Rule,
} from "../../policy/engine/index.ts";
import { clip } from "../../policy/space.ts";
import { EVERYWHERE, type Ranges } from "../../policy/ranges.ts";
import { egressRules, type Bound } from "../rules/flatten.ts";
import { isOn } from "../rules/interfaces.ts";
import type { SourceNat } from "../rules/nat-types.ts";
import type { PfRuleset } from "../rules/types.ts";

/*
 * pf filters a packet that leaves after outbound NAT has changed its source. To speak of one packet from the way in to
 * the way out, the rules on the way out are said here in sources as they are before NAT: each entry of the NAT list
 * opens a segment in which the rules are asked with the source that it gives.
 */

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
 * The rules on the way out of an interface as a first-match list over packets before outbound NAT. It is
 * only asked about packets from `from` to `to`, so boxes are left whole that reach further.
 */
export function leavingRules(ruleset: PfRuleset, asked: Leaving): readonly Rule[] {
  const { key, bound, from, to, heads = [], only, isCut = false } = asked;
  const isAsked = (box: Box): boolean =>
    only === undefined ||
    only.some((o) => o.family === box.family && o.slice === box.slice && meets(o.dst, box.dst) && meets(o.b, box.b));
  const rules = outRules(ruleset, key, bound).flatMap((r): readonly Rule[] => {
    if (r.action !== "pass" && r.boxes.every((box) => heads.some((h) => containsBox(h, box)))) return [];
    const boxes = r.boxes.filter(isAsked);
    return boxes.length === 0 ? [] : [{ ...r, boxes }];
  });
  const goesThere = (box: Box): boolean =>
    to.some((r) => r.family === box.family && r.lo <= box.dst.hi && box.dst.lo <= r.hi);
  const out: Rule[] = [];
  const add = (rule: Rule, boxes: readonly Box[]): void => {
    const kept = isCut ? clip(boxes, EVERYWHERE, to) : boxes.filter(goesThere);
    if (kept.length > 0) out.push({ ...rule, boxes: kept });
  };
  for (const nat of natsOn(ruleset, key)) {
    const comesFrom = nat.boxes.filter((box) => isAsked(box) && goesThere(box) && clip([box], from).length > 0);
    const segment = isCut ? clip(comesFrom, EVERYWHERE, to) : comesFrom;
    if (segment.length === 0) continue;
    for (const rule of rules) {
      const boxes = nat.isNo
        ? segment.flatMap((s) => rule.boxes.flatMap((r) => intersect(s, r) ?? []))
        : translated(segment, nat, rule, bound);
      add(rule, boxes);
    }
    // Nothing of a segment falls through to the next: pf's default is to pass, pfSense's default deny comes before it.
    add({ id: "pf-default", action: "pass", boxes: [] }, segment);
  }
  for (const rule of rules) add(rule, rule.boxes);
  return out;
}

/** True when the list lets everything of its destinations out before it refuses anything: nothing needs cutting then. */
export function letsAllOut(ruleset: PfRuleset, { key, bound, heads = [] }: Omit<Leaving, "from" | "to">): boolean {
  const open = new Set<string>();
  for (const rule of outRules(ruleset, key, bound)) {
    if (rule.action === "pass") {
      for (const box of rule.boxes)
        if (containsBox(box, fullBox(box.family, box.slice))) open.add(`${box.family}${box.slice}`);
    } else {
      const isHarmless = (box: Box): boolean =>
        heads.some((h) => containsBox(h, box)) || open.has(`${box.family}${box.slice}`);
      if (!rule.boxes.every(isHarmless)) return false;
    }
  }
  return true;
}

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

const meets = (x: Interval, y: Interval): boolean => x.lo <= y.hi && y.lo <= x.hi;

function translated(segment: readonly Box[], nat: SourceNat, rule: Rule, bound: Bound): readonly Box[] {
  const target = nat.target;
  // Rules that do not hold the source that NAT gives are out of the question for the whole segment.
  const met = rule.boxes.filter(
    (r) => target === undefined || (r.family === target.family && r.src.lo <= target.value && target.value <= r.src.hi),
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
  boxes: everything()
    .filter((b) => b.slice === "other")
    .map((b) => ({ ...b, a: interval(112) })),
  mayBoxes: undefined,
  isNo: true,
  target: undefined,
};

export function natsOn(ruleset: PfRuleset, key: string): readonly SourceNat[] {
  const i = ruleset.interfaces.find((x) => x.key === key);
  const here = ruleset.nat.sources.filter((n) => i && isOn(n.interfaces, i, ruleset.interfaces));
  return here.length === 0 ? [] : [NO_CARP, ...here];
}

/** Every packet towards some addresses. */
export const allTowards = (to: Ranges): readonly Box[] => clip(everything(), EVERYWHERE, to);
