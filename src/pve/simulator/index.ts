/** The embedded Proxmox VE API. What it imitates and what not: docs/simulator.md. */
export { startSimulator } from "./simulator.ts";
export type { RunningSimulator, SimulatorOptions } from "./simulator.ts";
export type { Grants } from "./access/grant.ts";
export type { StorageOption } from "./state/initial.ts";
export { MemoryDriver } from "./memory-driver.ts";
export { GuestDriverError } from "./guest-driver.ts";
export type * from "./guest-driver.ts";
export { METHODS } from "./api/methods.ts";
