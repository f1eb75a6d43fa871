import { expect, test } from "vitest";
import type { Diagnostic } from "../../src/core/diagnostics.ts";
import { refusalOfCheck } from "../../src/cli/judge.ts";

const finding = (severity: Diagnostic["severity"], code: string): Diagnostic => ({
  severity,
  code,
  path: "flows[3]",
  fact: `what ${code} is`,
  hint: "do it otherwise",
});

test("what check finds wrong is what preview says that an up refuses: every fault, and no warning", () => {
  expect(refusalOfCheck({ ok: true, findings: [finding("warning", "POLICY_UNUSED")] })).toBeUndefined();
  const findings = [
    finding("error", "POLICY_SHADOWED"),
    finding("warning", "POLICY_UNUSED"),
    finding("error", "ROLE_NEED_REFUSED"),
  ];
  const refusal = refusalOfCheck({ ok: false, findings })!;
  expect(refusal.code).toBe("PLAN_REFUSED");
  expect(refusal.message).toContain("POLICY_SHADOWED");
  expect(refusal.message).toContain("ROLE_NEED_REFUSED");
  expect(refusal.message).not.toContain("POLICY_UNUSED");
});

test("a proof that was not reached is a refusal too, and says so", () => {
  expect(refusalOfCheck({ ok: false, findings: [] })!.message).toContain("not proven");
});
