export { CONFIG_VERSION, emitConfig, emitRouters } from "./emit.ts";
export { EMIT_CODES, type EmitCode } from "./fault.ts";
export { SECRETS, type EmitMaterial } from "./material.ts";
export { FORWARDED, WAN_GROUP } from "./rules.ts";
export { interfaceKeys } from "./site.ts";
export { unmetNeeds } from "./needs.ts";
