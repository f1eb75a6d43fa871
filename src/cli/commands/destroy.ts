import { rm } from "node:fs/promises";
import { stopEmbedded } from "../../embedded/control.ts";
import { roomPlaces, stopRoom } from "../../embedded/room.ts";
import { unprotectOwn } from "../../provision/ownership.ts";
import type { Command } from "../command.ts";
import { isConfirmed } from "../confirmed.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { RunProgress } from "../progress.ts";
import { readyToDestroy } from "../ready.ts";
import { removeAllRecords } from "../snapshots.ts";
import { wordsOf } from "../words.ts";
import { engineFault } from "./up.ts";

/** Deletes the lab. On a real Proxmox only who types the stack's name. */
export const destroy: Command = async (context, values) => {
  const { io } = context;
  const words = wordsOf(context.language);
  const settings = await readSettings(context);
  const question = context.isEmbedded
    ? words.confirm(context.stack)
    : words.confirmName(context.stack, settings.endpoint ?? "");
  if (!(await isConfirmed(context, values, question, "destroy deletes guests"))) {
    io.err(words.notConfirmed);
    return exitCodes.failure;
  }
  const ready = await readyToDestroy(context);
  if (!ready) return exitCodes.findings;
  const { session, mark, protectedVms } = ready;
  await unprotectOwn(session.client, mark, protectedVms);
  const unprotected = await session.pulumi(["state", "unprotect", "--all", "--yes"]);
  if (unprotected.code !== 0) throw engineFault("state unprotect", unprotected, new RunProgress(io), []);
  const progress = new RunProgress(io);
  const ran = await interruptible(io, (signal) =>
    session.pulumi(["destroy", "--yes", "--skip-preview"], { onEvent: progress.onEvent, signal }),
  );
  if (ran.code !== 0) throw engineFault("destroy", ran, progress, []);
  await removeAllRecords(context);
  if (context.isEmbedded) {
    await stopEmbedded(context.folders);
    await stopRoom(roomPlaces(context.folders));
    await rm(context.folders.pve, { recursive: true, force: true });
    await rm(context.folders.run, { recursive: true, force: true });
  }
  io.out(words.destroyed);
  return exitCodes.good;
};
