import { expect, test } from "vitest";
import { probesOf } from "../../../src/accept/probes/index.ts";
import type { Probe } from "../../../src/roles/role.ts";
import { parsePlan, type Plan } from "../../../src/plan/index.ts";
import { vocabulary } from "../../../src/roles/registry.ts";
import { bytesOf, labDocuments } from "../../plan/lab-documents.ts";

const outcome = parsePlan(bytesOf(await labDocuments()), { roles: vocabulary });
const plan: Plan = outcome.ok ? outcome.value : (undefined as never);
const probe = (): Probe => probesOf(plan).find((p) => p.id === "users-at-once")!;
const judged = (answer: object): ReturnType<Probe["judge"]> =>
  probe().judge({ exitCode: 0, stdout: JSON.stringify(answer), stderr: "" });

test("all ten are in, and soon", () => {
  expect(probe().needs).toEqual(["N8"]);
  expect(judged({ in: 10, slowest: 900, why: "" })).toEqual({
    isGood: true,
    seen: "10 of 10 in, the slowest after 900 ms",
  });
  expect(judged({ in: 9, slowest: 900, why: "recette.usager4: error: refused" })).toEqual({
    isGood: false,
    seen: "9 of 10 in, the slowest after 900 ms; recette.usager4: error: refused",
  });
  expect(judged({ in: 10, slowest: 10_001, why: "" }).isGood).toBe(false);
  expect(probe().judge({ exitCode: 1, stdout: "", stderr: "OSError" }).isGood).toBe(false);
});

test("a plan without them has no such question", () => {
  const nobody = new Map([...plan.probePeople].filter(([, p]) => p.oneOf === null));
  expect(probesOf({ ...plan, probePeople: nobody }).map((p) => p.id)).not.toContain("users-at-once");
});
