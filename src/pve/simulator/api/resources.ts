import type { GuestStatus } from "../guest-driver.ts";
import type { VmState } from "../state/state.ts";
import { own } from "../world.ts";
import type { World } from "../world.ts";
import type { Call } from "./method.ts";
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

/** What pvestatd last told the cluster of its guests: by vmid, and when. */
interface Broadcast {
  at: number;
  figures: ReadonlyMap<number, Record<string, string | number>>;
}
const broadcasts = new WeakMap<World, Broadcast>();

/** The guests' figures as the cluster knows them: those of the last round, where there are rounds. */
async function guestsOf(world: World): Promise<Broadcast["figures"]> {
  const known = broadcasts.get(world);
  if (known !== undefined && Date.now() - known.at < world.statisticsPeriodMs) return known.figures;
  const vms = Object.values(world.state.vms);
  const statuses = await world.driver.status(vms.map((vm) => vm.vmid));
  const figures = new Map(vms.map((vm) => [vm.vmid, guestFigures(vm, statuses.get(vm.vmid))]));
  broadcasts.set(world, { at: Date.now(), figures });
  return figures;
}

/**
 * `GET /cluster/resources`. Which guests there are, where, their tags, locks and pools are the configuration's and
 * of this moment; their names and figures are pvestatd's (PVE::API2Tools::extract_vm_stats).
 */
export async function clusterResources(call: Call): Promise<object[]> {
  const { world } = call;
  const { state } = world;
  const type = call.optional("type");
  const resources: object[] = [];
  const wants = (kind: string): boolean => type === undefined || type === kind;
  if (wants("vm")) {
    const known = await guestsOf(world);
    const pools = poolsByVm(world);
    for (const vm of Object.values(state.vms)) {
      if (!call.may(`/vms/${vm.vmid}`, "VM.Audit")) continue;
      const pool = pools.get(vm.vmid);
      const ha = own(state.haResources, `vm:${vm.vmid}`);
      resources.push({
        ...broadcastFigures(known.get(vm.vmid)),
        ...(vm.config["tags"] === undefined ? {} : { tags: vm.config["tags"] }),
        ...(vm.lock === undefined ? {} : { lock: vm.lock }),
        id: `qemu/${vm.vmid}`,
        type: "qemu",
        vmid: vm.vmid,
        node: vm.node,
        ...(pool === undefined || !call.may(`/pool/${pool}`, "Pool.Audit") ? {} : { pool }),
        ...(ha === undefined ? {} : { hastate: ha.state }),
        ...(world.faults.isNodeDown(vm.node) ? { status: "unknown" } : {}),
      });
    }
  }
  if (wants("node"))
    resources.push(
      ...Object.values(state.nodes).map((node) => ({
        ...describeNode(world, node, call.may(`/nodes/${node.name}`, "Sys.Audit")),
        type: "node",
        disk: 0,
        maxdisk: NODE_CAPACITY.rootBytes,
      })),
    );
  if (wants("storage")) resources.push(...storageResources(call));
  if (type === undefined)
    resources.push(
      ...Object.keys(state.pools)
        .filter((pool) => call.may(`/pool/${pool}`, "Pool.Audit"))
        .map((pool) => ({ id: `/pool/${pool}`, type: "pool", pool })),
    );
  return resources;
}

/** A guest that no round has told of yet has neither name nor state. */
function broadcastFigures(
  figures: Record<string, string | number> | undefined,
): Record<string, string | number | undefined> {
  if (figures === undefined) return { status: "unknown" };
  const told = Object.fromEntries(Object.entries(figures).filter(([key]) => !["cpus", "tags", "lock"].includes(key)));
  return { ...told, maxcpu: figures["cpus"], template: figures["template"] ?? 0 };
}

function storageResources(call: Call): object[] {
  const { world } = call;
  const { nodes, storages } = world.state;
  const seen = Object.values(storages).filter(({ id }) => call.may(`/storage/${id}`, "Datastore.Audit"));
  return seen.flatMap((storage) =>
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
