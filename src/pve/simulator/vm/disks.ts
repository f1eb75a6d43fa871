import { badParameter, failure } from "../api-error.ts";
import type { Call } from "../api/method.ts";
import type { VmState } from "../state/state.ts";
import { checkDigest, checkLock, checkSkipLock, storageOf } from "../world.ts";
import type { World } from "../world.ts";
import { configDigest } from "./config.ts";
import type { Config } from "./config.ts";
import { describeGuest } from "./describe.ts";
import { drivesOf, isCdrom, parseDrive, printDrive } from "./drive-string.ts";
import type { Drive } from "./drive-string.ts";
import { parseSize, printSize } from "./size.ts";
import { allocateDisk, removeVolume, renameVolume, volumeOf } from "./volumes.ts";

function driveOf(vm: VmState, slot: string): Drive {
  const line = vm.config[slot];
  if (line === undefined) throw failure(`disk '${slot}' does not exist`);
  return parseDrive(slot, line);
}

/** `PUT …/resize`: only upwards. @returns the UPID */
export function resizeDisk(call: Call): string {
  const { world, vmid } = call;
  const slot = call.text("disk");
  checkSkipLock(call.isRoot, call.flag("skiplock"));
  call.vm();
  return call.task("resize", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      const vm = call.vm();
      checkDigest(call.optional("digest"), configDigest(vm));
      if (!call.flag("skiplock")) checkLock(vm);
      const drive = driveOf(vm, slot);
      if (isCdrom(drive)) throw failure("you can't resize a cdrom");
      const volume = volumeOf(world, vm.node, drive.file);
      const wanted = call.text("size");
      const bytes = parseSize(wanted.replace(/^\+/, ""))! + (wanted.startsWith("+") ? volume.sizeBytes : 0);
      if (bytes < volume.sizeBytes) throw failure("shrinking disks is not supported");
      await task.elapse();
      if (bytes === volume.sizeBytes) return;
      volume.sizeBytes = bytes;
      vm.config[slot] = printDrive(slot, { ...drive, size: printSize(bytes) });
      await world.driver.update(describeGuest(world, vm), task.log);
      world.touch();
    }),
  );
}

/** `POST …/move_disk` to another storage of the same guest. @returns the UPID */
export function moveDisk(call: Call): string {
  const { world, vmid } = call;
  const slot = call.text("disk");
  const target = call.optional("storage");
  if (call.has("target-vmid")) throw failure("the simulator does not move disks between guests");
  if (target === undefined) throw badParameter("storage", "either 'storage' or 'target-vmid' is required");
  const storage = storageOf(world, target, call.node);
  if (!storage.content.includes("images"))
    throw badParameter("storage", `storage '${target}' does not support vm images`);
  const vm = call.unlockedVm();
  const drive = driveOf(vm, slot);
  if (isCdrom(drive)) throw failure("you can't move a cdrom");
  const source = volumeOf(world, vm.node, drive.file);
  if (source.storage === target && (call.optional("format") ?? source.format) === source.format)
    throw failure("you can't move to the same storage with same format");
  return call.task("qmmove", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      checkLock(vm);
      await task.elapse();
      const made = allocateDisk(world, {
        storage: target,
        node: vm.node,
        vmid,
        sizeBytes: source.sizeBytes,
        origin: source.origin,
        format: call.optional("format") ?? source.format,
      });
      vm.config[slot] = printDrive(slot, { ...drive, file: made.volid });
      if (call.flag("delete")) removeVolume(world, source);
      else if (source.vmid === vmid) vm.config[unusedSlot(vm.config)] = source.volid;
      await world.driver.update(describeGuest(world, vm), task.log);
      world.touch();
    }),
  );
}

const unusedSlot = (config: Readonly<Config>): string => {
  let n = 0;
  while (config[`unused${n}`] !== undefined) n++;
  return `unused${n}`;
};

/** `POST …/template`: disks become base volumes that linked clones refer to. @returns the UPID */
export function makeTemplate(call: Call): string {
  const { world, vmid } = call;
  const check = (): VmState => {
    const vm = call.unlockedVm();
    if (Object.keys(vm.snapshots).length > 0) throw failure("unable to create template, because VM contains snapshots");
    if (vm.config["template"] === "1" && !call.has("disk")) throw failure("you can't convert a template to a template");
    if (vm.isOn) throw failure("you can't convert a VM to template if VM is running");
    return vm;
  };
  check();
  return call.task("qmtemplate", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      const vm = check();
      await task.elapse();
      vm.config["template"] = "1";
      for (const { slot, drive } of drivesOf(vm.config)) {
        if (isCdrom(drive) || (call.has("disk") && slot !== call.text("disk"))) continue;
        vm.config[slot] = toBase(world, vm, slot, drive);
      }
      await world.driver.update(describeGuest(world, vm), task.log);
      world.touch();
    }),
  );
}

function toBase(world: World, vm: VmState, slot: string, drive: Drive): string {
  const volume = volumeOf(world, vm.node, drive.file);
  const volid = volume.volid.replace(/([:/])vm-(\d+-disk-\d+)/, "$1base-$2");
  renameVolume(world, volume, { volid });
  return printDrive(slot, { ...drive, file: volid });
}
