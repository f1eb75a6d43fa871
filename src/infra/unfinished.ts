import type { ListedVm } from "../provision/ownership.ts";
import { bears } from "./mark.ts";
import { vmIdOf, VM, type Recorded } from "./recorded.ts";

/*
 * Guests whose creation broke off. A clone gets name, description and pool with its creation, its tags only by a later
 * call; and the engine records it only once the provider says that it is there. So ownership is judged by what is there
 * first: the description, which bears the mark, and the record, which says what was to be made.
 */

export interface GuestSituation {
  readonly mark: string;
  readonly isEmbedded: boolean;
  readonly recorded: readonly Recorded[];
  readonly pending: readonly { readonly type: string; readonly resource: Recorded }[];
  readonly listed: readonly ListedVm[];
  /** Of VMs that the mark's tag does not tell all about (`inDoubt`): their descriptions. */
  readonly described: ReadonlyMap<number, string>;
  /** Of these, the ones that were started once, as far as the nodes' tasks tell. */
  readonly started: ReadonlySet<number>;
}

export interface JudgedGuests {
  /** Ours, begun and never recorded: nothing was ever done in them, so they go. */
  readonly leftovers: readonly ListedVm[];
  /** Ours and recorded, but cut off before they got their tags: they get them, and the engine finishes the rest. */
  readonly claims: readonly Claim[];
  /** Ours on a real Proxmox, and nothing tells that they were only begun: the state was lost. */
  readonly unknown: readonly ListedVm[];
}

export interface Claim {
  readonly vm: ListedVm;
  readonly tags: readonly string[];
}

type Pending = GuestSituation["pending"][number];
export const isBegunGuest = (p: Pending): boolean => p.type === "creating" && p.resource.type === VM;

/** What the record says of guests: VMs recorded and begun, and those whose seed is there and that are not. */
function expected({ recorded, pending }: Pick<GuestSituation, "recorded" | "pending">): {
  readonly known: ReadonlyMap<number | undefined, Recorded>;
  readonly begun: ReadonlyMap<number | undefined, Recorded>;
  readonly awaited: ReadonlySet<number | undefined>;
} {
  return {
    known: new Map(recorded.filter((r) => r.type === VM).map((r) => [vmIdOf(r), r])),
    begun: new Map(pending.filter(isBegunGuest).map((p) => [vmIdOf(p.resource), p.resource])),
    awaited: new Set(recorded.filter((r) => r.type === SEED).map(vmIdOf)),
  };
}

const SEED = "provision:index:Seed";

/** VMs of which more must be known than the list tells: those without our tag where ours may be, ours without a record. */
export function inDoubt(
  s: Pick<GuestSituation, "mark" | "recorded" | "pending" | "listed">,
  pool: string,
): readonly ListedVm[] {
  const { known, begun, awaited } = expected(s);
  return s.listed.filter((vm) => {
    if (vm.tags.includes(s.mark)) return !known.has(vm.vmid);
    if (isAnothers(vm, s.mark)) return false;
    const isHere = known.has(vm.vmid) || begun.has(vm.vmid) || awaited.has(vm.vmid);
    return isHere || vm.pool?.toLowerCase() === pool;
  });
}

/** Pure, so that every moment at which a creation can break off is a case in a test. */
export function judgeGuests(s: GuestSituation): JudgedGuests {
  const { known, begun, awaited } = expected(s);
  const judged = { leftovers: [] as ListedVm[], claims: [] as Claim[], unknown: [] as ListedVm[] };
  for (const vm of s.listed) {
    const isMarked = vm.tags.includes(s.mark);
    const record = known.get(vm.vmid);
    if (isMarked && record !== undefined) continue;
    const description = s.described.get(vm.vmid) ?? "";
    const isOurs =
      isMarked ||
      (!isAnothers(vm, s.mark) &&
        (bears(description, s.mark) || isAsWanted(description, record ?? begun.get(vm.vmid))));
    if (record !== undefined) {
      // Of a whole one somebody took the tags away: that is for him to say.
      if (isOurs && isHalf(record)) judged.claims.push({ vm, tags: tagsOf(record, s.mark) });
    } else if (isOurs) {
      const isBegun = s.isEmbedded || begun.has(vm.vmid);
      (isBegun || isUnused(vm, description) ? judged.leftovers : judged.unknown).push(vm);
    } else if (s.isEmbedded && (begun.has(vm.vmid) || awaited.has(vm.vmid)) && isAbandoned(vm))
      // The embedded API is this stack's alone; on a cluster it may be what somebody else is making just now.
      judged.leftovers.push(vm);
  }
  return judged;

  /** On a cluster: the record ends where it was to be made, and it has not run since. */
  function isUnused(vm: ListedVm, description: string): boolean {
    if (vm.status !== "stopped" || s.started.has(vm.vmid)) return false;
    return awaited.has(vm.vmid) || description.startsWith(TEMPLATE_OF);
  }
}

/** How a template's description begins (src/infra/template.ts): nobody has data in one. */
export const TEMPLATE_OF = "Template of the role ";

/** The provider told its id, and then what failed. */
const isHalf = (record: Recorded): boolean => (record.initErrors ?? []).length > 0;

/** Of another stack of ours, by its tags: whatever was copied into its description. */
const isAnothers = (vm: ListedVm, mark: string): boolean => vm.tags.includes("maquette") && !vm.tags.includes(mark);

/** A run of an earlier version, whose descriptions bore no mark, wanted this very text. */
function isAsWanted(description: string, wanted: Recorded | undefined): boolean {
  const text = wanted?.inputs?.["description"];
  return typeof text === "string" && text.trim() !== "" && text.trim() === description.trim();
}

function tagsOf(record: Recorded, mark: string): readonly string[] {
  const tags = record.inputs?.["tags"];
  const wanted = Array.isArray(tags) ? tags.filter((t) => typeof t === "string") : [];
  return wanted.includes(mark) ? wanted : ["maquette", mark];
}

/**
 * A creation or clone that broke off with its node, as in a power cut: it has the lock, and neither name nor tags yet.
 * That nobody is at it any more is for the caller to know (`untilNoneIsMade`).
 */
export const isAbandoned = (vm: ListedVm): boolean =>
  (vm.lock === "create" || vm.lock === "clone") && vm.tags.length === 0;
