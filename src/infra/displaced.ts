import { z } from "zod";
import type { ListedVm } from "../provision/ownership.ts";
import { hostTag } from "./mark.ts";
import { VM, vmIdOf, type Recorded } from "./recorded.ts";

/*
 * Guests that stand, held against the plan, before anything is touched. A guest is made under its host's name: its host
 * keys, its certificates, its account in the directory bear it. A VM id or an address of the plan on which another
 * host's guest stands is therefore no change of that guest, and the engine, which knows names alone, must not be let
 * near it: it would take the VM for the new host's, and delete it for the old one's.
 */

/** A host's guest that the engine has on record and the hypervisor has. */
export interface StandingGuest {
  readonly host: string;
  readonly urn: string;
  readonly vm: ListedVm;
  /** The mark that it bears: another one than the plan's where the stack's copy number has changed. */
  readonly mark: string;
  readonly role: string;
  readonly disksGiB: readonly number[];
  /** What the hypervisor has of it, as far as the engine last saw: of one whose creation broke off less than is wanted. */
  readonly seen: { readonly disksGiB: readonly number[]; readonly cards: number };
  readonly addresses: readonly string[];
  /** What it was made to be for good; undefined of what may become anything, and in records of before. */
  readonly keeps?: string;
  /** Pulumi's own protection: on a real Proxmox the engine deletes none that has it. */
  readonly isProtected: boolean;
}

export interface PlannedGuest {
  readonly host: string;
  readonly vmId: number;
  readonly addresses: readonly string[];
  /** What it holds is bound to the address of its first leg. */
  readonly keepsAddress?: boolean;
  /** What it is for good: `the domain cod.test (COD)`. */
  readonly keeps?: string;
  /** Left out: as they are. */
  readonly disksGiB?: readonly number[];
  /** The template that it would be cloned from, where there is one. */
  readonly templateId?: number;
}

/** A guest that could not stay where it is, and why. */
export type Displaced =
  /** The plan has another number for its host. */
  | {
      readonly kind: "renumbered";
      readonly guest: StandingGuest;
      readonly vmId: number;
      readonly by: string | undefined;
    }
  /** The plan has another address for it, and its role cannot follow. */
  | {
      readonly kind: "moved";
      readonly guest: StandingGuest;
      readonly from: string;
      readonly to: string;
    }
  /** It is one thing for good, and the plan wants another. */
  | {
      readonly kind: "bound";
      readonly guest: StandingGuest;
      readonly from: string;
      readonly to: string;
    }
  /** A disk of it would become smaller, or be none any more. */
  | {
      readonly kind: "shrunk";
      readonly guest: StandingGuest;
      /** Its place among the guest's disks, from 0. */
      readonly disk: number;
      readonly fromGiB: number;
      readonly toGiB: number | undefined;
    }
  /** The plan has its host no more, and another one in its place. */
  | {
      readonly kind: "renamed";
      readonly guest: StandingGuest;
      readonly by: string;
      readonly address: string | undefined;
    };

/** Tells the program which VM ids will be free by the time it builds. */
export const MAKING_WAY = "MAQUETTE_MAKING_WAY";

const GUEST = "maquette:lab:Guest$";
const disks = z.array(z.looseObject({ size: z.number().default(0) })).catch([]);
const cards = z.array(z.unknown()).catch([]);
const outputs = z
  .looseObject({
    mark: z.string().default(""),
    guests: z
      .record(
        z.string(),
        z.looseObject({ role: z.string(), addresses: z.array(z.string()), keeps: z.string().optional() }),
      )
      .default({}),
  })
  .catch({ mark: "", guests: {} });

/**
 * Of those on record, the ones that the hypervisor has under this stack's mark.
 * @param mark of the plan; the record names the one that the guests were made with
 * @returns by VM id
 */
export function standingGuests(
  recorded: readonly Recorded[],
  listed: readonly ListedVm[],
  mark: string,
): readonly StandingGuest[] {
  const { mark: before, guests: known } = outputs.parse(
    recorded.find((r) => r.type === "pulumi:pulumi:Stack")?.outputs ?? {},
  );
  const markOf = (vm: ListedVm): string | undefined => [mark, before].find((m) => m !== "" && vm.tags.includes(m));
  const standing = recorded.flatMap((r): StandingGuest[] => {
    if (r.type !== VM || r.urn === undefined || !r.urn.includes(GUEST) || r.delete === true) return [];
    const vm = listed.find((v) => v.vmid === vmIdOf(r));
    const own = vm && markOf(vm);
    if (vm === undefined || own === undefined) return [];
    const host = r.urn.split("::").at(-1)!;
    return [
      {
        host,
        urn: r.urn,
        vm,
        mark: own,
        role: known[host]?.role ?? "",
        disksGiB: disks.parse(r.inputs?.["disks"]).map((d) => d.size),
        seen: {
          disksGiB: disks.parse(r.outputs?.["disks"]).map((d) => d.size),
          cards: cards.parse(r.outputs?.["networkDevices"]).length,
        },
        addresses: known[host]?.addresses ?? [],
        ...(known[host]?.keeps === undefined ? {} : { keeps: known[host].keeps }),
        isProtected: r.protect === true,
      },
    ];
  });
  // The record has them as the engine finished with them, which is another order each time.
  return standing.sort((a, b) => a.vm.vmid - b.vm.vmid);
}

