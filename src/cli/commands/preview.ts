import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import type { Command } from "../command.ts";
import { collectChanges } from "../changes.ts";
import { describeChanges } from "../describe-changes.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { markdownOf } from "../markdown.ts";
import { RunProgress } from "../progress.ts";
import { planAt } from "../plan-at.ts";
import { readyStack, type Ready } from "../ready.ts";
import { wordsOf } from "../words.ts";
import { allLosses, failedByProtectionAlone, lossesOfChanges, lossesOfPlan, refusalOf } from "../losses.ts";
import { allowedToGo, plannedGuests } from "../make-way.ts";
import { checkpointOf } from "../recover.ts";
import { MAKING_WAY, standingGuests } from "../../infra/displaced.ts";
import { engineFault } from "./up.ts";

/** Shows what an up would change. */
export const preview: Command = async (context, values) => {
  const { io } = context;
  const ready = await readyStack(context);
  if (!ready) return exitCodes.findings;
  const { session, plan, naming, mark } = ready;
  const { resources } = await checkpointOf(context, session);
  const standing = standingGuests(resources, await session.client.listVms(), mark);
  const stackOption = context.isEmbedded ? "" : ` --stack ${context.stack}`;
  const allowed = allowedToGo(values["replace"], plan, naming, standing);
  const displaced = lossesOfPlan(standing, plannedGuests(plan, naming));
  const env = { [MAKING_WAY]: displaced.map((l) => l.guest.vm.vmid).join(",") };
  const events: EngineEvent[] = [];
  const ran = await interruptible(io, (signal) =>
    session.pulumi(["preview"], { onEvent: (e) => events.push(e), signal, env }),
  );
  if (ran.code !== 0 && !failedByProtectionAlone(events))
    throw engineFault("preview", ran, new RunProgress(io), events);
  const changes = collectChanges(events);
  const refusal = refusalOf(allLosses(displaced, lossesOfChanges(changes, standing)), allowed, stackOption);
  const refused = refusal && { code: refusal.code, message: refusal.message, hint: refusal.hint };
  if (context.isJson) io.out(JSON.stringify({ changes, refused }));
  else if (values["markdown"] === true) {
    const base = values["base"];
    const flows = typeof base === "string" ? await flowChanges(context, ready, base) : "";
    io.out(`${markdownOf(changes, context.stack)}${flows}`.trimEnd());
  } else io.out(changes.length === 0 ? wordsOf(context.language).upToDate : describeChanges(changes, io.outColours));
  if (refused && !context.isJson)
    io.err(`An up refuses this: ${refused.code} ${refused.message}\n  hint: ${refused.hint}`);
  return values["expect-no-changes"] === true && changes.length > 0 ? exitCodes.findings : exitCodes.good;
};

/** What the change does to packets, as a section of the comment. */
async function flowChanges(context: Context, ready: Ready, base: string): Promise<string> {
  const before = await planAt(context, ready.session.settings, base);
  if (!before.ok)
    return `\nThe plan at \`${base}\` has ${before.errors.length} faults: its flows cannot be compared.\n`;
  const { diffPlans, renderDiffMarkdown } = await import("../../policy/diff/index.ts");
  return `\n${renderDiffMarkdown(diffPlans(before.value, ready.plan), context.language)}`;
}
