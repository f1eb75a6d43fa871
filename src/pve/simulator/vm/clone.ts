import { badParameter, failure } from "../api-error.ts";
import type { Call } from "../api/method.ts";
import { parsePropertyString, printPropertyString } from "../schema/property-string.ts";
import { NET_FORMAT } from "../schema/vm-options.ts";
import type { VmState } from "../state/state.ts";
import type { TaskHandle } from "../tasks.ts";
import { newMac, newUuid, own, storageOf } from "../world.ts";
import type { World } from "../world.ts";
import { nextConfig } from "./config.ts";
import type { Config } from "./config.ts";
import { addLocked, checkPool, forgetVm } from "./create.ts";
import { describeGuest } from "./describe.ts";
import { drivesOf, isCdrom, isCloudInit, isEmptyCdrom, printDrive, storageIdOf } from "./drive-string.ts";
import type { Drive } from "./drive-string.ts";
import { printSize } from "./size.ts";
import { allocateDisk, volumeOf } from "./volumes.ts";

interface ClonePlan {
  readonly source: VmState;
  readonly config: Readonly<Config>;
  readonly newid: number;
  readonly isFull: boolean;
  readonly storage: string | undefined;
  readonly format: string | undefined;
  readonly snapshot: string | undefined;
  readonly target: string;
}

/** `POST /nodes/{node}/qemu/{vmid}/clone`. @returns the UPID */
export function cloneVm(call: Call): string {
  const { world, vmid } = call;
  const plan = readPlan(call);
  const pool = call.optional("pool");
  const name = call.optional("name") ?? `Copy-of-VM-${plan.config["name"] ?? vmid}`;
  const vm = addLocked(world, plan.source.node, plan.newid, "clone", {});
  const clone = (task: TaskHandle): Promise<void> =>
    world.locks.exclusive(plan.newid, () =>
      realise(world, plan, vm, { name, description: call.optional("description"), pool }, task),
    );
  return call.task("qmclone", vmid, (task) =>
    // Clones of one template run beside each other; a running source is held alone.
    plan.source.isOn ? world.locks.exclusive(vmid, () => clone(task)) : world.locks.shared(vmid, () => clone(task)),
  );
}

function readPlan(call: Call): ClonePlan {
  const { world, node } = call;
  checkPool(world, call.optional("pool"));
  const target = call.optional("target") ?? node;
  if (own(world.state.nodes, target) === undefined) throw failure(`no such cluster node '${target}'`);
  const storage = call.optional("storage");
  if (storage !== undefined) checkStorage(world, storage, node, target);
  const source = call.unlockedVm();
  const snapshot = call.optional("snapname");
  const config = snapshot === undefined ? nextConfig(source) : own(source.snapshots, snapshot)?.config;
  if (config === undefined) throw failure(`snapshot '${snapshot}' does not exist`);
  const isTemplate = config["template"] === "1";
  const isFull = call.has("full") ? call.flag("full") : !isTemplate;
  if (storage !== undefined && !isFull) throw failure("parameter 'storage' not allowed for linked clones");
  if (call.has("format") && !isFull) throw failure("parameter 'format' not allowed for linked clones");
  if (target !== node && !isOnSharedStorage(world, config, node, storage))
    throw failure(`can't clone VM to node '${target}' (VM uses local storage)`);
  const newid = call.integer("newid");
  if (own(world.state.vms, String(newid)) !== undefined)
    throw failure(`unable to create VM ${newid}: config file already exists`);
  if (!isFull && !isTemplate) throw failure("Linked clone feature is not supported for a VM that is no template");
  return { source, config, newid, isFull, storage, format: call.optional("format"), snapshot, target };
}

function checkStorage(world: World, id: string, node: string, target: string): void {
  const storage = storageOf(world, id, node);
  if (!storage.content.includes("images")) throw badParameter("storage", `storage '${id}' does not support vm images`);
  if (target === node) return;
  storageOf(world, id, target);
  if (!storage.isShared) throw failure(`can't clone to non-shared storage '${id}'`);
}

