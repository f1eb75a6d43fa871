export { adopt, type Adopted, type AdoptOptions } from "./adopt.ts";
export { IMPORT_CODES, type ImportCode } from "./codes.ts";
export { proveAdopted, type AdoptionProof, type Difference, type WayProof } from "./prove.ts";
