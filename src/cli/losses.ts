import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { Fault } from "../core/fault.ts";
import {
  displacedGuests,
  type Displaced,
  type PlannedGuest,
  type SmallClone,
  type StandingGuest,
} from "../infra/displaced.ts";
import { brief, isGuest, type Change } from "./changes.ts";

/** A guest that an up would delete with its disks, although nobody asked for that. */
export interface Loss {
  readonly guest: StandingGuest;
  readonly kind: Displaced["kind"] | "replaced" | "protected";
  /** What the user names to have it so: `--replace NAME`. */
  readonly name: string;
  readonly why: string;
  /** How to keep it. */
  readonly keep: string;
}

/** What the plan's names and numbers cost, before the engine is asked. */
export const lossesOfPlan = (standing: readonly StandingGuest[], planned: readonly PlannedGuest[]): readonly Loss[] =>
  displacedGuests(standing, planned).map(lossOf);

function lossOf(displaced: Displaced): Loss {
  const { kind, guest } = displaced;
  const { host, vm } = guest;
  if (kind === "renumbered") {
    const taken = displaced.by === undefined ? "" : `, and gives ${vm.vmid} to ${displaced.by}`;
    return {
      guest,
      kind,
      name: host,
      why: `the plan's number makes it VM ${displaced.vmId}${taken}`,
      keep: `give ${host} its number of before (VM ${vm.vmid})`,
    };
  }
  if (kind === "moved")
    return {
      guest,
      kind,
      name: host,
      why: `the plan moves it from ${displaced.from} to ${displaced.to}, and what it holds bears its address`,
      keep: `give ${host} its address of before (${displaced.from})`,
    };
  if (kind === "bound")
    return {
      guest,
      kind,
      name: host,
      why: `it is of ${displaced.from} for good, and the plan says ${displaced.to}`,
      keep: `let the plan say ${displaced.from} again`,
    };
  if (kind === "shrunk") {
    const { disk, fromGiB, toGiB } = displaced;
    const which = guest.disksGiB.length === 1 ? "its disk" : `its disk ${disk + 1}`;
    return {
      guest,
      kind,
      name: host,
      why:
        toGiB === undefined
          ? `the plan has ${which} of ${fromGiB} GiB no more, and what is on it would be gone`
          : `the plan gives ${which} ${toGiB} GiB in the place of ${fromGiB}, and no disk can become smaller`,
      keep: `give ${host} its disks of before (disksGiB: [${guest.disksGiB.join(", ")}])`,
    };
  }
  const { by, address } = displaced;
  return {
    guest,
    kind,
    name: by,
    why: `the plan has no ${host} any more, and gives its ${address === undefined ? "number" : `address ${address}`} to ${by}`,
    keep: `call ${by} ${host} again`,
  };
}

/** What no `--replace` brings: a clone that is smaller than its template. Undefined where there is none. */
export function smallCloneFault(small: readonly SmallClone[]): Fault | undefined {
  if (small.length === 0) return undefined;
  const list = small.map((s) => `${s.host} of ${s.wantedGiB} GiB, and its template has ${s.templateGiB} GiB`);
  const sizes = small.map((s) => `${s.host} ${s.templateGiB} GiB or more`);
  return new Fault(
    "DISK_BELOW_TEMPLATE",
    `A guest is a clone of its role's template, and cannot have a smaller disk: ${list.join("; ")}. Nothing was touched.`,
    `Give ${sizes.join(", ")} as first disk (disksGiB in hosts.yaml). A template is as large as the smallest guest of its role was when the lab was made: one that is made anew may be smaller.`,
  );
}

/** What the engine's preview says that it would cost besides. */
export function lossesOfChanges(changes: readonly Change[], standing: readonly StandingGuest[]): readonly Loss[] {
  return changes.filter(isGuest).flatMap((change): Loss[] => {
    const guest = standing.find((g) => g.urn === change.urn);
    if (guest === undefined) return [];
    const { host } = guest;
    if (change.op === "replace") {
      const told = [...change.properties]
        .sort((a, b) => Number(b.forcesReplacement) - Number(a.forcesReplacement))
        .slice(0, 3)
        .map((p) => `${p.path}: ${brief(p.before)} → ${brief(p.after)}`);
      const why = `it cannot be changed in place${told.length === 0 ? "" : ` (${told.join(", ")})`}`;
      return [{ guest, kind: "replaced", name: host, why, keep: `take back what changes ${host}` }];
    }
    if (change.op !== "delete" || !guest.isProtected) return [];
    const why = "the plan has it no more, and on a Proxmox of one's own every guest is protected";
    return [{ guest, kind: "protected", name: host, why, keep: `put ${host} back into the plan` }];
  });
}

