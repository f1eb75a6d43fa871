import type { GuestStatus } from "../guest-driver.ts";
import type { VmState } from "../state/state.ts";
import { own } from "../world.ts";
import type { World } from "../world.ts";
import { describeNode, NODE_CAPACITY } from "./node-facts.ts";
import { memoryMiB } from "../vm/describe.ts";
import { drivesOf, isCdrom } from "../vm/drive-string.ts";
import { parseSize } from "../vm/size.ts";
import { usedBytes } from "../vm/volumes.ts";

const MIB = 1024 * 1024;

/** Figures of a guest that several answers share. */
export function guestFigures(vm: VmState, status: GuestStatus | undefined): Record<string, string | number> {
  const { config } = vm;
  const disk = drivesOf(config).find(
    ({ slot, drive }) => !isCdrom(drive) && !slot.startsWith("efi") && !slot.startsWith("tpm"),
  );
  return {
    vmid: vm.vmid,
    status: vm.isOn ? "running" : "stopped",
    name: config["name"] ?? `VM ${vm.vmid}`,
    cpus: Number(config["sockets"] ?? 1) * Number(config["cores"] ?? 1),
    cpu: vm.isOn ? (status?.cpu ?? 0) : 0,
    maxmem: memoryMiB(config) * MIB,
    mem: vm.isOn ? (status?.memoryBytes ?? 0) : 0,
    maxdisk: parseSize(disk?.drive["size"] ?? "0") ?? 0,
    disk: 0,
    diskread: 0,
    diskwrite: 0,
    netin: 0,
    netout: 0,
    // Whole seconds, and none for a guest that is off (PVE::QemuServer::vmstatus).
    uptime: vm.isOn ? Math.ceil(status?.uptimeSeconds ?? 0) : 0,
    ...(config["template"] === "1" ? { template: 1 } : {}),
    ...(config["tags"] === undefined ? {} : { tags: config["tags"] }),
    ...(vm.lock === undefined ? {} : { lock: vm.lock }),
  };
}

/** `GET /cluster/resources`: one call to the driver for all guests. */
export async function clusterResources(world: World, type: string | undefined): Promise<object[]> {
  const { state } = world;
  const resources: object[] = [];
  const vms = Object.values(state.vms);
  const wants = (kind: string): boolean => type === undefined || type === kind;
  if (wants("vm")) {
    const statuses = await world.driver.status(vms.map((vm) => vm.vmid));
    const pools = poolsByVm(world);
    for (const vm of vms) {
      const { cpus, vmid, ...figures } = guestFigures(vm, statuses.get(vm.vmid));
      const pool = pools.get(vm.vmid);
      const ha = own(state.haResources, `vm:${vm.vmid}`);
      resources.push({
        ...figures,
        id: `qemu/${vm.vmid}`,
        type: "qemu",
        vmid,
        node: vm.node,
        maxcpu: cpus,
        template: vm.config["template"] === "1" ? 1 : 0,
        ...(pool === undefined ? {} : { pool }),
        ...(ha === undefined ? {} : { hastate: ha.state }),
        ...(world.faults.isNodeDown(vm.node) ? { status: "unknown" } : {}),
      });
    }
  }
  if (wants("node"))
    resources.push(
      ...Object.values(state.nodes).map((node) => ({
        ...describeNode(world, node),
        type: "node",
        disk: 0,
        maxdisk: NODE_CAPACITY.rootBytes,
      })),
    );
  if (wants("storage")) resources.push(...storageResources(world));
  if (type === undefined)
    resources.push(...Object.keys(state.pools).map((pool) => ({ id: `/pool/${pool}`, type: "pool", pool })));
  return resources;
}

function storageResources(world: World): object[] {
  const { nodes, storages } = world.state;
  return Object.values(storages).flatMap((storage) =>
    (storage.nodes ?? Object.keys(nodes)).map((node) => ({
      id: `storage/${node}/${storage.id}`,
      type: "storage",
      storage: storage.id,
      node,
      plugintype: storage.type,
      content: storage.content.join(","),
      shared: storage.isShared ? 1 : 0,
      status: world.faults.isNodeDown(node) ? "unknown" : "available",
      maxdisk: storage.totalBytes,
      disk: usedBytes(world, storage, node),
    })),
  );
}

export function poolsByVm(world: World): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const pool of Object.values(world.state.pools)) for (const vmid of pool.vms) found.set(vmid, pool.id);
  return found;
}
