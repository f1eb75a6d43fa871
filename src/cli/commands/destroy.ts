import { rm } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Fault } from "../../core/fault.ts";
import { stopEmbedded } from "../../embedded/control.ts";
import { roomPlaces, stopRoom } from "../../embedded/room.ts";
import { unprotectOwn } from "../../provision/ownership.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { RunProgress } from "../progress.ts";
import { readyToDestroy } from "../ready.ts";
import { wordsOf } from "../words.ts";
import { engineFault } from "./up.ts";

/** Deletes the lab. On a real Proxmox only who types the stack's name. */
export const destroy: Command = async (context, values) => {
  const { io } = context;
  const words = wordsOf(context.language);
  const settings = await readSettings(context);
  if (!(await isConfirmed(context, values, settings.endpoint ?? ""))) {
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
  if (context.isEmbedded) {
    await stopEmbedded(context.folders);
    await stopRoom(roomPlaces(context.folders));
    await rm(context.folders.pve, { recursive: true, force: true });
    await rm(context.folders.run, { recursive: true, force: true });
  }
  io.out(words.destroyed);
  return exitCodes.good;
};

async function isConfirmed(context: Context, values: Readonly<Record<string, unknown>>, url: string): Promise<boolean> {
  const words = wordsOf(context.language);
  if (context.isEmbedded && values["yes"] === true) return true;
  if (!context.isEmbedded && values["confirm"] !== undefined) return values["confirm"] === context.stack;
  if (!process.stdin.isTTY) {
    throw new Fault(
      "CLI_NOT_CONFIRMED",
      "There is no terminal to ask for confirmation, and destroy deletes guests.",
      context.isEmbedded ? "Add --yes." : `Add --confirm ${context.stack}.`,
    );
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(
      context.isEmbedded ? words.confirm(context.stack) : words.confirmName(context.stack, url),
    );
    return answer.trim() === (context.isEmbedded ? "yes" : context.stack);
  } finally {
    prompt.close();
  }
}
