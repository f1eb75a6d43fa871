export { applyCopy, type CopySettings, type OperatorAddress, type Placement } from "./copy.ts";
export { loadPlan, type LoadOptions } from "./load.ts";
export { documentsIn } from "./load-file.ts";
export { parsePlan, type ParseOptions } from "./parse.ts";
export { PLAN_CODES, type PlanCode } from "./codes.ts";
export {
  DOCUMENT_NAMES,
  NEED_IDS,
  OBJECTIVE_IDS,
  ROLE_IDS,
  ROLES,
  isRoleId,
  type DocumentName,
  type RoleId,
} from "./names.ts";
export type * from "./types.ts";