/** The same guest once, told by what came first: the plan's own edit says more than the engine's. */
export const allLosses = (...found: readonly (readonly Loss[])[]): readonly Loss[] => {
  const byId = new Map<number, Loss>();
  for (const loss of found.flat()) if (!byId.has(loss.guest.vm.vmid)) byId.set(loss.guest.vm.vmid, loss);
  return [...byId.values()];
};

/** @throws Fault GUESTS_LOST (`refusalOf`) */
export function refuseLosses(losses: readonly Loss[], allowed: ReadonlySet<string>, stack: string): void {
  const refusal = refusalOf(losses, allowed, stack);
  if (refusal !== undefined) throw refusal;
}

/**
 * @param allowed what `--replace` names; a guest that leaves the plan may go by its own name too
 * @returns what names each guest that is not allowed to go, what goes with it, and the ways out
 */
export function refusalOf(losses: readonly Loss[], allowed: ReadonlySet<string>, stack: string): Fault | undefined {
  const refused = losses.filter((l) => !isAllowed(l, allowed));
  if (refused.length === 0) return undefined;
  const lines = refused.map((l) => `  ${describeGuest(l.guest)}: ${l.why}`);
  const names = [...new Set(losses.map((l) => (isAllowed(l, allowed) ? nameAllowed(l, allowed) : l.name)))];
  const hints = [
    `To keep ${refused.length === 1 ? "it" : "them"}: ${[...new Set(refused.map((l) => l.keep))].join("; ")}.`,
    ...refused.filter((l) => l.kind === "renamed").map(moving),
    `To lose ${refused.length === 1 ? "it" : "them"}: maquette up${stack} --replace ${names.join(",")}.`,
  ];
  return new Fault(
    "GUESTS_LOST",
    `This would delete ${refused.length === 1 ? "a guest" : `${refused.length} guests`} with all that is on ${refused.length === 1 ? "its disk" : "their disks"}, also in snapshots. Nothing was touched.\n${lines.join("\n")}`,
    hints.join("\n    "),
  );
}

/** A name is in the guest's host keys, its certificates, its account in the directory: a rename makes another machine. */
const moving = ({ guest, name }: Loss): string =>
  `A guest cannot be renamed, its keys and its account bear the name. To move what ${guest.host} holds: have both in the plan, ${name} with a number and an address of its own, and take ${guest.host} out when all is copied.`;

const isAllowed = (loss: Loss, allowed: ReadonlySet<string>): boolean =>
  allowed.has(loss.name) || (loss.kind === "renamed" && allowed.has(loss.guest.host));
const nameAllowed = (loss: Loss, allowed: ReadonlySet<string>): string =>
  allowed.has(loss.name) ? loss.name : loss.guest.host;

/** `pc2 (VM 1032 on pve2, workstation, 20 GiB of disk)` */
export function describeGuest({ host, vm, role, disksGiB }: StandingGuest): string {
  const size = disksGiB.reduce((sum, n) => sum + n, 0);
  return `${host} (VM ${vm.vmid} on ${vm.node}${role === "" ? "" : `, ${role}`}${size === 0 ? "" : `, ${size} GiB of disk`})`;
}

const PROTECTED = /marked for protection|because it is protected/;

/** Whether a preview failed for nothing but Pulumi's protection of guests: what it lists is whole all the same. */
export function failedByProtectionAlone(events: readonly EngineEvent[]): boolean {
  const errors = events
    .flatMap(({ diagnosticEvent: d }) =>
      d?.severity === "error" ? [d.message.replaceAll(/<\{%[^%]*%\}>/g, "").trim()] : [],
    )
    .filter((text) => text !== "" && !/^(preview|update) failed$/.test(text));
  return errors.length > 0 && errors.every((text) => PROTECTED.test(text));
}
