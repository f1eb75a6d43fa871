import { existsSync } from "node:fs";
import { join } from "node:path";
import { didYouMean, formatDiagnostic } from "../core/diagnostics.ts";
import { Fault } from "../core/fault.ts";
import { keyOf, openDoor, targetsOf, type Door, type ReachOptions } from "../door/index.ts";
import { findEmbedded, lastRoom } from "../embedded/control.ts";
import { findRoom, roomPlaces, type RoomPlaces } from "../embedded/room.ts";
import { namingOf } from "../infra/naming.ts";
import type { Naming } from "../infra/world.ts";
import type { Host, Plan } from "../plan/types.ts";
import { consoleOf } from "../provision/console.ts";
import { beside } from "../stack/beside.ts";
import { loadStackSecret } from "../stack/secret.ts";
import { askRoom } from "../twin/remote-driver.ts";
import { readSettings, type Context } from "./context.ts";
import { planOf } from "./plan-of.ts";

/** A lab that runs, and the way into it. */
export interface LabDoor {
  readonly plan: Plan;
  readonly naming: Naming;
  readonly door: Door;
  readonly bastion: string;
  /** Where the guests of this machine are; null on a real Proxmox. */
  readonly places: RoomPlaces | null;
  /** A host of the plan that runs, as far as is known from here. @throws Fault CLI_UNKNOWN_HOST, DOOR_… */
  running(name: string): Promise<Host>;
}

/** A guest that has just been started answers within this. */
export const patience: ReachOptions = { waitMs: 15_000 };

/** @throws Fault DOOR_NO_LAB, DOOR_MEMORY, DOOR_NO_POWER where nothing runs that could be entered */
export async function openLabDoor(context: Context): Promise<LabDoor> {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  if (!outcome.ok) {
    throw new Fault(
      "DOOR_NO_PLAN",
      `The plan has faults, so where its hosts are is not known: ${outcome.errors.map(formatDiagnostic).join("\n")}`,
      "`maquette check` lists them.",
    );
  }
  const plan = outcome.value;
  const naming = namingOf(plan, settings);
  const places = context.isEmbedded ? roomPlaces(context.folders) : null;
  if (places !== null) await checkPower(context, places);
  const secret = await loadStackSecret(context.folders.secrets);
  const targets = targetsOf(plan, {
    secret,
    vmId: (host) => naming.vmId(host),
    sockets: places === null ? null : join(places.run, "g"),
    operator: naming.operator === null ? null : naming.operator.cidr.split("/")[0]!,
  });
  return {
    plan,
    naming,
    door: openDoor({ targets, key: keyOf(secret) }),
    bastion: targets.bastion,
    places,
    async running(name) {
      const host = hostOf(plan, naming, name);
      if (places !== null) await checkRuns(places, naming, host);
      return host;
    },
  };
}

/** By the plan's name, the hypervisor's, or with the domain. */
export function hostOf(plan: Plan, naming: Naming, name: string): Host {
  const wanted = name.toLowerCase().replace(new RegExp(`\\.${plan.domain.name.replaceAll(".", "\\.")}$`), "");
  const found = plan.hosts.get(wanted) ?? [...plan.hosts.values()].find((h) => naming.guestName(h) === wanted);
  if (found) return found;
  const near = didYouMean(wanted, plan.hosts.keys());
  throw new Fault(
    "CLI_UNKNOWN_HOST",
    `"${name}" is not a host of the plan.`,
    near ? `Did you mean "${near}"?` : `Hosts are ${[...plan.hosts.keys()].join(", ")}.`,
  );
}

/** Of `--host a,b --host c`. @throws Fault CLI_UNKNOWN_HOST */
export const namedHosts = (plan: Plan, naming: Naming, asked: unknown): ReadonlySet<Host["id"]> =>
  new Set(
    String(asked)
      .split(",")
      .map((name) => hostOf(plan, naming, name.trim()).id),
  );

async function checkPower(context: Context, places: RoomPlaces): Promise<void> {
  if (await findRoom(places)) return;
  if ((await lastRoom(context.folders)) !== null)
    throw new Fault(
      "DOOR_NO_POWER",
      "The guests of this lab are without power: its machine room does not run.",
      "Run `maquette up` as root (sudo): it starts those that ran.",
    );
  if (existsSync(join(context.folders.pve, "state.json")) || (await findEmbedded(context.folders)))
    throw new Fault(
      "DOOR_MEMORY",
      "The guests of this lab live in memory: nothing runs in them, so nothing can be entered, read or captured.",
      "Guests run on Linux, as root: `maquette destroy`, then `sudo maquette up` (`maquette doctor` says what that needs).",
    );
  throw new Fault("DOOR_NO_LAB", "There is no lab yet.", "Run `maquette up`.");
}

/**
 * A command in a router's stand-in, by the machine room: a router's own accounts are its config.xml's affair. Its
 * output comes when it has ended; a minute is what it has where nothing else is said.
 */
export function runInRouter(
  { places, naming }: LabDoor,
  host: Host,
  argv: readonly string[],
  input = "",
  deadlineMs?: number,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  return consoleOf(places!.socket, naming.vmId(host))(argv, input, deadlineMs);
}

/** Whether a host is a router that runs on this machine. */
export const isStandIn = ({ plan, places }: LabDoor, host: Host): boolean =>
  places !== null && plan.images.get(host.image)!.os === "pfsense";

/** How long who loses its power meanwhile is waited for. */
const POWER_MS = 1_000;

/**
 * What a host is asked, for as long as it runs: one that loses its power says no word of it, and a connection to it is
 * silent until some deadline.
 * @throws Fault DOOR_GUEST_OFF, and what the work throws
 */
export const whileRunning = <T>(
  lab: Pick<LabDoor, "running">,
  name: string,
  work: Promise<T>,
  everyMs = POWER_MS,
): Promise<T> => beside(work, everyMs, () => lab.running(name));

/** Told now, a guest without power is told in words; asked by SSH, it would be a missing socket. */
async function checkRuns(places: RoomPlaces, naming: Naming, host: Host): Promise<void> {
  const vmId = naming.vmId(host);
  const listed = (await askRoom(places.socket, "status", [[vmId]])) as readonly [number, { readonly power: string }][];
  const power = listed[0]?.[1].power;
  if (power === "running") return;
  throw new Fault(
    "DOOR_GUEST_OFF",
    power === undefined
      ? `${host.id} is not made yet.`
      : `${host.id} is ${power === "paused" ? "paused" : "powered off"}: nothing in it answers.`,
    power === "paused"
      ? `Resume VM ${vmId} through the API, then run the same command again.`
      : "Run `maquette up`: it makes and starts what the plan names.",
  );
}
