import { holds, keyOf, normalise, subtract } from "../../core/intervals.ts";
import {
  equalBoxes,
  equivalent,
  formatPacket,
  interval,
  type Box,
  type Interval,
  type Meter,
  type Rule,
} from "../../policy/engine/index.ts";
import type { Redirect, SourceNat } from "../rules/nat-types.ts";
import type { PfRule, PfRuleset } from "../rules/types.ts";
import type { FactProof } from "./types.ts";
import type { Ways } from "./ways.ts";

/** Pairs of addresses that stand for each other: the two routers' legs in one zone. */
type Swaps = readonly (readonly [bigint, bigint])[];

const swapsOf = (a: Ways, b: Ways): Swaps =>
  a.router.nics.flatMap((nic) => {
    const other = b.router.nics.find((n) => n.zone === nic.zone);
    return other ? [[nic.address.value, other.address.value] as const] : [];
  });

/** The two files are one, rule for rule, when each own address is read as the other's: names of rules and logs included. */
export const areMirrored = (a: Ways, b: Ways): boolean =>
  a.lost.length + b.lost.length === 0 && isMirrored(a.ruleset, b.ruleset, swapsOf(a, b));

/** The lists of both routers are one list when each own address is read as the other's. */
export function provePair(
  a: Ways,
  b: Ways,
  listsOf: (ways: Ways) => ReadonlyMap<string, readonly Rule[]>,
  meter: Meter,
): readonly FactProof[] {
  const swaps = swapsOf(a, b);
  if (areMirrored(a, b)) return [];
  const theirs = listsOf(b);
  return [...listsOf(a)].flatMap(([ingress, mine]): readonly FactProof[] => {
    const other = theirs.get(ingress);
    if (!other) return [];
    const verdict = equivalent(mirror(mine, swaps), other, { meter });
    if (verdict.kind === "proven") return [];
    const names = `${a.router.id} and ${b.router.id}`;
    const fact =
      verdict.kind === "refuted"
        ? `${names} treat ${formatPacket(verdict.witness)} at ${ingress} differently`
        : `whether ${names} are equal at ${ingress} is undecided`;
    const hint = "Both files must come from one plan; emit them again";
    return [{ code: "POLICY_PROOF_ROUTERS_DIFFER", router: b.router.id, verdict: verdict.kind, fact, hint }];
  });
}

/**
 * Rule for rule the same, in the same order, with the same translations and routes: then there is nothing to ask. Sets of
 * addresses are compared whole, so that a set that tells the pair apart may be cut differently on both sides.
 */
function isMirrored(a: PfRuleset, b: PfRuleset, swaps: Swaps): boolean {
  if (a.nat.binats.length + b.nat.binats.length > 0) return false;
  const isOwn = ownAmong(swaps);
  const isSame = (x: readonly Box[], y: readonly Box[]): boolean =>
    areSame(x, y, isOwn) || textOf(x, swaps) === textOf(y, []);
  const routes = (set: PfRuleset): readonly string[] =>
    set.routes.flatMap((r) =>
      r.interface === undefined ? [] : `${r.interface} ${r.network.base} ${r.network.prefix}`,
    );
  return (
    pairUp(a.rules, b.rules, (x, y) => headOf(x) === headOf(y) && isSame(x.boxes, y.boxes) && isSame(may(x), may(y))) &&
    pairUp(
      a.nat.redirects,
      b.nat.redirects,
      (x, y) => headOfRedirect(x) === headOfRedirect(y) && isSame(x.boxes, y.boxes),
    ) &&
    pairUp(
      a.nat.sources,
      b.nat.sources,
      (x, y) => headOfNat(x, swaps) === headOfNat(y, []) && isSame(x.boxes, y.boxes),
    ) &&
    pairUp(routes(a), routes(b), (x, y) => x === y)
  );
}

const pairUp = <T>(x: readonly T[], y: readonly T[], isPair: (x: T, y: T) => boolean): boolean =>
  x.length === y.length && x.every((one, i) => isPair(one, y[i]!));

