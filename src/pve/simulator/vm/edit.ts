import { badParameter, failure } from "../api-error.ts";
import { driveFormat, isDriveSlot } from "../schema/drive.ts";
import { parsePropertyString, printPropertyString } from "../schema/property-string.ts";
import { NET_FORMAT, VM_OPTIONS } from "../schema/vm-options.ts";
import type { VmState } from "../state/state.ts";
import { newMac, own } from "../world.ts";
import type { World } from "../world.ts";
import { applyPending, isHotPluggable, nextConfig, removeKey } from "./config.ts";
import type { Config } from "./config.ts";
import { detachDrive, readDrive, realiseDrive } from "./drives.ts";
import { parseDrive } from "./drive-string.ts";
import { memoryMiB } from "./describe.ts";
import { hashPassword } from "./password.ts";
import { findVolume, removeVolume } from "./volumes.ts";

interface Owner {
  readonly node: string;
  readonly vmid: number;
}

export interface ConfigChange {
  readonly set: Readonly<Config>;
  readonly remove: readonly string[];
  /** Deleted disks are erased, not kept as `unused[n]`. */
  readonly isForced: boolean;
}

/** Refuses a change that cannot be made, before anything is made. */
export function checkChange(world: World, owner: Owner, change: ConfigChange): void {
  for (const key of change.remove) {
    if (own(VM_OPTIONS, key) === undefined) throw badParameter("delete", `unknown option '${key}'`);
    if (change.set[key] !== undefined)
      throw badParameter("delete", `you can't use '-${key}' and -delete ${key}' at the same time`);
  }
  for (const [key, value] of Object.entries(change.set)) {
    if (isDriveSlot(key)) readDrive(world, owner, key, value);
  }
  const balloon = change.set["balloon"];
  if (balloon !== undefined && change.set["memory"] !== undefined && Number(balloon) > memoryMiB(change.set))
    throw failure("balloon value too large (must be smaller than assigned memory)");
}

/**
 * The line that Proxmox keeps for an option: MACs made, disks made, tags sorted, the password hashed.
 * Options that are no property string of interest stay as they were written.
 */
export async function realiseOption(
  world: World,
  owner: Owner,
  config: Readonly<Config>,
  key: string,
  value: string,
): Promise<string> {
  if (isDriveSlot(key)) return realiseDrive(world, owner, config, key, value);
  if (/^net\d+$/.test(key)) {
    const net = parsePropertyString(NET_FORMAT, value);
    net["macaddr"] = (net["macaddr"] ?? newMac(world)).toUpperCase();
    return printPropertyString(NET_FORMAT, net);
  }
  if (key === "tags")
    return [
      ...new Set(
        value
          .split(/[,;\s]+/)
          .filter((tag) => tag !== "")
          .map((tag) => tag.toLowerCase()),
      ),
    ]
      .sort()
      .join(";");
  if (key === "cipassword") return hashPassword(value);
  return value;
}

/**
 * Changes a guest's configuration. What a running guest cannot take at once becomes pending.
 * The caller holds the guest's lock.
 */
export async function editConfig(world: World, vm: VmState, change: ConfigChange): Promise<void> {
  const stays = (key: string): boolean => vm.isOn && !isHotPluggable({ ...vm.config, ...change.set }, key);
  for (const key of change.remove) removeOption(world, vm, key, change.isForced, stays(key));
  for (const [key, value] of Object.entries(change.set)) {
    const line = await realiseOption(world, vm, nextConfig(vm), key, value);
    if (isDriveSlot(key) && !stays(key)) detachDrive(world, vm, vm.config, key, parseDrive(key, line).file);
    vm.pendingDeletes = vm.pendingDeletes.filter((other) => other !== key);
    if (stays(key) && vm.config[key] !== line) vm.pending[key] = line;
    else {
      vm.config[key] = line;
      removeKey(vm.pending, key);
    }
  }
  if (!vm.isOn) applyPending(vm);
  world.touch();
}

function removeOption(world: World, vm: VmState, key: string, isForced: boolean, staysPending: boolean): void {
  removeKey(vm.pending, key);
  if (own(vm.config, key) === undefined) return;
  if (/^unused\d+$/.test(key) || (isForced && driveFormat(key) !== undefined)) {
    const volume = findVolume(world, vm.node, parseDrive(key, vm.config[key]!).file);
    if (volume?.vmid === vm.vmid) removeVolume(world, volume);
    removeKey(vm.config, key);
    return;
  }
  if (staysPending) {
    vm.pendingDeletes = [...new Set([...vm.pendingDeletes, key])];
    return;
  }
  if (isDriveSlot(key)) detachDrive(world, vm, vm.config, key);
  else removeKey(vm.config, key);
}

/** `delete=net1, net2` → names. */
export const splitList = (value: string | undefined): string[] =>
  (value ?? "").split(/[,;\s]+/).filter((part) => part !== "");
