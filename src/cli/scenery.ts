import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Naming } from "../infra/world.ts";
import type { Plan } from "../plan/types.ts";
import { setUpScenery, type ConsoleRun } from "../provision/console.ts";
import { renderScenery, sceneryTemplateNames } from "../roles/scenery.ts";
import { askRoom } from "../twin/remote-driver.ts";
import type { Context } from "./context.ts";

/** A guest's console in the machine room. */
export const consoleOf =
  (room: string, vmid: number): ConsoleRun =>
  async (argv, input) =>
    (await askRoom(room, "exec", [vmid, argv, input])) as Awaited<ReturnType<ConsoleRun>>;

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
