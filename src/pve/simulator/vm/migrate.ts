import { badParameter, failure } from "../api-error.ts";
import type { Call } from "../api/method.ts";
import type { VmState } from "../state/state.ts";
import { own, storageOf } from "../world.ts";
import type { World } from "../world.ts";
import { describeGuest } from "./describe.ts";
import { drivesOf, isCdrom, isCloudInit, isEmptyCdrom } from "./drive-string.ts";
import { renameVolume, volumeOf } from "./volumes.ts";
import type { VolumeState } from "../state/state.ts";

interface LocalDrive {
  readonly volume: VolumeState;
  readonly isMedium: boolean;
}

function localDrives(world: World, vm: VmState): LocalDrive[] {
  const drives = drivesOf(vm.config).filter(({ drive }) => !isEmptyCdrom(drive));
  return drives
    .map(({ drive }) => ({
      volume: volumeOf(world, vm.node, drive.file),
      isMedium: isCdrom(drive) && !isCloudInit(drive),
    }))
    .filter(({ volume }) => volume.node !== null);
}

/** `GET …/migrate`: what would stand in the way. */
export function migratePreconditions(call: Call): object {
  const { world } = call;
  const vm = call.vm();
  const others = Object.keys(world.state.nodes).filter((node) => node !== vm.node);
  return {
    running: vm.isOn ? 1 : 0,
    allowed_nodes: others,
    not_allowed_nodes: {},
    local_disks: localDrives(world, vm).map(({ volume, isMedium }) => ({
      volid: volume.volid,
      size: volume.sizeBytes,
      cdrom: isMedium ? 1 : 0,
      is_unused: 0,
    })),
    local_resources: [],
    "mapped-resources": [],
    "mapped-resource-info": {},
    "has-dbus-vmstate": 0,
  };
}

/** `POST …/migrate`. @returns the UPID */
export function migrateVm(call: Call): string {
  const { world, node, vmid } = call;
  const target = call.text("target");
  if (target === node) throw badParameter("target", "target is local node.");
  if (own(world.state.nodes, target) === undefined) throw failure(`no such cluster node '${target}'`);
  const vm = call.unlockedVm();
  if (vm.isOn && !call.flag("online")) throw failure("can't migrate running VM without --online");
  return call.task("qmigrate", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      const local = localDrives(world, vm);
      for (const { volume, isMedium } of local) {
        if (isMedium) throw failure(`migration aborted: can't migrate local cdrom image '${volume.volid}'`);
        storageOf(world, volume.storage, target);
      }
      if (vm.isOn && local.length > 0 && !call.flag("with-local-disks"))
        throw failure("migration aborted: can't live migrate attached local disks without with-local-disks option");
      vm.lock = "migrate";
      world.touch();
      try {
        task.log(`starting migration of VM ${vmid} to node '${target}'`);
        await task.elapse();
        for (const { volume } of local) renameVolume(world, volume, { node: target });
        vm.node = target;
        await world.driver.update(describeGuest(world, vm), task.log);
        task.log("migration finished successfully");
      } finally {
        delete vm.lock;
        world.touch();
      }
    }),
  );
}
