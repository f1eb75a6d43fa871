import type { Plan } from "../../plan/types.ts";
import { allProbes } from "../../roles/registry.ts";
import type { Probe } from "../../roles/role.ts";
import { invariantProbes } from "./invariants.ts";
import { networkProbes } from "./network.ts";

/** Every question of acceptance that the plan gives: of the network, of its invariants, of its roles. */
export const probesOf = (plan: Plan): readonly Probe[] => [
  ...networkProbes(plan),
  ...invariantProbes(plan),
  ...allProbes(plan),
];

export { runProbes, type ProbeResult, type ProbeWay } from "./run.ts";
export { junitOf, linesOf, summaryOf, tableOf, words } from "./report.ts";
