import { ApiError, failure } from "../api-error.ts";
import type { Call } from "../api/method.ts";
import type { VmState } from "../state/state.ts";
import type { TaskHandle } from "../tasks.ts";
import { checkLock, newUuid, nodeOf, nowSeconds, own } from "../world.ts";
import type { World } from "../world.ts";
import { removeKey } from "./config.ts";
import type { Config } from "./config.ts";
import { describeGuest } from "./describe.ts";
import { drivesOf, isCdrom } from "./drive-string.ts";
import { checkChange, realiseOption } from "./edit.ts";
import { startGuest } from "./power.ts";
import { removeVolume, volumesOwnedBy } from "./volumes.ts";

/** Parameters of `POST /nodes/{n}/qemu` that are no options of the guest. */
const CREATE_ONLY = [
  "archive",
  "bwlimit",
  "force",
  "ha-managed",
  "import-working-storage",
  "live-restore",
  "node",
  "pool",
  "start",
  "storage",
  "unique",
  "vmid",
] as const;

/** @throws {ApiError} 500 "… already exists on node …" wherever in the cluster it is */
function checkUnused(world: World, vmid: number, verb: string): void {
  const other = own(world.state.vms, String(vmid));
  if (other !== undefined)
    throw failure(`unable to ${verb} VM ${vmid} - VM ${vmid} already exists on node '${other.node}'`);
}

export function checkPool(world: World, pool: string | undefined): void {
  if (pool !== undefined && own(world.state.pools, pool) === undefined)
    throw new ApiError(403, `Permission check failed (pool '${pool}' does not exist)`);
}

/** Adds an empty, locked guest: what a power cut in the middle of a creation leaves behind. */
export function addLocked(world: World, node: string, vmid: number, lock: string, config: Config): VmState {
  const vm: VmState = { vmid, node, config, lock, pending: {}, pendingDeletes: [], snapshots: {}, isOn: false };
  world.state.vms[String(vmid)] = vm;
  world.touch();
  return vm;
}

/** Forgets a guest, its disks and its memberships. */
export function forgetVm(world: World, vmid: number): void {
  removeKey(world.state.vms as unknown as Config, String(vmid));
  for (const volume of volumesOwnedBy(world, vmid)) removeVolume(world, volume);
  for (const pool of Object.values(world.state.pools)) {
    const at = pool.vms.indexOf(vmid);
    if (at >= 0) pool.vms.splice(at, 1);
  }
  const { access } = world.state;
  // As `remove_vm_access` does, so that the id's next owner inherits nothing.
  access.acl = access.acl.filter(({ path }) => path !== `/vms/${vmid}`);
  world.touch();
}

/** `POST /nodes/{node}/qemu`. @returns the UPID */
export function createVm(call: Call): string {
  const { world, node, vmid } = call;
  nodeOf(world, node);
  if (call.has("archive")) throw failure(`unable to restore VM ${vmid} - the simulator holds no backups`);
  checkPool(world, call.optional("pool"));
  const options = call.rest(...CREATE_ONLY);
  checkChange(world, { node, vmid }, { set: options, remove: [], isForced: false });
  checkUnused(world, vmid, "create");
  const vm = addLocked(world, node, vmid, "create", {});
  return call.task("qmcreate", vmid, async (task) => {
    await world.locks.exclusive(vmid, () => realise(world, vm, options, call.optional("pool"), task));
    if (call.flag("ha-managed"))
      world.state.haResources[`vm:${vmid}`] = {
        sid: `vm:${vmid}`,
        state: call.flag("start") ? "started" : "stopped",
        options: {},
      };
    if (call.flag("start"))
      call.task("qmstart", vmid, (start) => world.locks.exclusive(vmid, () => startGuest(world, vm, start)));
  });
}

async function realise(
  world: World,
  vm: VmState,
  options: Readonly<Config>,
  pool: string | undefined,
  task: TaskHandle,
): Promise<void> {
  try {
    await task.elapse();
    const config: Config = {};
    for (const key of Object.keys(options).sort()) {
      config[key] = await realiseOption(world, vm, config, key, options[key]!);
      if (config[key] !== options[key] && drivesOf({ [key]: config[key] }).length > 0)
        task.log(`${key}: successfully created disk '${config[key]}'`);
    }
    config["boot"] ??= defaultBoot(config);
    config["meta"] = `creation-qemu=10.0.2,ctime=${nowSeconds()}`;
    config["smbios1"] ??= `uuid=${newUuid(world)}`;
    if (config["vmgenid"] === undefined || config["vmgenid"] === "1") config["vmgenid"] = newUuid(world);
    const lock = config["lock"];
    removeKey(config, "lock");
    vm.config = config;
    await world.driver.create(describeGuest(world, vm), task.log);
    delete vm.lock;
    if (lock !== undefined) vm.lock = lock;
    if (pool !== undefined) world.state.pools[pool]?.vms.push(vm.vmid);
    world.touch();
  } catch (error) {
    await world.driver.destroy(vm.vmid, task.log).catch(() => undefined);
    forgetVm(world, vm.vmid);
    throw failure(`unable to create VM ${vm.vmid} - ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** First disk, first CD drive, first NIC. */
function defaultBoot(config: Readonly<Config>): string {
  const drives = drivesOf(config).filter(({ slot }) => /^(ide|sata|scsi|virtio)/.test(slot));
  const disk = drives.find(({ drive }) => !isCdrom(drive));
  const cdrom = drives.find(({ drive }) => isCdrom(drive));
  const net = Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .sort()[0];
  const order = [disk?.slot, cdrom?.slot, net].filter((slot) => slot !== undefined);
  return order.length === 0 ? "" : `order=${order.join(";")}`;
}

/** `DELETE /nodes/{node}/qemu/{vmid}`. @returns the UPID */
export function destroyVm(call: Call, skiplock: boolean): string {
  const { world, vmid } = call;
  const sid = `vm:${vmid}`;
  const check = (): VmState => {
    const vm = call.vm();
    if (vm.config["protection"] === "1") throw failure(`can't remove VM ${vmid} - protection mode enabled`);
    if (own(world.state.haResources, sid) !== undefined && !call.flag("purge"))
      throw failure(`unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`);
    if (vm.isOn) throw failure(`VM ${vmid} is running - destroy failed`);
    return vm;
  };
  check();
  return call.task("qmdestroy", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      const vm = check();
      if (!skiplock) checkLock(vm);
      checkNoClones(world, vmid);
      await task.elapse();
      await world.driver.destroy(vmid, task.log);
      if (call.flag("purge")) {
        task.log(`purging VM ${vmid} from related configurations..`);
        if (own(world.state.haResources, sid) !== undefined) {
          removeKey(world.state.haResources as unknown as Config, sid);
          task.log(`NOTE: removed VM ${vmid} from HA resource configuration.`);
        }
      }
      forgetVm(world, vmid);
    }),
  );
}

function checkNoClones(world: World, vmid: number): void {
  const mine = new Set(volumesOwnedBy(world, vmid).map((volume) => volume.volid));
  for (const other of Object.values(world.state.volumes)) {
    if (other.parent !== undefined && other.vmid !== vmid && mine.has(other.parent))
      throw failure(`base volume '${other.parent}' is still in use by linked cloned`);
  }
}
