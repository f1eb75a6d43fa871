import { badParameter, failure } from "../api-error.ts";
import { DRIVE_SLOTS } from "../schema/drive.ts";
import { flag, format, int, node, oneOf, opt, poolId, storageId, text, vmid } from "../schema/schema.ts";
import { CLOUD_INIT_OPTIONS, VM_OPTIONS } from "../schema/vm-options.ts";
import { cloneVm } from "../vm/clone.ts";
import { configAnswer, configDigest, nextConfig, optionAnswer } from "../vm/config.ts";
import { createVm, destroyVm } from "../vm/create.ts";
import { describeGuest } from "../vm/describe.ts";
import { makeTemplate, moveDisk, resizeDisk } from "../vm/disks.ts";
import { drivesOf, isCloudInit } from "../vm/drive-string.ts";
import { checkChange, editConfig, splitList } from "../vm/edit.ts";
import type { ConfigChange } from "../vm/edit.ts";
import { migratePreconditions, migrateVm } from "../vm/migrate.ts";
import { snapshotConfig } from "../vm/snapshots.ts";
import { checkDigest, checkLock, checkSkipLock, nodeOf } from "../world.ts";
import { method, subdirs } from "./method.ts";
import type { Call } from "./method.ts";
import { guestFigures } from "./resources.ts";

const slot = oneOf(...DRIVE_SLOTS);
const anySlot = oneOf(...DRIVE_SLOTS, ...Array.from({ length: 256 }, (_entry, n) => `unused${n}`));
const shortDigest = opt(text({ maxLength: 40 }));
const bwlimit = opt(int({ minimum: 0 }));
const skiplock = opt(flag());

const EDIT = {
  ...VM_OPTIONS,
  delete: opt(format("pve-configid-list")),
  digest: shortDigest,
  force: opt(flag(), { requires: "delete" }),
  revert: opt(format("pve-configid-list")),
  skiplock,
};
const NOT_OPTIONS = [
  "node",
  "vmid",
  "delete",
  "digest",
  "force",
  "revert",
  "skiplock",
  "background_delay",
  "import-working-storage",
];

function changeOf(call: Call): ConfigChange {
  const change = {
    set: call.rest(...NOT_OPTIONS),
    remove: splitList(call.optional("delete")),
    isForced: call.flag("force"),
  };
  if (Object.keys(change.set).length === 0 && change.remove.length === 0 && !call.has("revert"))
    throw failure("no options specified");
  checkSkipLock(call.isRoot, call.flag("skiplock"));
  checkChange(call.world, { node: call.node, vmid: call.vmid }, change);
  return change;
}

/** Both ways to change a configuration end here. */
async function edit(call: Call, change: ConfigChange, log: (line: string) => void): Promise<void> {
  const { world } = call;
  await world.locks.exclusive(call.vmid, async () => {
    const vm = call.vm();
    checkDigest(call.optional("digest"), configDigest(vm));
    if (!call.flag("skiplock") && !change.remove.includes("lock")) checkLock(vm);
    if (change.remove.includes("lock")) delete vm.lock;
    for (const key of splitList(call.optional("revert"))) {
      vm.pendingDeletes = vm.pendingDeletes.filter((other) => other !== key);
      vm.pending = Object.fromEntries(Object.entries(vm.pending).filter(([other]) => other !== key));
    }
    await editConfig(world, vm, change);
    await world.driver.update(describeGuest(world, vm), log);
  });
}

function pendingOf(call: Call, wanted: (key: string) => boolean): object[] {
  const vm = call.vm();
  const keys = [...new Set([...Object.keys(vm.config), ...Object.keys(vm.pending)])].filter(wanted);
  return keys.map((key) => ({
    key,
    ...(vm.config[key] === undefined ? {} : { value: optionAnswer(key, vm.config[key]) }),
    ...(vm.pending[key] === undefined ? {} : { pending: optionAnswer(key, vm.pending[key]) }),
    ...(vm.pendingDeletes.includes(key) ? { delete: 1 } : {}),
  }));
}

