import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { nothing, upid } from "./answers.ts";
import { seg, type PveClient } from "./client.ts";
import { PveError } from "./error.ts";

const taskOrNothing = z.union([upid, z.null()]);

/**
 * Stops a VM without asking it, and deletes it with its disks; a lock that an interrupted task left is taken off first.
 * @throws Fault PVE_LOCKED where no token may
 */
export async function destroyVm(client: PveClient, node: string, vmId: number): Promise<void> {
  const vm = `/nodes/${seg(node)}/qemu/${vmId}`;
  const { status, lock } = await client.get(
    `${vm}/status/current`,
    z.object({ status: z.string(), lock: z.string().optional() }),
  );
  if (lock !== undefined && !(await client.unlock(vmId)))
    throw new Fault(
      "PVE_LOCKED",
      `VM ${vmId} on ${node} is locked (${lock}): a task that was interrupted left the lock, and Proxmox lets no token take it off.`,
      `Run \`qm unlock ${vmId}\` on the node ${node}, then the same command again.`,
    );
  if (status !== "stopped") await client.waitTask(await client.post(`${vm}/status/stop`, upid), { pollMs: 200 });
  const gone = await client.delete(vm, upid, { purge: true, "destroy-unreferenced-disks": true });
  await client.waitTask(gone, { pollMs: 200 });
}

export async function startVm(client: PveClient, node: string, vmId: number): Promise<void> {
  const task = await client.post(`/nodes/${seg(node)}/qemu/${vmId}/status/start`, upid);
  await client.waitTask(task, { pollMs: 200 });
}

/** Restarts a VM so that it has what its configuration says: it is asked to end, and ended where it does not. */
export async function rebootVm(client: PveClient, node: string, vmId: number): Promise<void> {
  const task = await client.post(`/nodes/${seg(node)}/qemu/${vmId}/status/reboot`, upid);
  await client.waitTask(task, { pollMs: 200 });
}

/** What stands in a VM's notes; empty where the token may not read them: such a VM is not its maker's. */
export async function descriptionOf(
  client: PveClient,
  vm: { readonly node: string; readonly vmid: number },
): Promise<string> {
  try {
    const config = z.object({ description: z.string().default("") });
    return (await client.get(`/nodes/${seg(vm.node)}/qemu/${vm.vmid}/config`, config)).description;
  } catch (error) {
    if (error instanceof PveError && (error.status === 403 || error.isMissing)) return "";
    throw error;
  }
}

/** Gives a VM these tags and no others. */
export async function tagVm(
  client: PveClient,
  vm: { readonly node: string; readonly vmid: number },
  tags: readonly string[],
): Promise<void> {
  await client.put(`/nodes/${seg(vm.node)}/qemu/${vm.vmid}/config`, nothing, { tags: tags.join(";") });
}

/** Takes Proxmox' protection flag off a VM, where it is: one that is protected cannot be deleted. */
export async function unprotectVm(client: PveClient, vmId: number): Promise<void> {
  const vm = (await client.listVms()).find((v) => v.vmid === vmId);
  if (vm) await client.put(`/nodes/${seg(vm.node)}/qemu/${vmId}/config`, nothing, { protection: false });
}

/** Deletes a volume such as `local:iso/x.iso`, and waits until it is gone. */
export async function deleteVolume(client: PveClient, node: string, storage: string, volume: string): Promise<void> {
  const task = await client.delete(`/nodes/${seg(node)}/storage/${seg(storage)}/content/${seg(volume)}`, taskOrNothing);
  if (task !== null) await client.waitTask(task, { pollMs: 200 });
}
