import { failure } from "../api-error.ts";
import type { Call } from "../api/method.ts";
import type { SnapshotState, VmState } from "../state/state.ts";
import { checkLock, nowSeconds, own } from "../world.ts";
import { configAnswer, configDigest, removeKey } from "./config.ts";
import type { Config } from "./config.ts";
import { describeGuest } from "./describe.ts";
import { drivesOf, isCdrom } from "./drive-string.ts";
import { startGuest } from "./power.ts";
import { hasSnapshots, volumeOf } from "./volumes.ts";

export function snapshotOf(vm: VmState, name: string): SnapshotState {
  const snapshot = own(vm.snapshots, name);
  if (snapshot === undefined) throw failure(`snapshot '${name}' does not exist`);
  return snapshot;
}

/** The list with the state that is called `current`, as the API gives it. */
export function listSnapshots(call: Call): object[] {
  const vm = call.vm();
  const taken = Object.entries(vm.snapshots).map(([name, snapshot]) => ({
    name,
    description: snapshot.description,
    snaptime: snapshot.takenAt,
    vmstate: snapshot.hasMemory ? 1 : 0,
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
  }));
  const current = {
    name: "current",
    description: "You are here!",
    running: vm.isOn ? 1 : 0,
    digest: configDigest(vm),
    ...(vm.parent === undefined ? {} : { parent: vm.parent }),
  };
  return [...taken.sort((a, b) => a.snaptime - b.snaptime), current];
}

export function takeSnapshot(call: Call): string {
  const { world, vmid } = call;
  const name = call.text("snapname");
  if (name === "current" || name === "pending") throw failure(`unable to use snapshot name '${name}' (reserved name)`);
  call.vm();
  return call.task("qmsnapshot", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      const vm = call.unlockedVm();
      if (vm.config["template"] === "1") throw failure("you can't take a snapshot if it's a template");
      const isAble = drivesOf(vm.config)
        .filter(({ drive }) => !isCdrom(drive))
        .every(({ drive }) => hasSnapshots(world, volumeOf(world, vm.node, drive.file)));
      if (!isAble) throw failure("snapshot feature is not available");
      if (own(vm.snapshots, name) !== undefined) throw failure(`snapshot name '${name}' already used`);
      const hasMemory = call.flag("vmstate") && vm.isOn;
      await withLock(call, vm, "snapshot", async () => {
        await task.elapse();
        await world.driver.snapshot(vmid, name, { withMemory: hasMemory }, task.log);
      });
      vm.snapshots[name] = {
        config: { ...vm.config },
        takenAt: nowSeconds(),
        description: call.optional("description") ?? "",
        hasMemory,
        ...(vm.parent === undefined ? {} : { parent: vm.parent }),
      };
      vm.parent = name;
      world.touch();
    }),
  );
}

export function rollBack(call: Call): string {
  const { world, vmid } = call;
  const name = call.text("snapname");
  call.vm();
  return call.task("qmrollback", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      const vm = call.unlockedVm();
      if (vm.config["template"] === "1") throw failure("you can't rollback if vm is a template");
      const snapshot = snapshotOf(vm, name);
      await withLock(call, vm, "rollback", async () => {
        await task.elapse();
        await world.driver.rollback(describeGuest(world, vm, snapshot.config), name, task.log);
      });
      vm.config = { ...snapshot.config };
      vm.pending = {};
      vm.pendingDeletes = [];
      vm.parent = name;
      vm.isOn = (await world.driver.status([vmid])).get(vmid)?.power === "running";
      world.touch();
      if (call.flag("start") && !vm.isOn) await startGuest(world, vm, task);
    }),
  );
}

export function removeSnapshot(call: Call): string {
  const { world, vmid } = call;
  const name = call.text("snapname");
  call.vm();
  return call.task("qmdelsnapshot", vmid, (task) =>
    world.locks.exclusive(vmid, async () => {
      const vm = call.unlockedVm();
      const snapshot = snapshotOf(vm, name);
      await withLock(call, vm, "snapshot-delete", async () => {
        await task.elapse();
        await world.driver.deleteSnapshot(vmid, name, task.log);
      });
      for (const other of [vm, ...Object.values(vm.snapshots)]) {
        if (other.parent !== name) continue;
        delete other.parent;
        if (snapshot.parent !== undefined) other.parent = snapshot.parent;
      }
      removeKey(vm.snapshots as unknown as Config, name);
      world.touch();
    }),
  );
}

/** A configuration lock that others see for the duration of the work; a failure takes it away again. */
async function withLock(call: Call, vm: VmState, lock: string, work: () => Promise<void>): Promise<void> {
  checkLock(vm);
  vm.lock = lock;
  call.world.touch();
  try {
    await work();
  } finally {
    delete vm.lock;
    call.world.touch();
  }
}

export function snapshotConfig(call: Call): object {
  const snapshot = snapshotOf(call.vm(), call.text("snapname"));
  return {
    ...configAnswer(snapshot.config),
    snaptime: snapshot.takenAt,
    description: snapshot.description,
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
  };
}
