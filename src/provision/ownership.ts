import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { unprotectVm } from "../pve/client/guests.ts";
import type { PveClient } from "../pve/client/index.ts";
import type { Connect, ResourceType } from "./resource-type.ts";

const ownershipInputs = z.object({
  /** The tag that every guest and template of this stack bears. */
  mark: z.string(),
  /** VM id to name. */
  guests: z.record(z.string(), z.string()),
});
type OwnershipInputs = z.infer<typeof ownershipInputs>;

/** A VM as the cluster lists it (`GET /cluster/resources?type=vm`). */
export interface ListedVm {
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  /** `running`, `stopped` … */
  readonly status: string;
  readonly tags: readonly string[];
  /** `clone`, `create`, `backup` … while something is at work on it, or was when its node lost power. */
  readonly lock?: string | undefined;
  readonly pool?: string | undefined;
}

/** The VM of that id if it bears the mark. */
export async function findOwn(client: PveClient, mark: string, vmId: number): Promise<ListedVm | undefined> {
  const vms = await client.listVms();
  return vms.find((vm) => vm.vmid === vmId && vm.tags.includes(mark));
}

/** Takes Proxmox' protection flag off the VMs of those ids that bear the mark; whoever else stands there is left alone. */
export async function unprotectOwn(client: PveClient, mark: string, ids: readonly number[]): Promise<void> {
  for (const id of ids) if (await findOwn(client, mark, id)) await unprotectVm(client, id);
}

/** VMs that stand where this stack's should and do not bear its mark: somebody else's. */
export function strangers(listed: readonly ListedVm[], mark: string, ids: ReadonlySet<number>): readonly ListedVm[] {
  return listed.filter((vm) => ids.has(vm.vmid) && !vm.tags.includes(mark));
}

/** @throws Fault PVE_NOT_OURS naming every VM that is not this stack's */
export function refuseStrangers(found: readonly ListedVm[], mark: string): void {
  if (found.length === 0) return;
  const list = found.map((vm) => `${vm.vmid} "${vm.name}" on ${vm.node}`).join(", ");
  // The mark ends with the stack's own digest, and begins with the plan's name.
  const own = mark.slice(mark.lastIndexOf("-"));
  const before = found.map((vm) => vm.tags.find((t) => t.endsWith(own))?.slice(0, -own.length));
  if (before.every((pool) => pool !== undefined))
    throw new Fault(
      "PVE_NOT_OURS",
      `The lab's VM ids are taken by this stack's own guests under another name of its plan (${[...new Set(before)].join(", ")}): ${list}. Nothing is touched.`,
      `A lab that stands keeps its name: guests are marked with it. Say \`name: ${before[0]!}\` in addressing.yaml again; or let the lab of that name go by \`maquette destroy\` before the plan has another one.`,
    );
  throw new Fault(
    "PVE_NOT_OURS",
    `The lab's VM ids are taken by guests that do not bear this stack's mark (${mark}): ${list}. Nothing of theirs is touched.`,
    "Move the lab with maquette:vmidBase (or maquette:copy) in the stack's configuration; or, if they are leftovers of yours, delete them by hand (what a run of this stack was making, `maquette up` knows and finishes).",
  );
}

/**
 * Stands after all guests, so that a destroy meets it first: it refuses while one of their ids has become somebody
 * else's VM, before the Proxmox provider, which goes by id alone, deletes anything.
 */
export function ownershipResource(connect: Connect): ResourceType {
  const verify = async (o: OwnershipInputs): Promise<void> => {
    refuseStrangers(strangers(await connect().listVms(), o.mark, new Set(Object.keys(o.guests).map(Number))), o.mark);
  };
  return {
    check: (news) => {
      const parsed = ownershipInputs.safeParse(news);
      return parsed.success ? [] : parsed.error.issues.map((i) => ({ property: String(i.path[0]), reason: i.message }));
    },
    diff: (olds, news) => ({
      changes: JSON.stringify(ownershipInputs.parse(olds)) !== JSON.stringify(ownershipInputs.parse(news)),
    }),
    async create(inputs) {
      const ownership = ownershipInputs.parse(inputs);
      await verify(ownership);
      return { id: ownership.mark, outs: ownership };
    },
    read: async (id, props) => {
      const ownership = ownershipInputs.parse(props);
      return Promise.resolve({ id, props: ownership, inputs: ownership });
    },
    async update(olds, news) {
      // Guests that leave the plan are about to be deleted: they count too.
      await verify(ownershipInputs.parse(olds));
      const ownership = ownershipInputs.parse(news);
      await verify(ownership);
      return ownership;
    },
    delete: async (props) => verify(ownershipInputs.parse(props)),
  };
}