const may = (r: PfRule): readonly Box[] => r.mayBoxes ?? [];

const headOf = (r: PfRule): string =>
  [
    r.id,
    r.isLogged,
    r.action,
    r.direction,
    r.interfaces?.join(),
    r.isNotOn,
    r.isQuick,
    r.tagged?.tag,
    r.tagged?.isNot,
    r.setsTag,
    r.gateway,
  ].join(" ");

const headOfRedirect = (r: Redirect): string =>
  [r.id, r.interfaces.join(), r.isNo, r.isPass, JSON.stringify(r.target, plain), JSON.stringify(r.port)].join(" ");

const headOfNat = (n: SourceNat, swaps: Swaps): string =>
  [n.id, n.interfaces.join(), n.isNo, swapped(n.target?.value, swaps)].join(" ");

/** Whether an interval holds one of a pair without the other: then the pair's addresses cannot change places in it. */
function ownAmong(swaps: Swaps): (i: Interval) => boolean {
  const known = new Map<Interval, boolean>();
  return (i) => {
    const found = known.get(i) ?? swaps.some(([x, y]) => holds(i, x) !== holds(i, y));
    known.set(i, found);
    return found;
  };
}

/** Most rules know nothing of the routers' own addresses, and are the same to the letter. */
const areSame = (x: readonly Box[], y: readonly Box[], isOwn: (i: Interval) => boolean): boolean =>
  pairUp(x, y, (one, other) => equalBoxes(one, other) && (one.family === 6 || !(isOwn(one.src) || isOwn(one.dst))));

const plain = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

const swapped = (value: bigint | undefined, swaps: Swaps): string => {
  const pair = swaps.find(([x, y]) => x === value || y === value);
  return String(pair ? (pair[0] === value ? pair[1] : pair[0]) : value);
};

// A rule's boxes are products of sets: each side is told as one set, once per service.
function textOf(boxes: readonly Box[], swaps: Swaps): string {
  const groups = new Map<string, { src: Interval[]; dst: Interval[] }>();
  for (const box of boxes) {
    const key = `${box.family}${box.slice} ${box.a.lo}-${box.a.hi} ${box.b.lo}-${box.b.hi}`;
    const group = groups.get(key) ?? { src: [], dst: [] };
    groups.set(key, group);
    const swapsHere = box.family === 4 ? swaps : [];
    group.src.push(...mirrorInterval(box.src, swapsHere));
    group.dst.push(...mirrorInterval(box.dst, swapsHere));
  }
  const text = (list: readonly Interval[]): string => keyOf(normalise(list));
  return [...groups]
    .map(([key, g]) => `${key} ${text(g.src)} ${text(g.dst)}`)
    .sort()
    .join(";");
}

const mirror = (rules: readonly Rule[], swaps: Swaps): readonly Rule[] =>
  rules.map((r) => ({ ...r, boxes: r.boxes.flatMap((box) => mirrorBox(box, swaps)) }));

function mirrorBox(box: Box, swaps: Swaps): readonly Box[] {
  if (box.family !== 4) return [box];
  const sources = mirrorInterval(box.src, swaps);
  const targets = mirrorInterval(box.dst, swaps);
  if (sources.length === 1 && targets.length === 1) return [{ ...box, src: sources[0]!, dst: targets[0]! }];
  return sources.flatMap((src) => targets.map((dst) => ({ ...box, src, dst })));
}

// An interval that holds both of a pair stays as it is; only those that tell them apart are cut.
function mirrorInterval(i: Interval, swaps: Swaps): readonly Interval[] {
  const moved = swaps.flatMap(([x, y]): readonly (readonly [bigint, bigint])[] =>
    holds(i, x) === holds(i, y) ? [] : [holds(i, x) ? [x, y] : [y, x]],
  );
  if (moved.length === 0) return [i];
  const rest = subtract([i], normalise(moved.map(([out]) => interval(out))));
  return normalise([...rest, ...moved.map(([, into]) => interval(into))]);
}
