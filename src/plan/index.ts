export { applyCopy, type CopySettings, type Placement } from "./copy.ts";
export { loadPlan } from "./load.ts";
export { documentsIn } from "./load-file.ts";
export { parsePlan } from "./parse.ts";
export { PLAN_CODES } from "./codes.ts";
export { DOCUMENT_NAMES, type DocumentName } from "./names.ts";
export type * from "./types.ts";
