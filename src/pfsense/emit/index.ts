export { emitConfig, emitRouters } from "./emit.ts";
export { EMIT_CODES } from "./fault.ts";
export { interfaceKeys } from "./site.ts";
export { unmetNeeds } from "./needs.ts";
export { unreadableLabels } from "./labels.ts";
