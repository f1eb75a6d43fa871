/** A typed client of the Proxmox VE API, real or embedded. */
export { PveClient, seg } from "./client.ts";
export { PveError } from "./error.ts";
export * as answers from "./answers.ts";
