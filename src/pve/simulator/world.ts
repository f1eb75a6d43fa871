import { createHash } from "node:crypto";
import { badParameter, failure } from "./api-error.ts";
import type { FaultInjector } from "./faults.ts";
import type { GuestDriver } from "./guest-driver.ts";
import type { GuestLocks } from "./locks.ts";
import type { NodeState, SimulatorState, StorageState, VmState } from "./state/state.ts";
import type { TaskRunner } from "./tasks.ts";

/** What every handler works on. */
export interface World {
  readonly state: SimulatorState;
  readonly tasks: TaskRunner;
  readonly locks: GuestLocks;
  readonly driver: GuestDriver;
  readonly faults: FaultInjector;
  readonly version: PveVersion;
  /** How old what `/cluster/resources` says of guests may be; 0: it is of the moment. */
  readonly statisticsPeriodMs: number;
  /** Folder of uploaded files. */
  readonly filesDir: string;
  /** To be called after every change of `state`. */
  readonly touch: () => void;
}

export interface PveVersion {
  /** `9.0.11` */
  readonly version: string;
  /** `9.0` */
  readonly release: string;
  readonly major: 8 | 9;
  readonly repoid: string;
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export function nodeOf(world: World, name: string): NodeState {
  const node = own(world.state.nodes, name);
  if (node === undefined)
    throw failure(
      `hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`,
    );
  return node;
}

/** The guest on that node. @throws {ApiError} 500 "Configuration file … does not exist" */
export function vmOf(world: World, node: string, vmid: number): VmState {
  const vm = own(world.state.vms, String(vmid));
  if (vm?.node !== node) throw failure(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`);
  return vm;
}

/** @throws {ApiError} when the storage does not exist, or not on that node */
export function storageOf(world: World, id: string, node: string): StorageState {
  const storage = own(world.state.storages, id);
  if (storage === undefined) throw failure(`storage '${id}' does not exist`);
  if (storage.nodes !== undefined && !storage.nodes.includes(node))
    throw failure(`storage '${id}' is not available on node '${node}'`);
  return storage;
}

export function checkLock(vm: VmState): void {
  if (vm.lock !== undefined) throw failure(`VM is locked (${vm.lock})`);
}

/** A digest of a configuration, as Proxmox computes one to notice somebody else's change. */
export const digestOf = (value: unknown): string => createHash("sha1").update(JSON.stringify(value)).digest("hex");

export function checkDigest(given: string | undefined, actual: string): void {
  if (given !== undefined && given !== actual)
    throw failure("detected modified configuration - file changed by other user? Try again.");
}

export function checkSkipLock(isRoot: boolean, skiplock: boolean): void {
  if (skiplock && !isRoot) throw badParameter("skiplock", "Only root may use this option.");
}

/** 16 bytes that look random and are the same in every run of the same lab. */
function identityBytes(world: World, purpose: string): Buffer {
  const counter = ++world.state.identityCounter;
  world.touch();
  return createHash("sha256").update(`${purpose}:${counter}`).digest();
}

/** A unicast MAC in Proxmox' own range, not used by any guest before. */
export function newMac(world: World): string {
  const tail = identityBytes(world, "mac").subarray(0, 3);
  return ["BC", "24", "11", ...[...tail].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase())].join(":");
}

export function newUuid(world: World): string {
  const bytes = identityBytes(world, "uuid").subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** A record's own property; names such as `constructor` from the network find nothing. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
