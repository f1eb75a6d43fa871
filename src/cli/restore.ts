import { Fault } from "../core/fault.ts";
import { parseDeployment, stateAfterReset } from "../engine/restore.ts";
import { untilBooted } from "../provision/booted.ts";
import { consoleOf } from "../provision/console.ts";
import { untilRoutersCarry, untilStarted } from "../provision/routers.ts";
import { GuestSnapshots } from "../provision/snapshots.ts";
import type { Context } from "./context.ts";
import { interruptible } from "./interrupt.ts";
import type { Session } from "./session.ts";
import { alone, brokenOffWork, deploymentOf, putDeployment, undoSnapshot, type SnapshotRecord } from "./snapshots.ts";
import { wordsOf } from "./words.ts";

/** All guests and Pulumi's state as a snapshot has them; begun before, it is finished. */
export async function restoreTo(context: Context, session: Session, record: SnapshotRecord): Promise<void> {
  const words = wordsOf(context.language);
  const { io } = context;
  const guests = new GuestSnapshots(session.client, record.mark, record.guests);
  await guests.checkRestorable(record.name);
  await interruptible(io, () =>
    alone(context, session, "reset", record, async (begin) => {
      const state = stateAfterReset(
        parseDeployment(record.deployment),
        await deploymentOf(context, session),
        new Set(record.guests.map((g) => g.vmId)),
      );
      await begin();
      io.progress(words.resetting(record.guests.length, record.name));
      await guests.restore(record.name, (left) => io.progress(words.rolledBack(left)));
      await putDeployment(context, session, state);
      // Theirs is the longest way: CARP's elections go on while the others boot. With them what they watch their ways
      // out by, or they would find them dead, change routes and rules, and change them back.
      await guests.start((g) => g.role === "router" || g.role === "internet");
      if (session.room !== null) await untilRoutersForward(record, session.room);
      await guests.start();
      if (session.room !== null) await untilAllCarry(context, record, session.room);
    }),
  );
}

/**
 * Makes good what an earlier run began: a snapshot is undone, a reset finished, because some guests may be those of then
 * already. @param may what this command may do about a reset: only what changes the lab anyway finishes one
 * @throws Fault RESET_INTERRUPTED
 */
export async function settleInterrupted(context: Context, session: Session, may: "finish" | "say"): Promise<void> {
  const found = await brokenOffWork(context, session);
  if (found === undefined) return;
  const { record } = found;
  if (found.doing === "snapshot") return undoSnapshot(context, session, record);
  if (may === "say")
    throw new Fault(
      "RESET_INTERRUPTED",
      `A reset to the snapshot ${record.name} was interrupted: guests of then and of now may stand side by side.`,
      `\`maquette up\` finishes it, as \`maquette reset ${record.name}\` does; or \`maquette destroy\`.`,
    );
  context.io.err(`recovering: finishing the reset to ${record.name}, which was interrupted`);
  await restoreTo(context, session, record);
}

const FORWARD_DEADLINE_MS = 30_000;

/** Until the routers have their rules, or are late: whether they come at all is asked at the end. */
async function untilRoutersForward(record: SnapshotRecord, room: string): Promise<void> {
  const routers = record.guests.filter((g) => g.role === "router");
  await Promise.all(
    routers.map((g) => untilStarted({ host: g.host, run: consoleOf(room, g.vmId) }, FORWARD_DEADLINE_MS)),
  );
}

/** Every guest's system up, and the routers with one master for each address. */
async function untilAllCarry(context: Context, record: SnapshotRecord, room: string): Promise<void> {
  const words = wordsOf(context.language);
  const consoles = record.guests.map((g) => ({ host: g.host, role: g.role, run: consoleOf(room, g.vmId) }));
  const booted = await untilBooted(consoles, (host, left) => context.io.progress(words.guestUp(host, left)));
  for (const { host, failedUnits } of booted)
    if (failedUnits.length > 0) context.io.err(words.failedUnits(host, failedUnits.join(", ")));
  context.io.progress(words.routersElect);
  await untilRoutersCarry(
    consoles.filter((c) => c.role === "router"),
    record.sharedAddresses,
  );
}