/** Guests on record that do not stand: what has their VM id, if anything, does not bear this stack's mark. */
export const lostGuests = (
  recorded: readonly Recorded[],
  standing: readonly StandingGuest[],
): readonly { readonly host: string; readonly vmId: number }[] =>
  recorded.flatMap((r) => {
    if (r.type !== VM || r.urn?.includes(GUEST) !== true || r.delete === true) return [];
    const vmId = vmIdOf(r)!;
    return standing.some((g) => g.vm.vmid === vmId) ? [] : [{ host: r.urn.split("::").at(-1)!, vmId }];
  });

/** Guests that stand in the plan's way. Pure, so that every way to edit names and numbers is a case in a test. */
export function displacedGuests(
  standing: readonly StandingGuest[],
  planned: readonly PlannedGuest[],
): readonly Displaced[] {
  return standing.flatMap((guest): Displaced[] => {
    const own = planned.find((p) => p.host === guest.host);
    const by = planned.find((p) => p.host !== guest.host && p.vmId === guest.vm.vmid);
    if (own !== undefined) {
      if (own.vmId !== guest.vm.vmid) return [{ kind: "renumbered", guest, vmId: own.vmId, by: by?.host }];
      const [[from], [to]] = [guest.addresses, own.addresses];
      const isMoved = own.keepsAddress === true && from !== undefined && to !== undefined && from !== to;
      if (isMoved) return [{ kind: "moved", guest, from, to }];
      const isBound = guest.keeps !== undefined && own.keeps !== undefined && guest.keeps !== own.keeps;
      return isBound ? [{ kind: "bound", guest, from: guest.keeps, to: own.keeps }] : shrunk(guest, own);
    }
    if (by !== undefined) return [{ kind: "renamed", guest, by: by.host, address: undefined }];
    // It would be deleted last, when the new one has long tried to speak from the same address.
    for (const { host, addresses } of planned) {
      const address = addresses.find((a) => guest.addresses.includes(a));
      if (address !== undefined) return [{ kind: "renamed", guest, by: host, address }];
    }
    return [];
  });
}

/**
 * No disk can be made smaller: the provider stops there, in the middle of a run; and it deletes one that the plan has no
 * more, with what is on it.
 */
function shrunk(guest: StandingGuest, { disksGiB: wanted }: PlannedGuest): Displaced[] {
  if (wanted === undefined) return [];
  const disk = guest.disksGiB.findIndex((size, n) => (wanted[n] ?? 0) < size);
  return disk < 0 ? [] : [{ kind: "shrunk", guest, disk, fromGiB: guest.disksGiB[disk]!, toGiB: wanted[disk] }];
}

/** A host whose guest cannot be made: a clone has at least the size of what it is cloned from. */
export interface SmallClone {
  readonly host: string;
  readonly wantedGiB: number;
  readonly templateGiB: number;
}

/** Those that would be cloned, as new guests or in the place of one that shrinks, from a template that is bigger. */
export function smallClones(
  recorded: readonly Recorded[],
  standing: readonly StandingGuest[],
  planned: readonly PlannedGuest[],
): readonly SmallClone[] {
  const sizes = new Map(
    recorded.flatMap((r) => {
      const [first] = r.type === VM && r.inputs?.["template"] === true ? disks.parse(r.inputs["disks"]) : [];
      return first === undefined ? [] : [[vmIdOf(r), first.size] as const];
    }),
  );
  return planned.flatMap(({ host, disksGiB, templateId }): SmallClone[] => {
    const [wantedGiB] = disksGiB ?? [];
    const templateGiB = templateId === undefined ? undefined : sizes.get(templateId);
    if (wantedGiB === undefined || templateGiB === undefined || wantedGiB >= templateGiB) return [];
    const stands = standing.find((g) => g.host === host)?.disksGiB[0];
    return stands !== undefined && stands <= wantedGiB ? [] : [{ host, wantedGiB, templateGiB }];
  });
}

/**
 * Guests of this stack that say by their tag that they are another host's than the one whose id they stand on: what the
 * program itself can see, also under a plain `pulumi up`.
 */
export function misplaced(
  listed: readonly ListedVm[],
  mark: string,
  hosts: ReadonlyMap<number, string>,
): readonly { readonly vm: ListedVm; readonly host: string; readonly by: string }[] {
  const tags = new Map([...hosts].map(([vmId, host]) => [vmId, { host, tag: hostTag(host) }]));
  return listed.flatMap((vm) => {
    const own = tags.get(vm.vmid);
    if (own === undefined || !vm.tags.includes(mark)) return [];
    const others = vm.tags.filter((t) => t.startsWith(hostTag("")));
    return others.length === 0 || others.includes(own.tag)
      ? []
      : [{ vm, host: others[0]!.slice(hostTag("").length), by: own.host }];
  });
}
