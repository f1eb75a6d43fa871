import { setTimeout as sleep } from "node:timers/promises";
import { Fault, messageOf } from "../core/fault.ts";
import { Patience } from "../stack/patience.ts";
import ASK from "./booted.sh";
import { isOff, type ConsoleRun } from "./console.ts";
import { OFF_MS, Power } from "./power.ts";

/** A guest that is to come up, and its console. */
export interface Booting {
  readonly host: string;
  readonly run: ConsoleRun;
  /** Puts it under power again, should it have lost it meanwhile. */
  readonly start?: () => Promise<void>;
}

/** What a guest's own manager said last, and units that failed. */
export interface Booted {
  readonly host: string;
  readonly state: "running" | "degraded";
  readonly failedUnits: readonly string[];
}

const DEADLINE_MS = 120_000;

/**
 * Waits until every guest's system says that it has started (systemctl(1), is-system-running).
 * @param onUp called as each is up, with how many are left
 * @throws Fault GUESTS_NOT_UP naming those that are not, and what each said last
 */
export async function untilBooted(
  guests: readonly Booting[],
  onUp: (host: string, left: number) => void,
  deadlineMs = DEADLINE_MS,
  offMs = OFF_MS,
): Promise<readonly Booted[]> {
  const patience = new Patience(deadlineMs);
  let left = guests.length;
  const asked = await Promise.all(
    guests.map(async (guest): Promise<Booted | { readonly host: string; readonly last: string }> => {
      const answer = await bootOf(guest, patience, offMs);
      if ("state" in answer) onUp(guest.host, --left);
      return answer;
    }),
  );
  const late = asked.flatMap((a) => ("last" in a ? [`${a.host} (${a.last})`] : []));
  if (late.length > 0) {
    throw new Fault(
      "GUESTS_NOT_UP",
      `Not up after ${patience.words}: ${late.join(", ")}.`,
      "`maquette console HOST --screen` shows what they printed; `maquette up` goes on.",
    );
  }
  return asked.flatMap((a) => ("state" in a ? [a] : []));
}

async function bootOf(
  { host, run, start }: Booting,
  patience: Patience,
  offMs: number,
): Promise<Booted | { readonly host: string; readonly last: string }> {
  let last = "no answer";
  const power = new Power(start, offMs);
  while (!patience.isOver) {
    try {
      // `starting` is what an init says that has only begun.
      const { stdout } = await run(["sh", "-c", ASK], "");
      power.isOn();
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
      last = messageOf(error);
      if (!isOff(error)) power.isOn();
      else if (!(await power.isOff())) return { host, last: "it has lost its power, and does not keep it" };
    }
    // A guest without a bus has nobody to tell us when it has one.
    await sleep(100);
  }
  return { host, last };
}
