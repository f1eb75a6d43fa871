import { apiPower, type LabPower, type UpsPlug } from "../accept/power.ts";
import { Fault } from "../core/fault.ts";
import { findEmbedded } from "../embedded/control.ts";
import { roomPlaces } from "../embedded/room.ts";
import type { StandingGuest } from "../infra/displaced.ts";
import type { Naming } from "../infra/world.ts";
import { isRouter } from "../plan/query.ts";
import type { Host, Plan } from "../plan/types.ts";
import { consoleOf } from "../provision/console.ts";
import { untilStarted } from "../provision/routers.ts";
import { consoleShell } from "../provision/shell.ts";
import { startVm } from "../pve/client/guests.ts";
import { clientFor } from "../pve/client/environment.ts";
import type { PveClient } from "../pve/client/index.ts";
import { askRoom } from "../twin/remote-driver.ts";
import { readSettings, type Context } from "./context.ts";
import { upsPlug } from "./ups.ts";
import { interruptible } from "./interrupt.ts";
import { wordsOf } from "./words.ts";

/** A guest of the plan that stands and is off. */
export interface OffGuest {
  readonly host: Host;
  readonly vmId: number;
  readonly node: string;
  /** It has its disks and cards. One whose creation broke off before is the engine's to finish, which must find it off. */
  readonly isWhole: boolean;
}

/** Those of the plan's guests that stand under their own ids and do not run, in the order in which they start. */
export function guestsOff(standing: readonly StandingGuest[], plan: Plan, naming: Naming): readonly OffGuest[] {
  return standing
    .flatMap(({ host: id, vm, seen }) => {
      const host = plan.hosts.get(id);
      const isOff = host !== undefined && naming.vmId(host) === vm.vmid && vm.status !== "running";
      return isOff ? [{ host, vmId: vm.vmid, node: vm.node, isWhole: isWhole(host, seen) }] : [];
    })
    .sort((a, b) => a.host.startOrder - b.host.startOrder);
}

function isWhole(host: Host, { disksGiB, cards }: StandingGuest["seen"]): boolean {
  const isGrown = host.disksGiB.every((wanted, n) => (disksGiB[n] ?? 0) >= wanted);
  return isGrown && (cards > 0 || host.nics.length === 0);
}

const START_MS = 60_000;

/** Power and cables of the embedded lab. @param room its machine room, which pulls cables */
const roomPower = (client: PveClient, plan: Plan, naming: Naming, room: string): LabPower => {
  const vmIdOf = (id: string): number => naming.vmId(plan.hosts.get(id)!);
  return apiPower(client, vmIdOf, plan.hosts.keys(), async (host, nic, isUp) => {
    await askRoom(room, "setLink", [vmIdOf(host), nic, isUp]);
  });
};

/** The plug of the embedded lab's UPS, which a file of whoever reads it simulates. */
const roomUps = (plan: Plan, naming: Naming, room: string, power: LabPower): UpsPlug =>
  upsPlug(
    consoleShell((host) => consoleOf(room, naming.vmId(plan.hosts.get(host)!))),
    power,
  );

/** What gives back what a command took. */
export interface Restoring {
  readonly power: LabPower;
  readonly ups: UpsPlug;
}

export const restoringOf = (client: PveClient, plan: Plan, naming: Naming, room: string): Restoring => {
  const power = roomPower(client, plan, naming, room);
  return { power, ups: roomUps(plan, naming, room, power) };
};

interface OpenedPower extends Restoring {
  close(): Promise<void>;
}

/** The same where only the running lab is known. @throws Fault ACCEPT_NOTHING_RUNS */
export async function openRoomPower(context: Context, plan: Plan, naming: Naming): Promise<OpenedPower> {
  const endpoint = await findEmbedded(context.folders);
  if (!endpoint)
    throw new Fault(
      "ACCEPT_NOTHING_RUNS",
      "What a command left without power or cable is given back by the lab's API, which does not run.",
      "Run `maquette up` as root (sudo): it starts the API, and gives it back.",
    );
  const client = await clientFor(endpoint, (await readSettings(context)).insecure);
  const { socket } = roomPlaces(context.folders);
  return { ...restoringOf(client, plan, naming, socket), close: () => client.close() };
}

/** Says and starts those that have all that they are made of; the rest is the engine's to finish. */
export async function startWhole(
  { io, language }: Pick<Context, "io" | "language">,
  client: PveClient,
  off: readonly OffGuest[],
  room: string | null,
): Promise<void> {
  const whole = off.filter((g) => g.isWhole);
  if (whole.length === 0) return;
  io.err(wordsOf(language).startingOff(whole.map((g) => g.host.id).join(", ")));
  await interruptible(io, () => startGuests(client, whole, room));
}

/**
 * Starts them by the API alone, because no host can be asked through a router that is off: those of one place in the
 * order together, the next when they are under power, and routers have their rules or say why not.
 * @param room where their consoles are, if anywhere
 */
async function startGuests(client: PveClient, off: readonly OffGuest[], room: string | null): Promise<void> {
  for (const order of new Set(off.map((g) => g.host.startOrder))) {
    const group = off.filter((g) => g.host.startOrder === order);
    await Promise.all(group.map(({ node, vmId }) => startVm(client, node, vmId)));
    if (room === null) continue;
    const routers = group.filter(({ host }) => isRouter(host));
    await Promise.all(
      routers.map(({ host, vmId }) => untilStarted({ host: host.id, run: consoleOf(room, vmId) }, START_MS)),
    );
  }
}
