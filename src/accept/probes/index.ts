import type { Plan } from "../../plan/types.ts";
import { allProbes } from "../../roles/registry.ts";
import type { Probe } from "../../roles/role.ts";
import { invariantProbes } from "./invariants.ts";
import { loginFirstProbes } from "./login-first.ts";

/** Every question of acceptance that the plan gives: of its invariants, of what needs a login first, and of its roles. */
export const probesOf = (plan: Plan): readonly Probe[] => [
  ...invariantProbes(plan),
  ...loginFirstProbes(plan),
  ...allProbes(plan),
];

export { inTurn, runProbes, type ProbeResult, type ProbeWay } from "./run.ts";
