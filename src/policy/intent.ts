import { isRoutersName } from "../plan/query.ts";
import type { Endpoint, Flow, Plan } from "../plan/types.ts";
import {
  compile,
  DEFAULT_FRAGMENTS,
  makeMeter,
  type Action,
  type Box,
  type CompiledRules,
  type Meter,
  type Rule,
} from "./engine/index.ts";
import { DEFAULT_STEPS_PER_REPORT } from "./engine/budget.ts";
import { decidedBy } from "./decided.ts";
import {
  boxesBetween,
  clip,
  rangesOf,
  sanePart,
  SELF,
  spaceOf,
  tailsOf,
  type Ingress,
  type PlanSpace,
} from "./space.ts";

const ACTIONS: Readonly<Record<Flow["action"], Action>> = { allow: "pass", deny: "block", reject: "reject" };

/** A row as a rule of the engine: what it says, whatever stands before it. */
export const ruleOfFlow = (space: PlanSpace, flow: Flow): Rule => ({
  id: flow.id,
  action: ACTIONS[flow.action],
  boxes: boxesBetween(rangesOf(space, flow.from), rangesOf(space, flow.to), tailsOf(space, flow.services)),
});

/**
 * The flow table as a first-match list; what no row matches is denied. One list serves every ingress: a source belongs
 * to one place (`Ingress.enters`), and the table speaks of sources.
 */
export const rowsOf = (space: PlanSpace): readonly Rule[] => space.plan.flows.map((flow) => ruleOfFlow(space, flow));

/** What one row really decides at one ingress. */
export interface RowShare {
  readonly flow: Flow;
  /** Everything that the table gives to the row there, to the letter. */
  readonly may: readonly Box[];
  /** The part of it that must get through (`sanePart`). */
  readonly must: readonly Box[];
}

export interface Intent {
  readonly space: PlanSpace;
  /** The table to the letter, as one list. */
  readonly rows: readonly Rule[];
  readonly compiled: CompiledRules;
  /** The table as it applies at an ingress. */
  readonly listAt: (ingress: string) => CompiledRules;
  /** By ingress: the rows that allow or reject something there, in the table's order. Disjoint. */
  readonly shares: ReadonlyMap<string, readonly RowShare[]>;
  /** Rows for which the budget of pieces or steps ended first; nothing may be proven about them. */
  readonly undecided: readonly string[];
}

/**
 * The table's meaning for each ingress. What the routers themselves send is meant by `firewall`, by `any` and by a
 * router's name, and by no zone that they have a leg in; what arrives is meant by everything but `firewall`.
 */
export function intentOf(plan: Plan, meter: Meter = makeMeter(DEFAULT_STEPS_PER_REPORT)): Intent {
  const space = spaceOf(plan);
  const rows = rowsOf(space);
  const isRouters = (end: Endpoint): boolean =>
    end.kind === "firewall" || end.kind === "any" || isRoutersName(plan, end);
  const listOf = (isMeant: (end: Endpoint) => boolean): CompiledRules =>
    compile(plan.flows.map((f) => ruleOfFlow(space, { ...f, from: f.from.filter(isMeant) })));
  const own = listOf(isRouters);
  const arriving = listOf((end) => end.kind !== "firewall");
  const undecided = new Set<string>();
  const decidedIn = (compiled: CompiledRules): readonly (readonly Box[])[] =>
    plan.flows.map((flow, index) => {
      if (flow.action === "deny") return [];
      const boxes = decidedBy(compiled, index, meter, DEFAULT_FRAGMENTS);
      if (boxes === null) undecided.add(flow.id);
      return boxes ?? [];
    });
  const [ours, others] = [decidedIn(own), decidedIn(arriving)];
  const shares = new Map(space.ingresses.map((i) => [i.id, sharesAt(space, i, i.id === SELF ? ours : others)]));
  const listAt = (ingress: string): CompiledRules => (ingress === SELF ? own : arriving);
  return { space, rows, compiled: compile(rows), listAt, shares, undecided: [...undecided] };
}

function sharesAt(space: PlanSpace, ingress: Ingress, decided: readonly (readonly Box[])[]): readonly RowShare[] {
  return space.plan.flows.flatMap((flow, index) => {
    const may = clip(decided[index] ?? [], ingress.enters);
    return may.length === 0 ? [] : [{ flow, may, must: sanePart(space, ingress, may) }];
  });
}
