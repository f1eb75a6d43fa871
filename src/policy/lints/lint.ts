import type { Diagnostic } from "../../core/diagnostics.ts";
import type { Flow, Invariant, Pool, Waiver } from "../../plan/types.ts";
import { severityOf, type PolicyCode } from "../codes.ts";
import type { Intent } from "../intent.ts";

/** What a lint looks at: the plan is `intent.space.plan`. */
export interface LintContext {
  readonly intent: Intent;
  /** ISO date. */
  readonly today: string;
  /** Steps of the engine that one question may take. */
  readonly steps: number;
}

/** A finding before waivers: `flow` is the row that a waiver would name. */
export interface Finding {
  readonly code: PolicyCode;
  readonly flow: string | null;
  readonly diagnostic: Diagnostic;
}

/** A small named function that looks for one thing and reports all of it. */
export type Lint = (context: LintContext) => Iterable<Finding>;

function finding(
  code: PolicyCode,
  thing: { readonly place: Diagnostic["place"] & object },
  path: string,
  fact: string,
  hint: string,
  flow: string | null,
): Finding {
  return { code, flow, diagnostic: { code, severity: severityOf(code), place: thing.place, path, fact, hint } };
}

/** About a row. `key` is the part of it that is meant. */
export function ofFlow(
  { intent }: LintContext,
  code: PolicyCode,
  flow: Flow,
  fact: string,
  hint: string,
  key = "",
): Finding {
  const index = intent.space.plan.flows.indexOf(flow);
  return finding(code, flow, `flows[${index}]${key === "" ? "" : `.${key}`}`, `${flow.id} ${fact}`, hint, flow.id);
}

export const ofInvariant = (code: PolicyCode, invariant: Invariant, fact: string, hint: string): Finding =>
  finding(code, invariant, `invariants.${invariant.id}`, fact, hint, null);

export const ofWaiver = (code: PolicyCode, waiver: Waiver, fact: string, hint: string): Finding =>
  finding(code, waiver, `waivers.${waiver.id}`, fact, hint, null);

export const ofPool = (code: PolicyCode, pool: Pool, fact: string, hint: string): Finding =>
  finding(code, pool, `pools.${pool.id}`, fact, hint, null);
