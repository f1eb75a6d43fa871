import { holdsAll } from "../../../core/intervals.ts";
import { Fault } from "../../../core/fault.ts";
import type { Family } from "../../../core/ip.ts";
import { DIMENSIONS, everything, intersect } from "../../../policy/engine/index.ts";
import type { Box } from "../../../policy/engine/types.ts";
import type { PfRule } from "../../../pfsense/rules/types.ts";

/** The tag that a packet brings along: a name, none, or `kept` where no rule of the list asks for it. */
export type Tag = { readonly kind: "tag"; readonly name: string | undefined } | { readonly kind: "kept" };

const KEPT: Tag = { kind: "kept" };
export const tagged = (name: string | undefined): Tag => ({ kind: "tag", name });

/** What becomes of a packet: the rule that decides, and the tag that it leaves with. */
export interface Deciding {
  readonly kind: "verdict";
  readonly rule: PfRule;
  readonly boxes: readonly Box[];
  readonly tag: Tag;
}

/** Packets that go on by another list, because a rule that does not decide has changed their tag. */
export interface Branching {
  readonly kind: "branch";
  readonly rule: PfRule;
  readonly boxes: readonly Box[];
  readonly to: Decision;
}

/** A list in which the first match decides; a branch never comes back. What nothing matches is blocked. */
export interface Decision {
  readonly steps: readonly (Deciding | Branching)[];
}

/** Rules that change tags without deciding may double the list each; real files have none or one. */
const MAX_LISTS = 256;

/**
 * pf's list for one interface and direction as first matches, exactly: quick rules in order, then the others from last
 * to first, each where it surely matches when it passes, and where it may match when it blocks (the bound `least` of
 * pfsense/rules). Tags are followed as `pf_test_rule` does: set the moment a rule matches, deciding or not.
 * @param rules the list in pf's order
 * @param entry the tag that packets come with
 */
export function decide(rules: readonly PfRule[], entry: Tag): Decision {
  let lists = 0;
  const make = (from: number, tag: Tag, fallbacks: readonly Deciding[]): Decision => {
    if (++lists > MAX_LISTS) throw tooManyTags();
    const steps: (Deciding | Branching)[] = [];
    let late = fallbacks;
    for (let k = from; k < rules.length; k++) {
      const rule = rules[k]!;
      const boxes = surely(rule);
      if (boxes.length === 0 || !asksFor(rule, tag)) continue;
      const after = rule.setsTag === undefined ? tag : tagged(rule.setsTag);
      if (rule.isQuick && rule.action !== "match") {
        steps.push({ kind: "verdict", rule, boxes, tag: after });
        continue;
      }
      if (!isSame(after, tag)) {
        // Who comes this way has matched this rule, which is therefore the last match so far, unless it decides nothing.
        const own = { kind: "verdict", rule, boxes, tag: after } as const;
        const carried = rule.action === "match" ? late.map((f) => ({ ...f, tag: after })) : [own];
        steps.push({ kind: "branch", rule, boxes, to: make(k + 1, after, carried) });
      }
      if (rule.action !== "match" && isSame(after, tag)) late = [{ kind: "verdict", rule, boxes, tag }, ...late];
    }
    return { steps: reachable([...steps, ...late]) };
  };
  return make(0, entry, []);
}

/** Without what comes after a rule that takes a whole family: pf would never look at it, nor need a reader. */
function reachable(steps: readonly (Deciding | Branching)[]): readonly (Deciding | Branching)[] {
  const open = new Set<Family>([4, 6]);
  return steps.flatMap((step) => {
    const boxes = step.boxes.filter((b) => open.has(b.family));
    for (const family of [...open]) if (takesAll(boxes, family)) open.delete(family);
    if (boxes.length === 0) return [];
    return boxes.length === step.boxes.length ? [step] : [{ ...step, boxes }];
  });
}

const takesAll = (boxes: readonly Box[], family: Family): boolean =>
  everything(family).every((all) =>
    boxes.some((b) => b.family === family && b.slice === all.slice && DIMENSIONS.every((d) => holdsAll(b[d], all[d]))),
  );

const tooManyTags = (): Fault =>
  new Fault(
    "ROUTER_TAGS",
    `Rules that set tags without being quick make more than ${MAX_LISTS} lists on one interface`,
    "Make the floating rules that set a tag quick, or use fewer tags.",
  );

const isSame = (a: Tag, b: Tag): boolean =>
  a.kind === "kept" ? b.kind === "kept" : b.kind === "tag" && a.name === b.name;

const asksFor = (rule: PfRule, tag: Tag): boolean =>
  rule.tagged === undefined || (tag.kind === "tag" && (rule.tagged.tag === tag.name) !== rule.tagged.isNot);

/** What a rule takes for sure: a doubtful pass passes less, a doubtful block blocks more. */
const surely = (rule: PfRule): readonly Box[] =>
  rule.action === "block" || rule.action === "reject" ? (rule.mayBoxes ?? rule.boxes) : rule.boxes;

/**
 * The tags that make a difference to a list; without any, what a packet brings along does not matter to it.
 * @param given the tags that any rule gives: packets with another do not exist
 */
export function entriesOf(rules: readonly PfRule[], given: ReadonlySet<string>): readonly Tag[] {
  const asked = new Set(rules.flatMap((r) => (r.tagged ? [r.tagged.tag] : [])));
  if (asked.size === 0) return [KEPT];
  return [tagged(undefined), ...[...asked].filter((t) => given.has(t)).map(tagged)];
}

/** One line of a decision without branches. */
export interface FlatStep {
  readonly rule: PfRule;
  readonly tag: Tag;
  readonly boxes: readonly Box[];
}

/** The same list with its branches written out. */
export function flattened(decision: Decision): readonly FlatStep[] {
  return decision.steps.flatMap((step): readonly FlatStep[] => {
    if (step.kind === "verdict") return [step];
    const inner = flattened(step.to).map((s) => ({ ...s, boxes: meet(step.boxes, s.boxes) }));
    // A branch never comes back: what nothing in it matches ends there.
    const rest = { rule: DROPPED, tag: KEPT, boxes: step.boxes };
    return [...inner.filter((s) => s.boxes.length > 0), rest];
  });
}

const meet = (x: readonly Box[], y: readonly Box[]): readonly Box[] =>
  x.flatMap((a) => y.flatMap((b) => intersect(a, b) ?? []));

/** Stands for "no rule": pfSense's default deny matches everything, so it decides nothing in practice. */
const DROPPED: PfRule = {
  id: "no-rule",
  tracker: undefined,
  action: "block",
  direction: "any",
  interfaces: undefined,
  isNotOn: false,
  isQuick: true,
  boxes: [],
  mayBoxes: undefined,
  uncertain: [],
  tagged: undefined,
  setsTag: undefined,
  isStateful: false,
  isLogged: false,
  by: "pfsense",
  place: undefined,
  description: "no rule matches",
  gateway: undefined,
};