function isOnSharedStorage(world: World, config: Readonly<Config>, node: string, storage: string | undefined): boolean {
  return drivesOf(config).every(({ drive }) => {
    if (isEmptyCdrom(drive)) return true;
    return storageOf(world, isCdrom(drive) ? storageIdOf(drive.file) : (storage ?? storageIdOf(drive.file)), node)
      .isShared;
  });
}

interface CloneExtras {
  readonly name: string;
  readonly description: string | undefined;
  readonly pool: string | undefined;
}

async function realise(
  world: World,
  plan: ClonePlan,
  vm: VmState,
  extras: CloneExtras,
  task: TaskHandle,
): Promise<void> {
  try {
    await task.elapse();
    const config = copiedOptions(world, plan.config);
    for (const { slot, drive } of drivesOf(plan.config)) config[slot] = cloneDrive(world, plan, slot, drive, task);
    config["name"] = extras.name;
    if (extras.description !== undefined) config["description"] = extras.description;
    vm.config = config;
    const from = { vmid: plan.source.vmid, ...(plan.snapshot === undefined ? {} : { snapshot: plan.snapshot }) };
    await world.driver.clone(
      from,
      { ...describeGuest(world, vm), node: plan.target },
      { isFull: plan.isFull },
      task.log,
    );
    vm.node = plan.target;
    delete vm.lock;
    if (extras.pool !== undefined) world.state.pools[extras.pool]?.vms.push(vm.vmid);
    world.touch();
  } catch (error) {
    await world.driver.destroy(plan.newid, task.log).catch(() => undefined);
    forgetVm(world, plan.newid);
    throw failure(`clone failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Everything but drives and what belongs to the source alone; identities are made anew. */
function copiedOptions(world: World, source: Readonly<Config>): Config {
  const drives = new Set(drivesOf(source).map(({ slot }) => slot));
  const config: Config = {};
  for (const [key, value] of Object.entries(source)) {
    if (drives.has(key) || key === "template" || /^unused\d+$/.test(key)) continue;
    if (/^net\d+$/.test(key)) {
      config[key] = printPropertyString(NET_FORMAT, {
        ...parsePropertyString(NET_FORMAT, value),
        macaddr: newMac(world),
      });
    } else config[key] = value;
  }
  config["smbios1"] = [
    `uuid=${newUuid(world)}`,
    ...(source["smbios1"] ?? "").split(",").filter((part) => part !== "" && !part.startsWith("uuid=")),
  ].join(",");
  config["vmgenid"] = newUuid(world);
  return config;
}

function cloneDrive(world: World, plan: ClonePlan, slot: string, drive: Drive, task: TaskHandle): string {
  if (isEmptyCdrom(drive) || (isCdrom(drive) && !isCloudInit(drive))) return printDrive(slot, drive);
  const source = volumeOf(world, plan.source.node, drive.file);
  const storage = isCloudInit(drive) || plan.storage === undefined ? source.storage : plan.storage;
  const isLinked = !plan.isFull && !isCloudInit(drive);
  task.log(`create ${isLinked ? "linked" : "full"} clone of drive ${slot} (${drive.file})`);
  const made = allocateDisk(world, {
    storage,
    node: plan.source.node,
    vmid: plan.newid,
    sizeBytes: source.sizeBytes,
    origin:
      plan.config["template"] === "1"
        ? { kind: "template", vmid: plan.source.vmid, name: plan.config["name"] ?? "", isLinked }
        : source.origin,
    ...(plan.format === undefined ? { format: source.format } : { format: plan.format }),
    ...(isLinked ? { parent: source.volid } : {}),
    ...(isCloudInit(drive) ? { suffix: "cloudinit" } : {}),
  });
  return printDrive(slot, { ...drive, file: made.volid, size: printSize(made.sizeBytes) });
}
