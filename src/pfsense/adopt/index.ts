export { adopt, type Adopted, type AdoptOptions } from "./adopt.ts";
export { IMPORT_CODES } from "./codes.ts";
export { proveAdopted, type AdoptionProof } from "./prove.ts";
