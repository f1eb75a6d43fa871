import type { ListedVm } from "../provision/ownership.ts";

/** What recovery reads of a resource in the checkpoint. */
export interface Recorded {
  readonly type: string;
  readonly id?: string | undefined;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  /** Why its creation or update broke off half-way: the state then says what was wanted, not what is. */
  readonly initErrors?: readonly string[] | null | undefined;
}

export interface Situation {
  readonly mark: string;
  readonly isEmbedded: boolean;
  readonly recorded: readonly Recorded[];
  /** Operations that an interrupted run had begun. */
  readonly pending: readonly { readonly type: string; readonly resource: Recorded }[];
  readonly listed: readonly ListedVm[];
}

/** What to do before the engine may go on. */
export interface Recovery {
  /** VMs that exist, are ours, and that the state never recorded: begun and cut off. */
  readonly leftovers: readonly ListedVm[];
  /** The state speaks of VMs that are gone, or of operations whose end nobody saw: ask the API again. */
  readonly needsRefresh: boolean;
  /** The checkpoint's list of begun operations has served: drop it. */
  readonly dropsPending: boolean;
  /** Ours on a real Proxmox, and neither recorded nor begun. */
  readonly unknown: readonly ListedVm[];
  /** There are such: the state was lost, or is older than they are, and nothing may be deleted on that ground. */
  readonly isStateLost: boolean;
}

const VM = "proxmoxve:index/vmLegacy:VmLegacy";

/**
 * Compares what the checkpoint says with what the cluster lists; a pure function, so that every kind of kill is a
 * case in a test.
 */
export function planRecovery(s: Situation): Recovery {
  const recorded = new Set(s.recorded.filter((r) => r.type === VM).map(vmIdOf));
  const begun = new Map(
    s.pending
      .filter((p) => p.type === "creating" && p.resource.type === VM)
      .map((p) => [vmIdOf(p.resource), p.resource.inputs?.["name"]]),
  );
  const listed = new Set(s.listed.map((vm) => vm.vmid));
  const unrecorded = s.listed.filter((vm) => {
    if (recorded.has(vm.vmid)) return false;
    if (vm.tags.includes(s.mark)) return true;
    // A clone that was cut off before its tags were set bears its name, and a begun operation says that it is ours;
    // another stack's guest of that name and id bears that stack's tags.
    return begun.get(vm.vmid) === vm.name && !vm.tags.includes("maquette");
  });
  const unknown = s.isEmbedded ? [] : unrecorded.filter((vm) => !begun.has(vm.vmid));
  const isStateLost = unknown.length > 0;
  return {
    leftovers: isStateLost ? [] : unrecorded,
    needsRefresh:
      s.pending.length > 0 ||
      // Half made: the state says what was wanted, so without asking the next update would find nothing to do.
      s.recorded.some((r) => (r.initErrors ?? []).length > 0) ||
      [...recorded].some((id) => id !== undefined && !listed.has(id)),
    dropsPending: s.pending.length > 0,
    unknown,
    isStateLost,
  };
}

function vmIdOf(r: Recorded): number | undefined {
  const id = r.inputs?.["vmId"] ?? r.id;
  const n = Number(id);
  return Number.isInteger(n) ? n : undefined;
}
