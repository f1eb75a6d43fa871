import { failure } from "../api-error.ts";
import type { VmState } from "../state/state.ts";
import type { TaskHandle } from "../tasks.ts";
import { checkLock, nodeOf, own } from "../world.ts";
import type { World } from "../world.ts";
import { applyPending } from "./config.ts";
import { describeGuest, memoryMiB, nicsOf } from "./describe.ts";
import { drivesOf, isEmptyCdrom } from "./drive-string.ts";
import { volumeOf } from "./volumes.ts";

/** Powers a guest on, as the worker of `qmstart` does. The caller holds the guest's lock. */
export async function startGuest(world: World, vm: VmState, task: TaskHandle, skiplock = false): Promise<void> {
  if (vm.config["template"] === "1") throw failure("you can't start a vm if it's a template");
  if (!skiplock && vm.lock !== "suspended") checkLock(vm);
  if (vm.isOn) throw failure(`VM ${vm.vmid} already running`);
  applyPending(vm);
  world.touch();
  checkBridges(world, vm);
  for (const { drive } of drivesOf(vm.config)) {
    if (!isEmptyCdrom(drive)) volumeOf(world, vm.node, drive.file);
  }
  await task.elapse();
  await world.driver.start(describeGuest(world, vm), task.log);
  if (vm.lock === "suspended") delete vm.lock;
  vm.isOn = true;
  world.touch();
}

/** What runs on the node counts, not what is pending: an unapplied bridge is no bridge. */
function checkBridges(world: World, vm: VmState): void {
  const { interfaces } = nodeOf(world, vm.node);
  for (const nic of nicsOf(vm.config)) {
    if (nic.bridge !== undefined && own(interfaces, nic.bridge) === undefined)
      throw failure(`bridge '${nic.bridge}' does not exist`);
  }
}

/** Pulls the plug. */
export async function stopGuest(world: World, vm: VmState, task: TaskHandle, skiplock = false): Promise<void> {
  if (!vm.isOn) return;
  if (!skiplock) checkLock(vm);
  await task.elapse();
  await world.driver.stop(vm.vmid, task.log);
  markOff(world, vm);
}

/**
 * Asks the guest to end; with `isForced` it is stopped when it does not.
 * @throws {ApiError} "VM quit/powerdown failed - got timeout"
 */
export async function shutdownGuest(
  world: World,
  vm: VmState,
  task: TaskHandle,
  options: { readonly timeoutMs: number; readonly isForced: boolean },
): Promise<void> {
  if (!vm.isOn) return;
  checkLock(vm);
  await task.elapse();
  const isDown = await world.driver.shutdown(vm.vmid, { timeoutMs: options.timeoutMs }, task.log);
  if (!isDown) {
    if (!options.isForced) throw failure("VM quit/powerdown failed - got timeout");
    task.log("VM quit/powerdown failed - terminating now with SIGTERM");
    await world.driver.stop(vm.vmid, task.log);
  }
  markOff(world, vm);
}

export function markOff(world: World, vm: VmState): void {
  vm.isOn = false;
  applyPending(vm);
  world.touch();
}

/** It has power again, for whoever runs the guests came back. */
export function markOn(world: World, vm: VmState): void {
  vm.isOn = true;
  world.touch();
}

/** Proxmox' default patience, in ms: 30 s, or a second for each GiB of memory when that is more. */
export const defaultTimeoutMs = (vm: VmState): number => Math.max(30, Math.floor(memoryMiB(vm.config) / 1024)) * 1000;
