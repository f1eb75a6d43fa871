import type { Naming } from "../infra/world.ts";
import { routersOf } from "../plan/query.ts";
import type { Plan } from "../plan/types.ts";
import { consoleOf } from "../provision/console.ts";
import { reloadRules, rulesDrift, type ReachedRouter } from "../provision/routers.ts";
import type { PveClient } from "../pve/client/index.ts";
import type { Context } from "./context.ts";
import { wordsOf } from "./words.ts";

/**
 * Routers whose kernel no longer has their file's rules, by somebody's hand, load it anew before anything is asked through
 * them: what they refuse would be waited for in vain.
 * @param room where their consoles are
 * @throws Fault ROUTER_REFUSED
 */
export async function mendRouters(
  { io, language }: Pick<Context, "io" | "language">,
  client: PveClient,
  plan: Plan,
  naming: Naming,
  room: string,
): Promise<void> {
  const on = new Set((await client.listVms()).flatMap((vm) => (vm.status === "running" ? [vm.vmid] : [])));
  await Promise.all(
    routersOf(plan).map(async (host) => {
      const vmId = naming.vmId(host);
      if (!on.has(vmId)) return;
      const it: ReachedRouter = { host: host.id, run: consoleOf(room, vmId) };
      // One that cannot be asked now is asked again with the others.
      const why = await rulesDrift(it).catch(() => undefined);
      if (why === undefined) return;
      io.err(wordsOf(language).mending(host.id, why));
      await reloadRules(it);
    }),
  );
}