export const QEMU_CONFIG = [
  method("GET", "/nodes/{node}/qemu", { full: opt(flag()) }, async (call) => {
    const { world, node: name } = call;
    nodeOf(world, name);
    const vms = Object.values(world.state.vms).filter(
      (vm) => vm.node === name && call.may(`/vms/${vm.vmid}`, "VM.Audit"),
    );
    const statuses = await world.driver.status(vms.map((vm) => vm.vmid));
    return vms.map((vm) => guestFigures(vm, statuses.get(vm.vmid)));
  }),
  method(
    "POST",
    "/nodes/{node}/qemu",
    {
      ...VM_OPTIONS,
      vmid,
      archive: opt(text({ maxLength: 255 })),
      bwlimit,
      force: opt(flag(), { requires: "archive" }),
      "ha-managed": opt(flag(), { default: false }),
      "import-working-storage": opt(storageId),
      "live-restore": opt(flag()),
      pool: opt(poolId),
      start: opt(flag(), { default: false }),
      storage: opt(storageId),
      unique: opt(flag(), { requires: "archive" }),
    },
    createVm,
  ),
  method("GET", "/nodes/{node}/qemu/{vmid}", {}, (call) => {
    call.vm();
    return subdirs(
      "agent",
      "clone",
      "cloudinit",
      "config",
      "migrate",
      "move_disk",
      "pending",
      "resize",
      "snapshot",
      "status",
      "template",
      "unlink",
    );
  }),
  method(
    "DELETE",
    "/nodes/{node}/qemu/{vmid}",
    { "destroy-unreferenced-disks": opt(flag(), { default: false }), purge: opt(flag()), skiplock },
    (call) => {
      checkSkipLock(call.isRoot, call.flag("skiplock"));
      return destroyVm(call, call.flag("skiplock"));
    },
  ),
  method(
    "GET",
    "/nodes/{node}/qemu/{vmid}/config",
    { current: opt(flag(), { default: false }), snapshot: opt(text({ maxLength: 40, format: "pve-configid" })) },
    (call) => {
      const vm = call.vm();
      const name = call.optional("snapshot");
      if (name !== undefined && vm.snapshots[name] === undefined) throw failure(`snapshot '${name}' does not exist`);
      const config =
        name !== undefined ? vm.snapshots[name]!.config : call.flag("current") ? vm.config : nextConfig(vm);
      return {
        ...configAnswer(config),
        digest: configDigest(vm),
        ...(vm.lock === undefined ? {} : { lock: vm.lock }),
        ...(vm.parent === undefined ? {} : { parent: vm.parent }),
      };
    },
  ),
  method("PUT", "/nodes/{node}/qemu/{vmid}/config", EDIT, async (call) => {
    call.vm();
    await edit(call, changeOf(call), () => undefined);
  }),
  method(
    "POST",
    "/nodes/{node}/qemu/{vmid}/config",
    { ...EDIT, background_delay: opt(int({ minimum: 1, maximum: 30 })), "import-working-storage": opt(storageId) },
    (call) => {
      call.vm();
      const change = changeOf(call);
      return call.task("qmconfig", call.vmid, async (task) => {
        await task.elapse();
        await edit(call, change, task.log);
      });
    },
  ),
  method("GET", "/nodes/{node}/qemu/{vmid}/pending", {}, (call) => pendingOf(call, () => true)),
  method("GET", "/nodes/{node}/qemu/{vmid}/cloudinit", {}, (call) =>
    pendingOf(call, (key) => CLOUD_INIT_OPTIONS[key] !== undefined || key === "name"),
  ),
  method("PUT", "/nodes/{node}/qemu/{vmid}/cloudinit", {}, async (call) => {
    const { world } = call;
    call.vm();
    await world.locks.exclusive(call.vmid, async () => {
      const vm = call.unlockedVm();
      if (!drivesOf(vm.config).some(({ drive }) => isCloudInit(drive))) throw failure("no cloud-init drive");
      await world.driver.update(describeGuest(world, vm), () => undefined);
    });
  }),
  method(
    "PUT",
    "/nodes/{node}/qemu/{vmid}/resize",
    { disk: slot, size: text({ pattern: /\+?\d+(\.\d+)?[KMGT]?/ }), digest: shortDigest, skiplock },
    resizeDisk,
  ),
  method(
    "PUT",
    "/nodes/{node}/qemu/{vmid}/unlink",
    { idlist: format("pve-configid-list"), force: opt(flag()) },
    async (call) => {
      const change = { set: {}, remove: splitList(call.text("idlist")), isForced: call.flag("force") };
      for (const key of change.remove)
        if (!/^(ide|sata|scsi|virtio|efidisk|tpmstate|unused)\d+$/.test(key))
          throw badParameter("idlist", `unknown disk '${key}'`);
      await edit(call, change, () => undefined);
    },
  ),
  method("POST", "/nodes/{node}/qemu/{vmid}/template", { disk: opt(slot) }, makeTemplate),
  method(
    "POST",
    "/nodes/{node}/qemu/{vmid}/clone",
    {
      newid: vmid,
      bwlimit,
      description: opt(text()),
      format: opt(oneOf("raw", "qcow2", "vmdk")),
      full: opt(flag()),
      name: opt(format("dns-name")),
      pool: opt(poolId),
      snapname: opt(text({ maxLength: 40, format: "pve-configid" })),
      storage: opt(storageId),
      target: opt(node),
    },
    cloneVm,
  ),
  method(
    "POST",
    "/nodes/{node}/qemu/{vmid}/move_disk",
    {
      disk: anySlot,
      bwlimit,
      delete: opt(flag(), { default: false }),
      digest: shortDigest,
      format: opt(oneOf("raw", "qcow2", "vmdk")),
      storage: opt(storageId),
      "target-digest": shortDigest,
      "target-disk": opt(anySlot),
      "target-vmid": opt(vmid),
    },
    moveDisk,
  ),
  method("GET", "/nodes/{node}/qemu/{vmid}/migrate", { target: opt(node) }, migratePreconditions),
  method(
    "POST",
    "/nodes/{node}/qemu/{vmid}/migrate",
    {
      target: node,
      bwlimit,
      force: opt(flag()),
      migration_network: opt(format("CIDR")),
      migration_type: opt(oneOf("secure", "insecure")),
      online: opt(flag()),
      targetstorage: opt(format("storage-pair-list")),
      "with-conntrack-state": opt(flag(), { default: false }),
      "with-local-disks": opt(flag()),
    },
    migrateVm,
  ),
  method("GET", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config", {}, snapshotConfig),
];
