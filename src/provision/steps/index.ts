/** Steps inside hosts, over SSH: declared by roles, run as resources. */
export { digestOf, sentRole, sentSteps } from "./filled.ts";
export { Reached } from "./reach.ts";
export { wordsOfDrift } from "./drift.ts";
export { reachOf, roleState, type RoleState } from "./inputs.ts";
export { declareRoles, type DeclaredRole } from "./declare-roles.ts";
export { debianRunner, type HostRunner } from "./runner.ts";
export { runnerOf, type HostSystem } from "./runner-of.ts";
export { fillSteps, hasPlaces, type DeclaredStep } from "./work.ts";
