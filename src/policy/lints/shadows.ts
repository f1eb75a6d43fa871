import { compile, findRedundant, findShadows, formatPacket, type Rule } from "../engine/index.ts";
import type { Flow } from "../../plan/types.ts";
import { ofFlow, type Finding, type Lint, type LintContext } from "./lint.ts";

const named = (ids: readonly string[]): string =>
  ids.length < 2 ? ids.join("") : `${ids.slice(0, -1).join(", ")} and ${ids.at(-1)}`;

const flowOf = (context: LintContext, id: string): Flow => context.intent.space.plan.flows.find((f) => f.id === id)!;

/** Rows that no packet reaches: by one earlier row or by several together, with a cover that needs all its members. */
export const shadowedRows: Lint = function* (context) {
  const { compiled, rows } = context.intent;
  const report = findShadows(compiled, { stepsPerRule: context.steps });
  for (const shadow of report.shadows) {
    const flow = flowOf(context, shadow.rule);
    const twin = twinOf(rows, shadow.index, shadow.cover);
    if (twin !== undefined) {
      yield ofFlow(context, "POLICY_DUPLICATE", flow, `says the same as ${twin}`, "Remove one of the two");
    } else if (shadow.kind === "same") {
      const fact = `is never reached: ${named(shadow.cover)} ${shadow.cover.length > 1 ? "together decide" : "decides"} the same before it`;
      yield ofFlow(context, "POLICY_SHADOWED_SAME", flow, fact, "Remove it, or narrow what stands before it");
    } else {
      const by = shadow.blocker;
      const example = by ? `; ${by.rule} decides ${formatPacket(by.example)}` : "";
      const fact = `is never reached: ${named(shadow.cover)} ${shadow.cover.length > 1 ? "together decide" : "decides"} all of it${example}`;
      yield ofFlow(context, "POLICY_SHADOWED", flow, fact, "Move it up, or narrow what stands before it");
    }
  }
  for (const id of report.undecided) yield undecided(context, flowOf(context, id), "whether some packet reaches it");
};

// An earlier row of one cover that has the same boxes, whatever it does with them.
function twinOf(rows: readonly Rule[], index: number, cover: readonly string[]): string | undefined {
  const textOf = (rule: Rule): string =>
    rule.boxes
      .map((b) => [b.family, b.slice, b.src.lo, b.src.hi, b.dst.lo, b.dst.hi, b.a.lo, b.a.hi, b.b.lo, b.b.hi].join())
      .sort()
      .join(" ");
  const row = rows[index]!;
  if (cover.length !== 1) return undefined;
  return rows.slice(0, index).find((r) => r.action === row.action && textOf(r) === textOf(row))?.id;
}

/**
 * Rows without which every packet that a router sees would fare the same, and be logged the same. Sections 3, 5 and 6 are
 * there by ANSSI's recommendation whether or not a later row repeats them.
 */
export const redundantRows: Lint = function* (context) {
  const { intent } = context;
  const { flows } = intent.space.plan;
  const report = findRedundant(intent.compiled, { stepsPerRule: context.steps });
  const isStructural = (flow: Flow): boolean => flow.section === 3 || flow.section >= 5;
  for (const { rule, index, reason } of report.redundant) {
    const flow = flows[index]!;
    if (reason !== "repeated" || isStructural(flow) || rowIsGone(context, index)) continue;
    const later = flows.slice(index + 1).filter((f) => f.action === flow.action && f.isLogged === flow.isLogged);
    if (!isCoveredBy(context, index, later)) continue;
    yield ofFlow(
      context,
      "POLICY_REDUNDANT",
      flowOf(context, rule),
      `changes nothing: later rows ${flow.action} the same`,
      "Remove it",
    );
  }
  for (const id of report.undecided) yield undecided(context, flowOf(context, id), "whether it changes anything");
};

const rowIsGone = (context: LintContext, index: number): boolean => context.intent.rows[index]!.boxes.length === 0;

// The table without what the final refusal gives to everybody: a later row must say it itself, log and all.
function isCoveredBy(context: LintContext, index: number, later: readonly Flow[]): boolean {
  const { rows } = context.intent;
  const ids = new Set(later.map((f) => f.id));
  const others = rows.filter((r, i) => i < index || ids.has(r.id));
  const last: Rule = { ...rows[index]!, id: "asked" };
  return findShadows(compile([...others, last])).shadows.some((s) => s.rule === "asked");
}

const undecided = (context: LintContext, flow: Flow, what: string): Finding =>
  ofFlow(
    context,
    "POLICY_UNDECIDED",
    flow,
    `${what} is undecided: the budget of steps ended first`,
    "Simplify the rows before it",
  );
