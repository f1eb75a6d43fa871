import type { Plan } from "../../plan/types.ts";
import { allProbes } from "../../roles/registry.ts";
import type { Probe } from "../../roles/role.ts";
import { invariantProbes } from "./invariants.ts";

/** Every question of acceptance that the plan gives: of its invariants and of its roles. */
export const probesOf = (plan: Plan): readonly Probe[] => [...invariantProbes(plan), ...allProbes(plan)];

export { inTurn, runProbes, type ProbeResult, type ProbeWay } from "./run.ts";
