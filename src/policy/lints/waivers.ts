import { isPolicyCode, type PolicyCode } from "../codes.ts";
import { ofWaiver, type Finding, type LintContext } from "./lint.ts";

// Accepting these would accept a table that is not what it says, or a proof that is none.
const NOT_WAIVABLE: ReadonlySet<PolicyCode> = new Set([
  "POLICY_INVARIANT_BROKEN",
  "POLICY_UNDECIDED",
  "POLICY_WAIVER_UNUSED",
  "POLICY_WAIVER_EXPIRED",
  "POLICY_WAIVER_CODE",
]);

/**
 * Takes away what a waiver of the plan accepts today, and reports the waivers that accept nothing, are out of date, or
 * name what cannot be accepted. A waiver holds through its last day.
 */
export function applyWaivers(context: LintContext, findings: readonly Finding[]): readonly Finding[] {
  const { plan } = context.intent.space;
  const accepted = new Set<Finding>();
  const about: Finding[] = [];
  for (const waiver of plan.waivers) {
    const isWaivable =
      isPolicyCode(waiver.code) && !NOT_WAIVABLE.has(waiver.code) && !waiver.code.startsWith("POLICY_PROOF_");
    if (!isWaivable) {
      const hint = "A waiver accepts a finding about one row; docs/policy.md lists the codes";
      about.push(ofWaiver("POLICY_WAIVER_CODE", waiver, `${waiver.code} cannot be waived`, hint));
      continue;
    }
    const waived = findings.filter((f) => f.code === waiver.code && f.flow === waiver.flow);
    if (waived.length === 0) {
      about.push(
        ofWaiver("POLICY_WAIVER_UNUSED", waiver, `${waiver.flow} has no finding ${waiver.code}`, "Remove the waiver"),
      );
    } else if (waiver.expires < context.today) {
      const fact = `was good until ${waiver.expires} for ${waiver.code} of ${waiver.flow}`;
      about.push(
        ofWaiver("POLICY_WAIVER_EXPIRED", waiver, fact, `Correct the row, or ask ${waiver.owner} for a new date`),
      );
    } else for (const f of waived) accepted.add(f);
  }
  return [...findings.filter((f) => !accepted.has(f)), ...about];
}
