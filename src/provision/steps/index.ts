/** Steps inside hosts, over SSH: declared by roles, run as resources. */
export { sentRole, sentSteps } from "./filled.ts";
export { Reached, SOCKETS, type Reach } from "./reach.ts";
export { wordsOfDrift } from "./drift.ts";
export { reachOf, roleInputs, roleState, type RoleState } from "./inputs.ts";
export { roleResource, type StepTools } from "./resource.ts";
export { declareRoles, type DeclaredRole } from "./declare-roles.ts";
export { debianRunner, type HostRunner } from "./runner.ts";
export { runnerOf, type HostSystem } from "./runner-of.ts";
export { fillSteps, type DeclaredStep } from "./work.ts";
