import { readFile } from "node:fs/promises";
import type { Settings } from "../infra/settings.ts";
import { standingGuests } from "../infra/displaced.ts";
import type { Naming } from "../infra/world.ts";
import type { Plan } from "../plan/types.ts";
import { printFindings } from "./findings.ts";
import { giveBack, leftBroken } from "./broken.ts";
import { readSettings, type Context } from "./context.ts";
import { identityOf, planOf } from "./plan-of.ts";
import { judgePlan } from "./judge.ts";
import { jsonOf } from "./kept-result.ts";
import { guestsOff, restoringOf, startWhole } from "./power.ts";
import { mendRouters } from "./mend-routers.ts";
import { checkpointOf, recover } from "./recover.ts";
import { missingRights, refuseMissing } from "./rights.ts";
import { openSession, type Session } from "./session.ts";
import { settleInterrupted } from "./restore.ts";

/** `user@realm!name`, without its secret. */
const tokenIdOf = async (session: Session): Promise<string> =>
  (await readFile(session.endpoint.tokenFile, "utf8")).trim().split("=")[0]!;

export interface Ready {
  readonly session: Session;
  readonly plan: Plan;
  readonly naming: Naming;
  readonly mark: string;
}

/**
 * Everything before the engine runs: a sound plan, an open stack, and nothing left of an interrupted run.
 * @param options mustBeProven: what the routers would get must be proven to be what the flow table says
 * mayFinishReset: a reset that was interrupted is finished, and not only told
 * mayStart: guests that are off are started before hosts are asked what an interrupted run left
 * onPlan: what is to be said before anything is got or started
 * @returns undefined when the plan has faults, which are printed
 */
export async function readyStack(
  context: Context,
  options: {
    readonly mustBeProven?: boolean;
    readonly mayFinishReset?: boolean;
    readonly mayStart?: boolean;
    readonly onPlan?: (settings: Settings, plan: Plan) => Promise<void>;
  } = {},
): Promise<Ready | undefined> {
  const settings = await readSettings(context);
  if (options.mustBeProven === true) {
    const { ok, findings } = await judgePlan(context, settings);
    if (!ok) {
      if (context.isJson) context.io.out(jsonOf({ ok, findings }));
      else printFindings(context, findings, (text) => context.io.err(text));
      return undefined;
    }
  }
  const outcome = await planOf(context, settings, undefined);
  const errors = outcome.ok ? [] : outcome.errors;
  if (context.isJson && !outcome.ok) context.io.out(JSON.stringify({ ok: false, findings: errors }));
  else printFindings(context, [...errors, ...outcome.warnings], (text) => context.io.err(text));
  if (!outcome.ok) return undefined;
  await options.onPlan?.(settings, outcome.value);
  const session = await openSession(context);
  const { naming, mark } = await identityOf(context, settings, outcome.value);
  // The embedded API's token is made here, with what docs/own-proxmox.md gives.
  if (!context.isEmbedded)
    refuseMissing(await missingRights(session.client, settings, outcome.value, naming), await tokenIdOf(session));
  await settleInterrupted(context, session, options.mayFinishReset === true ? "finish" : "say");
  const { client, room } = session;
  if (options.mayStart === true && room !== null)
    await giveBack(context, outcome.value.hosts, restoringOf(client, outcome.value, naming, room));
  else {
    const left = await leftBroken(context);
    if (left !== undefined) context.io.err(left);
  }
  if (options.mayStart === true && room !== null) await mendRouters(context, client, outcome.value, naming, room);
  const startOff = async (unfinished: ReadonlySet<string>): Promise<void> => {
    const { resources } = await checkpointOf(context, session);
    const standing = standingGuests(resources, await client.listVms(), mark).filter((g) => !unfinished.has(g.urn));
    await startWhole(context, client, guestsOff(standing, outcome.value, naming), room);
  };
  await recover(context, session, mark, options.mayStart === true ? startOff : undefined);
  return { session, plan: outcome.value, naming, mark };
}

/**
 * Everything before a destroy: it goes by what is recorded, so that a plan that has become unsound does not keep a lab
 * alive.
 * @returns undefined when neither state nor plan tells the stack's mark; the plan's faults are printed then
 */
export async function readyToDestroy(
  context: Context,
): Promise<{ readonly session: Session; readonly mark: string; readonly protectedVms: readonly number[] } | undefined> {
  const session = await openSession(context);
  const { resources } = await checkpointOf(context, session);
  const recorded = resources.find((r) => r.type === "pulumi:pulumi:Stack")?.outputs?.["mark"];
  let mark = typeof recorded === "string" ? recorded : undefined;
  if (mark === undefined) {
    const outcome = await planOf(context, session.settings, undefined);
    if (!outcome.ok) {
      printFindings(context, outcome.errors, (text) => context.io.err(text));
      return undefined;
    }
    ({ mark } = await identityOf(context, session.settings, outcome.value));
  }
  await recover(context, session, mark);
  const protectedVms = resources
    .filter((r) => r.inputs?.["protection"] === true)
    .map((r) => Number(r.inputs?.["vmId"]));
  return { session, mark, protectedVms };
}
