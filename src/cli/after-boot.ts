import { isRouter } from "../plan/query.ts";
import type { Host } from "../plan/types.ts";
import { untilBooted } from "../provision/booted.ts";
import { consoleOf, type ConsoleRun } from "../provision/console.ts";
import { SEED_SLOT } from "../provision/seed.ts";
import { untilRoutersCarry } from "../provision/routers.ts";
import { startVm } from "../pve/client/guests.ts";
import { ejectAndDelete } from "../pve/client/media.ts";
import type { Context } from "./context.ts";
import type { Ready } from "./ready.ts";
import { wordsOf } from "./words.ts";

interface Running extends Ready {
  readonly room: string;
}

/**
 * From guests under power to a network that runs: every guest up, the routers proven and elected
 * and with the configuration of the plan, and the seeds that were read taken away.
 */
export async function afterBoot(context: Context, running: Running): Promise<void> {
  const { room, plan, naming } = running;
  const words = wordsOf(context.language);
  const hosts = [...plan.hosts.values()];
  const runOf = (host: Host): ConsoleRun => consoleOf(room, naming.vmId(host));
  const { client, settings } = running.session;
  const booted = await untilBooted(
    hosts.map((h) => ({
      host: h.id,
      run: runOf(h),
      start: () => startVm(client, settings.nodes[h.node % settings.nodes.length]!, naming.vmId(h)),
    })),
    (host, left) => context.io.progress(words.guestUp(host, left)),
  );
  for (const { host, failedUnits } of booted)
    if (failedUnits.length > 0) context.io.err(words.failedUnits(host, failedUnits.join(", ")));
  const routers = hosts.filter((h) => isRouter(h)).map((h) => ({ host: h.id, run: runOf(h) }));
  context.io.progress(words.routersElect);
  await untilRoutersCarry(routers, [...plan.zones.values()].filter((z) => z.vip !== null).length);
  await takeSeedsAway(running, hosts);
}

/** Read once, a seed is of no more use, and holds a private key: its CD is ejected and deleted. */
async function takeSeedsAway({ session, mark, naming }: Running, hosts: readonly Host[]): Promise<void> {
  const { settings, client } = session;
  await Promise.all(
    hosts.map((host) =>
      ejectAndDelete(client, {
        node: settings.nodes[host.node % settings.nodes.length]!,
        vmId: naming.vmId(host),
        slot: SEED_SLOT,
        volume: `${settings.storage.seeds}:iso/${mark}-${host.id}.iso`,
      }),
    ),
  );
}
