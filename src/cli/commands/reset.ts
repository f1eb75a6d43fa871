import { checkSnapshotName } from "../../provision/snapshots.ts";
import { refuseBesideDrill } from "../broken.ts";
import type { Command } from "../command.ts";
import { isConfirmed } from "../confirmed.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { restoreTo, settleInterrupted } from "../restore.ts";
import { openSession } from "../session.ts";
import { changedDocuments, interruptedWork, planDigests, readRecord } from "../snapshots.ts";
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
  await refuseBesideDrill(context.folders);
  const session = await openSession(context);
  const begun = await interruptedWork(context);
  // The same one, run again, finishes.
  if (begun?.doing !== "reset" || begun.record.name !== record.name) await settleInterrupted(context, session, "say");
  await restoreTo(context, session, record);
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
