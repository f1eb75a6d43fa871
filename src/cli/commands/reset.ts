import { parseDeployment, stateAfterReset } from "../../engine/restore.ts";
import { untilBooted } from "../../provision/booted.ts";
import { untilRoutersCarry, untilStarted } from "../../provision/routers.ts";
import { checkSnapshotName, GuestSnapshots } from "../../provision/snapshots.ts";
import { consoleOf } from "../after-boot.ts";
import type { Command } from "../command.ts";
import { isConfirmed } from "../confirmed.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { openSession } from "../session.ts";
import {
  alone,
  changedDocuments,
  deploymentOf,
  planDigests,
  putDeployment,
  readRecord,
  settleInterrupted,
  type SnapshotRecord,
} from "../snapshots.ts";
import { wordsOf } from "../words.ts";
import { DEFAULT_SNAPSHOT } from "./snapshot.ts";

/**
 * Takes the whole lab back to a snapshot: all guests, off before the first one goes back, Pulumi's state, and all of them
 * started. It needs no sound plan; run again after an interruption, it finishes.
 */
export const reset: Command = async (context, values, [asked]) => {
  const started = performance.now();
  const { io } = context;
  const words = wordsOf(context.language);
  const record = await readRecord(context, checkSnapshotName(asked ?? DEFAULT_SNAPSHOT));
  // The embedded lab is made to be broken and reset.
  if (
    !context.isEmbedded &&
    !(await isConfirmed(
      context,
      values,
      words.confirmReset(context.stack, record.name),
      "reset discards whatever the guests did since the snapshot",
    ))
  ) {
    io.err(words.notReset);
    return exitCodes.failure;
  }
  const session = await openSession(context);
  await settleInterrupted(context, session, record.name);
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
  const changed = changedDocuments(record.plan, await planDigests(context, await readSettings(context)));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (context.isJson)
    io.out(
      JSON.stringify({
        reset: record.name,
        takenAt: record.takenAt,
        guests: record.guests.map((g) => g.host),
        planChanged: changed,
        seconds: Number(seconds),
      }),
    );
  else {
    io.out(words.wasReset(record.guests.length, record.name, record.takenAt.slice(0, 19).replace("T", " "), seconds));
    if (changed.length > 0) io.out(words.planChangedSince(changed.join(", ")));
  }
  return exitCodes.good;
};

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
