import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Naming } from "../infra/world.ts";
import type { Plan } from "../plan/types.ts";
import { untilBooted } from "../provision/booted.ts";
import { setUpScenery, type ConsoleRun } from "../provision/console.ts";
import { renderScenery, sceneryTemplateNames } from "../roles/scenery.ts";
import { askRoom } from "../twin/remote-driver.ts";
import type { Context } from "./context.ts";
import { wordsOf } from "./words.ts";

/** A guest's console in the machine room. */
export const consoleOf =
  (room: string, vmid: number): ConsoleRun =>
  async (argv, input) =>
    (await askRoom(room, "exec", [vmid, argv, input])) as Awaited<ReturnType<ConsoleRun>>;

/** Waits until every guest is up; tells of units that failed in one. */
export async function untilGuestsAreUp(context: Context, room: string, plan: Plan, naming: Naming): Promise<void> {
  const guests = [...plan.hosts.values()].map((h) => ({ host: h.id, run: consoleOf(room, naming.vmId(h)) }));
  const words = wordsOf(context.language);
  const booted = await untilBooted(guests, (host, left) => context.io.progress(words.guestUp(host, left)));
  for (const { host, failedUnits } of booted)
    if (failedUnits.length > 0) context.io.err(words.failedUnits(host, failedUnits.join(", ")));
}

/** Sets up the guests outside the lab's firewall: the operators and the Internet. */
export async function setUpOutside(context: Context, room: string, plan: Plan, naming: Naming): Promise<void> {
  const templates = new Map(
    await Promise.all(
      sceneryTemplateNames.map(
        async (name) => [name, await readFile(join(context.root, "templates/internet", name), "utf8")] as const,
      ),
    ),
  );
  for (const scenery of renderScenery(plan, templates)) {
    context.io.progress(`${scenery.host.id}: setting up the operators and the Internet`);
    await setUpScenery(scenery, consoleOf(room, naming.vmId(scenery.host)));
  }
}
