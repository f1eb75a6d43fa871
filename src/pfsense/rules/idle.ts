import type { Place } from "../../core/diagnostics.ts";
import { meets } from "../../policy/engine/boxes.ts";
import { makeMeter, type Meter } from "../../policy/engine/budget.ts";
import { compile, type CompiledRules } from "../../policy/engine/compile.ts";
import { findIdle, type Redundant } from "../../policy/engine/redundant.ts";
import { findShadows } from "../../policy/engine/shadows.ts";
import type { Rule } from "../../policy/engine/types.ts";
import type { PfFilterRule } from "../model/filter.ts";
import { firstMatchOrder, rulesOn } from "./flatten.ts";
import type { PfRule, PfRuleset } from "./types.ts";

/*
 * Rules of the user that do nothing. A rule does more than to let pass or to refuse: it sends by a gateway, sets a tag,
 * keeps a state of some kind, logs, puts into a queue, and takes TCP segments that begin no connection. It is idle only
 * where none of that is missed, in every list that it is part of, without it alone and without all that are reported.
 */

export type Written = ReadonlyMap<Place, PfFilterRule>;

export interface Idle {
  readonly rule: PfRule;
  /** `unreached`: earlier rules take all its packets. `repeated`: what comes later does the very same to them. */
  readonly kind: "unreached" | "repeated";
  /** Of an unreached rule: who takes its packets, in order. */
  readonly cover: readonly string[];
}

/** Steps of the engine for one interface's list: about two seconds. */
const STEPS_PER_LIST = 100_000_000;

/** A rule is reported when it does nothing in any list that it is part of; one that may match is left alone. */
export function idleRules(ruleset: PfRuleset, written: Written): readonly Idle[] {
  const lists = new Map<PfRule, number>();
  const idle = new Map<PfRule, Idle[]>();
  for (const { key } of ruleset.interfaces.filter((i) => i.kind !== "group")) {
    for (const direction of ["in", "out"] as const) {
      const list = firstMatchOrder(rulesOn(ruleset, key, direction)).filter((r) => r.action !== "match");
      for (const r of list) if (isJudged(r, written)) lists.set(r, (lists.get(r) ?? 0) + 1);
      if (!list.some((r) => isJudged(r, written))) continue;
      for (const found of idleIn(list, written)) idle.set(found.rule, [...(idle.get(found.rule) ?? []), found]);
    }
  }
  return [...idle].flatMap(([rule, found]) => {
    if (found.length < lists.get(rule)!) return [];
    const [first] = found;
    // Unreached here and repeated there is not unreached.
    return found.every((f) => f.kind === first!.kind) ? [first!] : [{ rule, kind: "repeated", cover: [] }];
  });
}

const isJudged = (r: PfRule, written: Written): boolean => r.by === "user" && !hangsOn(r, writtenOf(r, written));

/** Whether a packet's fate by this rule hangs on something that is not looked at here. */
const hangsOn = (r: PfRule, w: PfFilterRule | undefined): boolean =>
  r.mayBoxes !== undefined || r.tagged !== undefined || hasOwnFlags(r, w);

/** TCP flags of one's own: which segments they are about is not looked at. */
const hasOwnFlags = (r: PfRule, w: PfFilterRule | undefined): boolean =>
  w?.protocol === "tcp" && !w.isAnyTcpFlags && w.tcpFlagsOutOf !== undefined && r.action === "pass";

const writtenOf = (r: PfRule, written: Written): PfFilterRule | undefined =>
  r.place ? written.get(r.place) : undefined;

/** Whether TCP segments that begin no connection match it: pf gives a rule that keeps a state `flags S/SA` (pf.conf(5)). */
const takesStrays = (r: PfRule, w: PfFilterRule | undefined): boolean =>
  r.action !== "pass" || !r.isStateful || w?.isAnyTcpFlags === true;

/** All that is done to a packet that a rule decides. */
function effectOf(r: PfRule, w: PfFilterRule | undefined): string {
  const log = r.isLogged ? " log" : "";
  if (r.action !== "pass") return `${r.action}${log}`;
  return JSON.stringify([
    `pass${log}`,
    w?.gateway ?? r.gateway ?? "",
    r.setsTag ?? "",
    r.isStateful ? (w?.stateType ?? "keep state") : "none",
    w?.statePolicy ?? "",
    w?.isReplyToOff ?? false,
    w?.allowsOptions ?? false,
    w?.isNoPfsync ?? false,
    [...(w?.options ?? [])].filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

function idleIn(list: readonly PfRule[], written: Written): readonly Idle[] {
  const of = (r: PfRule): PfFilterRule | undefined => writtenOf(r, written);
  const meter = makeMeter(STEPS_PER_LIST);
  const effects = list.map((r) => effectOf(r, of(r)));
  const ask = (rules: readonly Rule[], asked: ReadonlySet<number>): readonly Redundant[] =>
    findIdle(compile(rules), {
      meter,
      isAsked: (i) => asked.has(i),
      effectOf: (i) => effects[i]!,
      // pf passes what no rule matches; pfSense's own last rules leave it nothing.
      defaultEffect: "block",
    });
  const certain = list.map((r): Rule => ({ id: r.id, action: actionOf(r), boxes: hangsOn(r, of(r)) ? [] : r.boxes }));
  const candidates = new Set(
    list.flatMap((r, i) => (isJudged(r, written) && !meetsDoubt(list, i, effects, written) ? [i] : [])),
  );
  const first = ask(certain, candidates);
  const strays = certain.map((r, i): Rule => {
    const boxes = takesStrays(list[i]!, of(list[i]!)) ? r.boxes.filter((b) => b.slice === "tcp") : [];
    return { ...r, boxes };
  });
  const takers = new Set(
    first
      // A block that no connection reaches is called unreached: the last rules refuse the same segments.
      .filter(({ index, reason }) => reason === "repeated" || list[index]!.action === "pass")
      .flatMap(({ index }) => (strays[index]!.boxes.length > 0 ? [index] : [])),
  );
  const idleForStrays = new Set(takers.size === 0 ? [] : ask(strays, takers).map((found) => found.index));
  const covers = coversOf(compile(certain), meter);
  return first
    .filter(({ index }) => !takers.has(index) || idleForStrays.has(index))
    .map(({ index, reason }): Idle => {
      const rule = list[index]!;
      if (reason === "repeated") return { rule, kind: "repeated", cover: [] };
      return { rule, kind: "unreached", cover: covers.get(index) ?? [] };
    });
}

const actionOf = (r: PfRule): Rule["action"] => (r.action === "match" ? "pass" : r.action);

const coversOf = (compiled: CompiledRules, meter: Meter): ReadonlyMap<number, readonly string[]> =>
  new Map(findShadows(compiled, { meter }).shadows.map((s) => [s.index, s.cover]));

/** A later rule that may take some of its packets and do something else to them: nobody knows what would happen. */
function meetsDoubt(list: readonly PfRule[], index: number, effects: readonly string[], written: Written): boolean {
  const { boxes } = list[index]!;
  return list.some((other, i) => {
    if (i <= index || effects[i] === effects[index] || !hangsOn(other, writtenOf(other, written))) return false;
    return (other.mayBoxes ?? other.boxes).some((b) => boxes.some((own) => meets(own, b)));
  });
}
