import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../core/fault.ts";
import type { ConsoleRun } from "./console.ts";

/** A guest that is to come up, and its console. */
export interface Booting {
  readonly host: string;
  readonly run: ConsoleRun;
}

/** What a guest's own manager said last, and units that failed. */
export interface Booted {
  readonly host: string;
  readonly state: "running" | "degraded";
  readonly failedUnits: readonly string[];
}

const DEADLINE_MS = 120_000;

/**
 * The manager's own socket is there before it answers, and asking earlier fails: ten looks at it cost less than to
 * enter a guest once. Then it waits by itself while the system starts.
 */
const ASK =
  "n=0; until [ -S /run/systemd/private ] || [ $n -ge 100 ]; do sleep 0.1; n=$((n+1)); done; exec systemctl is-system-running --wait";

/**
 * Waits until every guest's system says that it has started (systemctl(1), is-system-running).
 * @param onUp called as each is up, with how many are left
 * @throws Fault GUESTS_NOT_UP naming those that are not, and what each said last
 */
export async function untilBooted(
  guests: readonly Booting[],
  onUp: (host: string, left: number) => void,
  deadlineMs = DEADLINE_MS,
): Promise<readonly Booted[]> {
  const deadline = Date.now() + deadlineMs;
  let left = guests.length;
  const asked = await Promise.all(
    guests.map(async (guest): Promise<Booted | { readonly host: string; readonly last: string }> => {
      const answer = await bootOf(guest, deadline);
      if ("state" in answer) onUp(guest.host, --left);
      return answer;
    }),
  );
  const late = asked.flatMap((a) => ("last" in a ? [`${a.host} (${a.last})`] : []));
  if (late.length > 0) {
    throw new Fault(
      "GUESTS_NOT_UP",
      `Not up after ${Math.round(deadlineMs / 1000)} s: ${late.join(", ")}.`,
      "`maquette console HOST --screen` shows what they printed; `maquette up` goes on.",
    );
  }
  return asked.flatMap((a) => ("state" in a ? [a] : []));
}

async function bootOf(
  { host, run }: Booting,
  deadline: number,
): Promise<Booted | { readonly host: string; readonly last: string }> {
  let last = "no answer";
  while (Date.now() < deadline) {
    try {
      // `starting` is what an init says that has only begun.
      const { stdout } = await run(["sh", "-c", ASK], "");
      const state = stdout.trim();
      if (state === "running") return { host, state, failedUnits: [] };
      if (state === "degraded") {
        const failed = await run(["systemctl", "list-units", "--failed", "--no-legend", "--plain"], "");
        const units = failed.stdout.split("\n").flatMap((line) => line.trim().split(/\s+/)[0] || []);
        return { host, state, failedUnits: units };
      }
      last = state || "its manager does not answer yet";
    } catch (error) {
      // Its init may not be there yet.
      last = error instanceof Error ? error.message : String(error);
    }
    // A guest without a bus has nobody to tell us when it has one.
    await sleep(100);
  }
  return { host, last };
}
