import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { sayWhatIsInstalled } from "../artefacts.ts";
import type { Command } from "../command.ts";
import { collectChanges } from "../changes.ts";
import { describeChanges } from "../describe-changes.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { markdownOf } from "../markdown.ts";
import { lookAtHosts } from "../look.ts";
import { guestsOff } from "../power.ts";
import { RunProgress } from "../progress.ts";
import { planAt } from "../plan-at.ts";
import { readyStack, type Ready } from "../ready.ts";
import { faultText } from "../said.ts";
import { isKnownUnchanged, keepUnchanged, previewKey } from "../unchanged.ts";
import { wordsOf } from "../words.ts";
import {
  allLosses,
  failedByProtectionAlone,
  lossesOfChanges,
  lossesOfPlan,
  refusalOf,
  smallCloneFault,
} from "../losses.ts";
import { allowedToGo, plannedGuests } from "../make-way.ts";
import { checkpointOf } from "../recover.ts";
import { MAKING_WAY, smallClones, standingGuests } from "../../infra/displaced.ts";
import { judgePlan, refusalOfCheck } from "../judge.ts";
import { engineFault } from "./up.ts";

/** Shows what an up would change. */
export const preview: Command = async (context, values) => {
  const { io } = context;
  const ready = await readyStack(context, {
    onPlan: (settings, plan) => sayWhatIsInstalled(context, settings, plan, false),
  });
  if (!ready) return exitCodes.findings;
  const { session, plan, naming, mark } = ready;
  const words = wordsOf(context.language);
  const checkpoint = await checkpointOf(context, session);
  const standing = standingGuests(checkpoint.resources, await session.client.listVms(), mark);
  // What was changed on them the engine does not know; they are asked while it works.
  const looking = lookAtHosts(context, session, checkpoint, plan, standing, guestsOff(standing, plan, naming));
  looking.catch(() => undefined);
  const stackOption = context.isEmbedded ? "" : ` --stack ${context.stack}`;
  const allowed = allowedToGo(values["replace"], plan, naming, standing);
  const planned = plannedGuests(plan, naming, session.settings);
  const displaced = lossesOfPlan(standing, planned);
  const env = { [MAKING_WAY]: displaced.map((l) => l.guest.vm.vmid).join(",") };
  const key = await previewKey(context, session);
  const isKnown = await isKnownUnchanged(context, key);
  const changes = isKnown ? [] : collectChanges(await asked());
  if (!isKnown && changes.length === 0) await keepUnchanged(context, key);
  const { off, notAsked, drifts, lost } = await looking;
  const refusal =
    refusalOfCheck(await judgePlan(context, session.settings)) ??
    smallCloneFault(smallClones(checkpoint.resources, standing, planned)) ??
    refusalOf(allLosses(displaced, lossesOfChanges(changes, standing)), allowed, stackOption);
  const refused = refusal && { code: refusal.code, message: refusal.message, hint: refusal.hint };
  const hosts = [
    ...lost.map(({ host, role, step, what }) => words.drifted(host, role, step, what)),
    ...drifts.map(({ host, role, step, what }) => words.drifted(host, role, step, what)),
    ...(drifts.length > 0 ? [words.putRight(drifts.length)] : []),
    ...(off.length > 0 ? [words.isOff(off.join(", "))] : []),
    ...(notAsked === undefined ? [] : [words.notAsked(notAsked)]),
  ];
  const isAsPlanned = [changes, lost, drifts, off].every((list) => list.length === 0);
  if (context.isJson) io.out(JSON.stringify({ changes, refused, lost, drifts, off, notAsked }));
  else if (context.format === "markdown") {
    const base = values["base"];
    const flows = typeof base === "string" ? await flowChanges(context, ready, base) : "";
    const list = hosts.map((line) => `- ${line}\n`).join("");
    io.out(`${markdownOf(changes, context.stack)}${list === "" ? "" : `\n${list}`}${flows}`.trimEnd());
  } else {
    for (const line of hosts) io.out(line);
    if (changes.length > 0) io.out(describeChanges(changes, io.outColours));
    else if (isAsPlanned) io.out(notAsked === undefined ? words.upToDate : words.noChangeOnRecord);
  }
  if (refused && !context.isJson) io.err(words.upRefuses(faultText(refused, context.language)));
  return values["expect-no-changes"] === true && !isAsPlanned ? exitCodes.findings : exitCodes.good;

  async function asked(): Promise<readonly EngineEvent[]> {
    const events: EngineEvent[] = [];
    const ran = await interruptible(io, (signal) =>
      session.pulumi(["preview"], { onEvent: (e) => events.push(e), signal, env }),
    );
    if (ran.code !== 0 && !failedByProtectionAlone(events))
      throw engineFault("preview", ran, new RunProgress(io), events);
    return events;
  }
};

/** What the change does to packets, as a section of the comment. */
async function flowChanges(context: Context, ready: Ready, base: string): Promise<string> {
  const before = await planAt(context, ready.session.settings, base);
  if (!before.ok)
    return `\nThe plan at \`${base}\` has ${before.errors.length} faults: its flows cannot be compared.\n`;
  const { diffPlans, renderDiffMarkdown } = await import("../../policy/diff/index.ts");
  return `\n${renderDiffMarkdown(diffPlans(before.value, ready.plan), context.language)}`;
}
