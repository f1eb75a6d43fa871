/** A typed client of the Proxmox VE API, real or embedded. */
export { PveClient, seg } from "./client.ts";
export type { Parameters, PveClientOptions, WaitOptions } from "./client.ts";
export { PveError } from "./error.ts";
export * as answers from "./answers.ts";
export type { ListedVm } from "./answers.ts";
