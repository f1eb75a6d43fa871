import { formatAddress } from "../core/ip.ts";
import { seedNaming } from "../infra/naming.ts";
import { readSeedTemplates } from "../infra/read-templates.ts";
import type { Naming } from "../infra/world.ts";
import type { Host, Plan } from "../plan/types.ts";
import { untilBooted } from "../provision/booted.ts";
import type { ConsoleRun } from "../provision/console.ts";
import { deliverConfig, untilRoutersCarry, viewOf, type ReachedRouter } from "../provision/routers.ts";
import { SecretSource } from "../provision/secrets.ts";
import { seedFiles } from "../provision/seed.ts";
import { ejectAndDelete } from "../pve/client/media.ts";
import { renderSeed } from "../roles/seed.ts";
import { loadStackSecret } from "../stack/secret.ts";
import { Vault } from "../stack/vault.ts";
import { askRoom } from "../twin/remote-driver.ts";
import type { Context } from "./context.ts";
import type { Ready } from "./ready.ts";
import { wordsOf } from "./words.ts";

/** A guest's console in the machine room. */
export const consoleOf =
  (room: string, vmid: number): ConsoleRun =>
  async (argv, input) =>
    (await askRoom(room, "exec", [vmid, argv, input])) as Awaited<ReturnType<ConsoleRun>>;

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
  const booted = await untilBooted(
    hosts.map((h) => ({ host: h.id, run: runOf(h) })),
    (host, left) => context.io.progress(words.guestUp(host, left)),
  );
  for (const { host, failedUnits } of booted)
    if (failedUnits.length > 0) context.io.err(words.failedUnits(host, failedUnits.join(", ")));
  const routers = hosts.filter((h) => h.role === "router").map((h) => ({ host: h.id, run: runOf(h) }));
  context.io.progress(words.routersElect);
  await untilRoutersCarry(routers, [...plan.zones.values()].filter((z) => z.vip !== null).length);
  await bringRoutersToPlan(context, running, routers, runOf);
  await takeSeedsAway(running, hosts);
}

/** A router whose configuration is not the plan's gets it, the one that carries nothing first. */
async function bringRoutersToPlan(
  context: Context,
  { plan, naming }: Running,
  routers: readonly ReachedRouter[],
  runOf: (host: Host) => ConsoleRun,
): Promise<void> {
  const words = wordsOf(context.language);
  const configs = await routerConfigs(context, plan, naming);
  const isMaster = await Promise.all(
    routers.map(async (r) => (await viewOf(r))?.carp.some((c) => c.state === "MASTER") ?? false),
  );
  const order = routers
    .map((r, n) => ({ r, master: isMaster[n]! }))
    .sort((a, b) => Number(a.master) - Number(b.master));
  const bastion = [...plan.hosts.values()].find((h) => h.role === "bastion");
  const works = async (): Promise<readonly string[]> => (bastion ? unreachedBy(plan, bastion, runOf(bastion)) : []);
  for (const { r } of order)
    if (await deliverConfig(r, configs.get(r.host)!, works)) context.io.err(words.routerLoaded(r.host));
}

async function routerConfigs(context: Context, plan: Plan, naming: Naming): Promise<ReadonlyMap<string, string>> {
  const folder = context.folders.secrets;
  const secrets = new SecretSource(await loadStackSecret(folder), new Vault(folder));
  const templates = await readSeedTemplates(context.root);
  const routers = [...plan.hosts.values()].filter((h) => h.role === "router");
  const made = routers.map(async (host) => {
    const seed = renderSeed(plan, host, templates, seedNaming(naming, host));
    const files = await seedFiles(
      { ...seed, files: Object.fromEntries(seed.files), certificates: { ...seed.certificates } },
      secrets,
    );
    return [host.id, files.get("config.xml")!] as const;
  });
  return new Map(await Promise.all(made));
}

/** The inside hosts whose SSH the bastion does not reach, all asked at once. */
async function unreachedBy(plan: Plan, bastion: Host, run: ConsoleRun): Promise<readonly string[]> {
  const others = [...plan.hosts.values()].filter((h) => !h.isOutside && h.role !== "router" && h !== bastion);
  const asked = others.map(async (host) => {
    const address = formatAddress(host.nics[0]!.address);
    const { exitCode } = await run(["nc", "-z", "-w", "3", address, "22"], "");
    return exitCode === 0 ? [] : [host.id];
  });
  return (await Promise.all(asked)).flat();
}

/** Read once, a seed is of no more use, and holds a private key: its CD is ejected and deleted. */
async function takeSeedsAway({ session, mark, naming }: Running, hosts: readonly Host[]): Promise<void> {
  const { settings, client } = session;
  await Promise.all(
    hosts.map((host) =>
      ejectAndDelete(client, {
        node: settings.nodes[host.node % settings.nodes.length]!,
        vmId: naming.vmId(host),
        slot: "ide3",
        volume: `${settings.storage.seeds}:iso/${mark}-${host.id}.iso`,
      }),
    ),
  );
}
