import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Fault, messageOf } from "../core/fault.ts";
import { ROUTER_STATUS_FILE, routerView, type RouterView } from "../provision/routers.ts";
import type { GuestShell } from "../provision/shell.ts";

const READ_DEADLINE_MS = 5_000;
/** Between two looks at a router: it announces its changes to nobody outside. */
const LOOK_MS = 50;

/** @returns undefined while the router does not run, or does not say anything yet */
export async function readRouterState(shell: GuestShell, router: string): Promise<RouterView | undefined> {
  try {
    const { exitCode, stdout } = await shell.run(router, ["cat", ROUTER_STATUS_FILE], "", READ_DEADLINE_MS);
    return exitCode === 0 ? routerView.parse(JSON.parse(stdout)) : undefined;
  } catch (error) {
    // Off, booting, or its init is not there: all of that is "not yet".
    if (error instanceof z.ZodError)
      throw new Fault(
        "ACCEPT_ROUTER_STATE",
        `${router} says of itself what is not understood: ${error.issues[0]?.path.join(".") ?? ""}: ${error.issues[0]?.message ?? ""}.`,
        "Its firmware is of another version: run `maquette up`.",
        error,
      );
    return undefined;
  }
}

/** `master` and `backup` mean all of its addresses. */
export type CarpRole = "master" | "backup" | "mixed";

export function roleOf(state: RouterView | undefined): CarpRole {
  const states = new Set(state?.carp.map((c) => c.state) ?? []);
  if (states.size === 1 && states.has("MASTER")) return "master";
  return states.size > 0 && !states.has("MASTER") ? "backup" : "mixed";
}

/** Asks until something holds. @returns what it was asked of, as it held @throws Fault ACCEPT_NOT_REACHED */
export async function until<T>(
  what: string,
  deadlineMs: number,
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  options: { readonly signal?: AbortSignal; readonly hint?: string } = {},
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  let last = "nothing was answered";
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (holds(answer)) return answer;
      last = answer === undefined ? "no answer" : JSON.stringify(answer).slice(0, 300);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      last = messageOf(error);
    }
    if (Date.now() > deadline)
      throw new Fault(
        "ACCEPT_NOT_REACHED",
        `${what}: not so after ${deadlineMs / 1000} s; last: ${last}`,
        options.hint ?? "`maquette status` and `maquette logs HOST` show more.",
      );
    await sleep(LOOK_MS);
  }
}
