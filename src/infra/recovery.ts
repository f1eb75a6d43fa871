import { z } from "zod";
import type { ListedVm } from "../provision/ownership.ts";
import { bears, poolOf } from "./mark.ts";
import { vmIdOf, VM, type Recorded } from "./recorded.ts";
import { isAbandoned, isBegunGuest, judgeGuests, type Claim, type GuestSituation } from "./unfinished.ts";

export type { Recorded } from "./recorded.ts";

/**
 * Something other than a VM that a run began to make, found by what its inputs say. The list is in the order in which
 * it may be deleted.
 */
export type Begun =
  | { readonly kind: "ha-rule"; readonly rule: string }
  | { readonly kind: "ha-resource"; readonly sid: string; readonly comment: string }
  | { readonly kind: "seed"; readonly node: string; readonly storage: string; readonly volume: string }
  | {
      readonly kind: "image";
      readonly node: string;
      readonly storage: string;
      readonly volume: string;
      readonly fileName: string;
    }
  | { readonly kind: "bridge"; readonly node: string; readonly name: string; readonly comment: string }
  | { readonly kind: "pool"; readonly name: string };

/** One of those that stands on the API, and what the API says that tells whose it is. */
export interface Standing {
  readonly begun: Begun;
  /** Of pools, bridges and HA resources. */
  readonly comment?: string | undefined;
  /** Of an image: when its file came to be, by the node's clock. */
  readonly createdAt?: number | undefined;
  /** Of an image: what this stack's token began to download to that node under that name, by the same clock. */
  readonly downloads?: readonly Download[] | undefined;
}

/** A task of the node, with its clock's seconds. */
export interface Download {
  readonly task: string;
  readonly begunAt: number;
  /** Undefined while it runs. */
  readonly endedAt?: number | undefined;
}

export interface Situation extends GuestSituation {
  /** Which of `begunBy(pending)` are there. */
  readonly standing: readonly Standing[];
  /** All pools of the cluster: their names are the cluster's, so a pool tells whose things of its name are. */
  readonly pools: readonly Pool[];
}

export interface Pool {
  readonly name: string;
  readonly comment: string;
}

/** What to do before the engine may go on. */
export interface Recovery {
  /** VMs that exist, are ours, and that the state never recorded: begun and cut off. */
  readonly leftovers: readonly ListedVm[];
  /** Recorded ones that were cut off before they bore the mark: they get it. */
  readonly claims: readonly Claim[];
  /** Other things of that kind, in the order in which to delete them. */
  readonly begun: readonly Standing[];
  /** What stands where this stack began to make its own, and is not provably this stack's: left alone. */
  readonly strangers: readonly Stranger[];
  /**
   * Guests whose creation or update broke off and that stand still, and the CD that each was to begin from: the program
   * ignores changes of that drive, so nobody else would put it in.
   */
  readonly halfMade: readonly HalfMade[];
  /**
   * Records of a guest that is another host's, made after it by an engine that took the one for the other (it goes by
   * ids alone). Forgotten, or it would be deleted under that name.
   */
  readonly doubles: readonly Recorded[];
  /** The state speaks of VMs that are gone, or of operations whose end nobody saw: ask the API again. */
  readonly needsRefresh: boolean;
  /** The checkpoint's list of begun operations has served: drop it. */
  readonly dropsPending: boolean;
  /** Ours on a real Proxmox, and neither recorded nor begun. */
  readonly unknown: readonly ListedVm[];
  /** There are such: the state was lost, or is older than they are, and nothing may be deleted on that ground. */
  readonly isStateLost: boolean;
}

export interface HalfMade {
  readonly vm: ListedVm;
  /** `ide3` */
  readonly slot: string;
  /** `local:iso/lab-12345678-pc1.iso` */
  readonly volume: string;
}

export interface Stranger {
  readonly begun: Begun;
  readonly why: string;
}

/** Of a volume: a template's drive is empty, or the node's own. */
const cdrom = z.object({ interface: z.string(), fileId: z.string().regex(/^[^:]+:/) });

/** How each type that the program makes is found again; of `text` an input that is absent is "". */
const BEGUN: Readonly<Record<string, (text: (name: string) => string) => Begun>> = {
  "proxmoxve:index/harule:Harule": (text) => ({ kind: "ha-rule", rule: text("rule") }),
  "proxmoxve:index/haresource:Haresource": (text) => ({
    kind: "ha-resource",
    sid: text("resourceId"),
    comment: text("comment"),
  }),
  "provision:index:Seed": (text) => ({
    kind: "seed",
    node: text("node"),
    storage: text("storage"),
    volume: `${text("storage")}:iso/${text("fileName")}`,
  }),
  "proxmoxve:download/file:File": (text) => ({
    kind: "image",
    node: text("nodeName"),
    storage: text("datastoreId"),
    volume: `${text("datastoreId")}:${text("contentType")}/${text("fileName")}`,
    fileName: text("fileName"),
  }),
  "proxmoxve:network/linux/bridge:Bridge": (text) => ({
    kind: "bridge",
    node: text("nodeName"),
    name: text("name"),
    comment: text("comment"),
  }),
  "proxmoxve:index/poolLegacy:PoolLegacy": (text) => ({ kind: "pool", name: text("poolId") }),
};
const ORDER: readonly Begun["kind"][] = ["ha-rule", "ha-resource", "seed", "image", "bridge", "pool"];

