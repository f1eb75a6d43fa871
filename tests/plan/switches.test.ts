import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { whyNone } from "../../src/accept/probes/report.ts";
import { parsePlan, type Plan } from "../../src/plan/index.ts";
import { intentOf } from "../../src/policy/intent.ts";
import { lintPolicy } from "../../src/policy/lints/index.ts";
import { allProbes, vocabulary } from "../../src/roles/registry.ts";
import { repositoryRoot } from "../../src/stack/root.ts";

const folder = join(repositoryRoot(), "tests/plans/lab");
const parsed = (change: (flows: string) => string) =>
  parsePlan(
    new Map(
      readdirSync(folder).map((name) => {
        const text = readFileSync(join(folder, name), "utf8");
        return [name, Buffer.from(name === "flows.yaml" ? change(text) : text)];
      }),
    ),
    { nodes: 2, roles: vocabulary },
  );
const off = (flows: string): string => flows.replace(/(degraded: .*enabled: )true/, "$1false");

test("one line takes away the rows, forwards and invariants that name it, and nothing else", () => {
  const [on, without] = [parsed((flows) => flows), parsed(off)];
  if (!on.ok || !without.ok) throw new Error("the lab's plan has faults");
  const gone = <T extends { readonly id: string }>(before: readonly T[], after: readonly T[]): readonly string[] =>
    before.filter((one) => !after.some((other) => other.id === one.id)).map((one) => one.id);
  expect(gone(on.value.flows, without.value.flows)).toEqual(["F462"]);
  expect(gone(on.value.forwards, without.value.forwards)).toEqual(["ebrigade"]);
  expect(gone(on.value.invariants, without.value.invariants)).toEqual(["field-reaches-ebrigade"]);
  expect(without.warnings).toEqual(on.warnings);
  const said = (plan: Plan) => lintPolicy(intentOf(plan), "2026-12-01").map((f) => `${f.code} ${f.path}`);
  expect(said(without.value)).toEqual(said(on.value));
});

test("acceptance says of a need that it was switched off", () => {
  const outcome = parsed(off);
  if (!outcome.ok) throw new Error("the lab's plan has faults");
  const need = outcome.value.coverage.get("N13")!;
  expect(allProbes(outcome.value).filter((p) => p.needs.includes("N13"))).toEqual([]);
  expect(whyNone(need, "en")).toMatch(/^not shown: switched off by the plan \(eBrigade de l'Internet/);
  expect(whyNone(need, "fr")).toMatch(/^non montré : désactivé par le plan/);
  expect(outcome.value.coverage.get("N3")!.switchedOff).toEqual([]);
});

test("a switch that is none is refused", () => {
  const outcome = parsed((flows) => flows.replace("switch: degraded", "switch: degrade"));
  expect(outcome.ok ? [] : outcome.errors.map((e) => `${e.code} ${e.hint}`)).toEqual([
    expect.stringMatching(/^PLAN_UNKNOWN_SWITCH did you mean "degraded"\?/i),
  ]);
});
