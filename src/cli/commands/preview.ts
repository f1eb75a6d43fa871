import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import type { Command } from "../commands.ts";
import { collectChanges } from "../changes.ts";
import { describeChanges } from "../describe-changes.ts";
import { exitCodes } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { markdownOf } from "../markdown.ts";
import { RunProgress } from "../progress.ts";
import { readyStack } from "../ready.ts";
import { wordsOf } from "../words.ts";
import { engineFault } from "./up.ts";

/** Shows what an up would change. */
export const preview: Command = async (context, values) => {
  const { io } = context;
  const ready = await readyStack(context);
  if (!ready) return exitCodes.findings;
  const events: EngineEvent[] = [];
  const ran = await interruptible(io, (signal) =>
    ready.session.pulumi(["preview"], { onEvent: (e) => events.push(e), signal }),
  );
  if (ran.code !== 0) throw engineFault("preview", ran, new RunProgress(io), events);
  const changes = collectChanges(events);
  if (context.isJson) io.out(JSON.stringify({ changes }));
  else if (values["markdown"] === true) io.out(markdownOf(changes, context.stack));
  else io.out(changes.length === 0 ? wordsOf(context.language).upToDate : describeChanges(changes));
  return values["expect-no-changes"] === true && changes.length > 0 ? exitCodes.findings : exitCodes.good;
};