/** What a run began to make besides VMs and never recorded: where to look, in the order in which it may be deleted. */
export function begunBy({ recorded, pending }: Pick<Situation, "recorded" | "pending">): readonly Begun[] {
  const kept = new Set(recorded.map((r) => identityOf(thingOf(r))));
  return pending
    .filter((p) => p.type === "creating")
    .map((p) => thingOf(p.resource))
    .filter((thing) => thing !== undefined)
    .filter((thing) => !kept.has(identityOf(thing)))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

type Pending = Situation["pending"][number];

/** Whether the API may still be making guests that a run asked for and never recorded. */
export const mayBeMaking = (pending: readonly Pending[], listed: readonly ListedVm[]): boolean =>
  pending.some(isBegunGuest) || listed.some(isAbandoned);

const identityOf = (thing: Begun | undefined): string => JSON.stringify({ ...thing, comment: undefined });

function thingOf(r: Recorded): Begun | undefined {
  return BEGUN[r.type]?.((name) => {
    const value = r.inputs?.[name];
    return typeof value === "string" ? value : "";
  });
}

/**
 * Compares what the checkpoint says with what the cluster lists; a pure function, so that every kind of kill is a
 * case in a test.
 */
export function planRecovery(s: Situation): Recovery {
  const recorded = new Set(s.recorded.filter((r) => r.type === VM).map(vmIdOf));
  const listed = new Set(s.listed.map((vm) => vm.vmid));
  const { leftovers, claims, unknown } = judgeGuests(s);
  const isStateLost = unknown.length > 0;
  const doubles = doublesOf(s.recorded);
  const judged = s.standing.map((found) => ({ found, why: whyNotOurs(found, s) }));
  return {
    leftovers: isStateLost ? [] : leftovers,
    claims: isStateLost ? [] : claims,
    begun: isStateLost ? [] : judged.filter((j) => j.why === undefined).map((j) => j.found),
    strangers: judged.flatMap(({ found, why }) => (why === undefined ? [] : [{ begun: found.begun, why }])),
    halfMade: isStateLost ? [] : s.recorded.flatMap((r) => halfMadeOf(r, s.listed)),
    doubles,
    needsRefresh:
      s.pending.length > 0 ||
      doubles.length > 0 ||
      claims.length > 0 ||
      // Half made: the state says what was wanted, so without asking the next update would find nothing to do.
      s.recorded.some((r) => (r.initErrors ?? []).length > 0) ||
      [...recorded].some((id) => id !== undefined && !listed.has(id)),
    dropsPending: s.pending.length > 0,
    unknown,
    isStateLost,
  };
}

/** Of several records of one VM, all but the first that was made. */
function doublesOf(recorded: readonly Recorded[]): readonly Recorded[] {
  const madeAt = (r: Recorded): number => Date.parse(r.created ?? "");
  const guests = recorded.filter((r) => r.type === VM && r.delete !== true && r.urn !== undefined);
  return guests.filter((r) => guests.some((o) => o.urn !== r.urn && vmIdOf(o) === vmIdOf(r) && madeAt(o) < madeAt(r)));
}

function halfMadeOf(r: Recorded, listed: readonly ListedVm[]): readonly HalfMade[] {
  if (r.type !== VM || (r.initErrors ?? []).length === 0) return [];
  const vm = listed.find((v) => v.vmid === vmIdOf(r) && v.status === "stopped");
  const drive = cdrom.safeParse(r.inputs?.["cdrom"]);
  return vm && drive.success ? [{ vm, slot: drive.data.interface, volume: drive.data.fileId }] : [];
}

/** Undefined where what stands there proves to be this stack's: a name alone is no proof, others may choose it too. */
function whyNotOurs(found: Standing, s: Situation): string | undefined {
  const { begun, comment = "" } = found;
  const { mark } = s;
  switch (begun.kind) {
    case "ha-rule":
      return begun.rule.startsWith(`${mark}-`) ? undefined : `its name does not begin with ${mark}`;
    case "seed":
      return begun.volume.includes(`/${mark}-`) ? undefined : `its name does not begin with ${mark}`;
    case "pool":
      return bears(comment, mark) ? undefined : `its comment does not name the mark ${mark}`;
    case "ha-resource": {
      const vm = s.listed.find((v) => `vm:${v.vmid}` === begun.sid);
      if (vm?.tags.includes(mark) !== true) return `its guest does not bear the mark ${mark}`;
      return comment === begun.comment ? undefined : "its comment is another";
    }
    case "bridge": {
      // Its comment names the pool, and no two stacks of a cluster have a pool of one name.
      if (comment !== begun.comment) return "its comment is another";
      const pool = s.pools.find((p) => p.name.toLowerCase() === poolOf(mark));
      return pool === undefined || bears(pool.comment, mark) ? undefined : `the pool ${pool.name} is another stack's`;
    }
    case "image":
      return (found.downloads ?? []).some((d) => broughtBy(d, found.createdAt))
        ? undefined
        : "this stack's token did not download it";
    default:
      return begun satisfies never;
  }
}

/** A file from before the download, or from after its end, is somebody's, whatever its name; the clock counts seconds. */
function broughtBy(d: Download, createdAt: number | undefined): boolean {
  if (createdAt === undefined) return d.endedAt === undefined;
  return d.begunAt - 1 <= createdAt && createdAt <= (d.endedAt ?? Infinity) + 1;
}
