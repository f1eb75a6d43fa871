import type { Naming } from "../infra/world.ts";
import type { Plan } from "../plan/types.ts";
import { printFindings } from "./commands/check.ts";
import { readSettings, type Context } from "./context.ts";
import { identityOf, planOf } from "./plan-of.ts";
import { recover } from "./recover.ts";
import { openSession, type Session } from "./session.ts";

export interface Ready {
  readonly session: Session;
  readonly plan: Plan;
  readonly naming: Naming;
  readonly mark: string;
}

/**
 * Everything before the engine runs: a sound plan, an open stack, and nothing left of an interrupted run.
 * @returns undefined when the plan has faults, which are printed
 */
export async function readyStack(context: Context): Promise<Ready | undefined> {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  const errors = outcome.ok ? [] : outcome.errors;
  if (context.isJson && !outcome.ok) context.io.out(JSON.stringify({ ok: false, findings: errors }));
  else printFindings(context, [...errors, ...outcome.warnings], (text) => context.io.err(text));
  if (!outcome.ok) return undefined;
  const session = await openSession(context);
  const { naming, mark } = await identityOf(context, settings, outcome.value);
  await recover(context, session, mark);
  return { session, plan: outcome.value, naming, mark };
}
