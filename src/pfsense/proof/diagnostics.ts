import type { Diagnostic, Place } from "../../core/diagnostics.ts";
import type { Plan } from "../../plan/types.ts";
import type { PfConfig } from "../model/config.ts";
import type { PolicyCode } from "../../policy/codes.ts";
import { severityOf } from "../../policy/codes.ts";
import type { Proof, Witness } from "./types.ts";

/** What a proof found wrong, as a person reads it: at the row in the plan, else at the rule in the file. */
export function diagnosticsOf(plan: Plan, configs: ReadonlyMap<string, PfConfig>, proof: Proof): readonly Diagnostic[] {
  const make = (code: PolicyCode, place: Place | undefined, path: string, fact: string, hint: string): Diagnostic => ({
    code,
    severity: severityOf(code),
    ...(place ? { place } : {}),
    path,
    fact,
    hint,
  });
  const placeOfRule = (w: Witness): Place | undefined => {
    const config = configs.get(w.router);
    return w.rule === null ? undefined : config?.filter.rules.find((r) => r.tracker === w.rule)?.place;
  };
  const where = (w: Witness): string => `at ${w.ingress} of ${w.router}`;
  const byRule = (w: Witness): string => (w.rule === null ? "no rule" : `rule ${w.rule}`);
  const rows = proof.rows.flatMap((row) => {
    const index = plan.flows.findIndex((f) => f.id === row.id);
    const flow = plan.flows[index];
    if (!flow) return [];
    const path = `flows[${index}]`;
    const undecided =
      row.verdict === "undecided"
        ? [make("POLICY_PROOF_UNDECIDED", flow.place, path, `${row.id}: undecided`, HINT_UNDECIDED)]
        : [];
    const wrong = row.witnesses.map((w) =>
      make(
        "POLICY_PROOF_MISSING",
        flow.place,
        path,
        `${row.id} says ${row.action}, and ${where(w)} ${w.text} meets ${w.action} by ${byRule(w)}`,
        "Emit the configuration from the plan again, or correct the row",
      ),
    );
    return [
      ...undecided,
      ...wrong,
      ...row.logs.map((text) =>
        make("POLICY_PROOF_LOG", flow.place, path, `${row.id}: ${text}`, "Emit the configuration again"),
      ),
    ];
  });
  const excess = proof.excess.map((w) =>
    make(
      w.isSpoofed ? "POLICY_PROOF_SPOOF" : "POLICY_PROOF_EXCESS",
      placeOfRule(w),
      "",
      w.isSpoofed
        ? `${where(w)} ${byRule(w)} lets in ${w.text}, whose source does not belong there`
        : `${where(w)} ${byRule(w)} lets through ${w.text}, and no row does`,
      "Narrow the rule, or write the row that is meant",
    ),
  );
  const forwards = proof.forwards
    .filter((f) => f.verdict !== "proven")
    .map((f) =>
      make(
        f.verdict === "undecided" ? "POLICY_PROOF_UNDECIDED" : "POLICY_PROOF_FORWARD",
        plan.forwards.find((x) => x.id === f.id)?.place,
        plan.forwards.some((x) => x.id === f.id) ? `forwards.${f.id}` : "",
        `${f.router}: ${f.fact}`,
        "Each forward of the plan is one redirect on the VIP of each of its WANs, and there are no others",
      ),
    );
  const invariants = proof.invariants.flatMap((i) => {
    const place = plan.invariants.find((x) => x.id === i.id)?.place;
    const path = `invariants.${i.id}`;
    if (i.verdict === "undecided")
      return [make("POLICY_PROOF_UNDECIDED", place, path, "undecided in the files", HINT_UNDECIDED)];
    return i.witnesses.map((w) =>
      make(
        "POLICY_PROOF_INVARIANT",
        place,
        path,
        `${where(w)} ${w.text} meets ${w.action} by ${byRule(w)}`,
        "The file breaks it, whatever the table says",
      ),
    );
  });
  const facts = proof.facts.map((f) =>
    make(f.verdict === "undecided" ? "POLICY_PROOF_UNDECIDED" : f.code, undefined, "", f.fact, f.hint),
  );
  const undecided = proof.undecided.map((text) => make("POLICY_PROOF_UNDECIDED", undefined, "", text, HINT_UNDECIDED));
  return [...rows, ...excess, ...forwards, ...invariants, ...facts, ...undecided];
}

const HINT_UNDECIDED =
  "Nothing undecided counts as proven: remove what the file does not tell, or raise the budget of steps";
