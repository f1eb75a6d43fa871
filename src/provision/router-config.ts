import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { rebootVm } from "../pve/client/guests.ts";
import type { PveClient } from "../pve/client/index.ts";
import type { ConsoleRun } from "./console.ts";
import { findOwn } from "./ownership.ts";
import { checkedBy, type Connect, type ResourceType } from "./resource-type.ts";
import {
  CONFIG,
  configDigest,
  deliverConfig,
  restartWith,
  untilPairCarries,
  untilSettled,
  untilStarted,
  viewOf,
  type ReachedRouter,
} from "./routers.ts";
import type { SecretSource } from "./secrets.ts";
import { authorityRequest, certificateRequest, seedFiles, type SeedSecrets } from "./seed.ts";
import { textOfState, textSchema } from "./text.ts";

const guest = z.object({ host: z.string(), vmId: z.int() });

const routerInputs = guest.extend({
  mark: z.string(),
  /** `config.xml`, with places for secrets. */
  files: z.record(z.string(), textSchema),
  authority: authorityRequest,
  certificates: z.record(z.string(), certificateRequest),
  /** Keyed, of the file with its places filled: changes when a secret is rotated. */
  digest: z.string(),
  /** MAC of each card by the name that the file calls it by; pfSense sees a new one at its next boot. */
  cards: z.record(z.string(), z.string()),
  /** The other routers, one of which carries while this one boots. */
  peers: z.array(guest),
  /** Who must still be reached when the file is loaded: from where, and whom by SSH. */
  witness: z.object({ from: guest, hosts: z.array(z.object({ host: z.string(), address: z.string() })) }).nullable(),
});
type RouterInputs = z.infer<typeof routerInputs>;
export const routerState = routerInputs.extend({ files: z.record(z.string(), textSchema.transform(textOfState)) });
export type RouterState = z.infer<typeof routerState>;

export interface RouterTools {
  readonly connect: Connect;
  readonly secrets: SeedSecrets;
  /** Consoles by VM id. @throws Fault ROUTER_NO_CONSOLE where this shell was not told of any */
  readonly console: (vmId: number) => ConsoleRun;
}

const BOOT_MS = 180_000;
const content = ["mark", "files", "authority", "certificates", "digest", "cards"] as const;

type Filled = Pick<RouterInputs, "files" | "authority" | "certificates">;

/** The file that the router gets. */
const configOf = async (router: Filled, secrets: SecretSource): Promise<string> =>
  (await seedFiles(router, secrets)).get("config.xml")!;

/**
 * A router's configuration, on a router that runs: what lets packets pass is in place before anything is done through
 * it. One that has another is loaded with it, sessions kept; one that has other cards boots with both at once, while
 * the other router carries.
 */
export function routerResource(tools: RouterTools): ResourceType {
  const reached = ({ host, vmId }: z.infer<typeof guest>): ReachedRouter => ({ host, run: tools.console(vmId) });
  /** What routers had before this run loaded another file on them; in memory alone, because secrets are in it. */
  const loaded = new Map<number, { readonly router: ReachedRouter; readonly before: string }>();
  const apply = async (router: RouterInputs): Promise<void> => {
    const secrets = await tools.secrets();
    const xml = await configOf(router, secrets);
    if (secrets.digest(xml) !== router.digest)
      throw new Fault(
        "ROUTER_DIGEST",
        `What the provider would write on ${router.host} is not what the program declared.`,
        "A secret or certificate changed in between: run the same command again.",
      );
    const it = reached(router);
    await untilStarted(it, BOOT_MS);
    const view = await viewOf(it).catch(() => undefined);
    if (view?.phase === "running" && (await hasCards(it, router.cards))) {
      const before = await it.run(["cat", CONFIG], "");
      try {
        if (await deliverConfig(it, xml, await witnessOf(router, tools)))
          loaded.set(router.vmId, { router: it, before: before.stdout });
      } catch (error) {
        throw await withOthersBack(error, [...loaded.values()]);
      }
      return;
    }
    const peers = router.peers.map(reached);
    // One that does not come up carries nothing: there is nobody to wait for then, and nothing to lose.
    await Promise.all(peers.map((p) => untilStarted(p, BOOT_MS)));
    await untilSettled(peers);
    await restartWith(it, xml, () => reboot(tools.connect(), router));
    await untilPairCarries([it, ...peers]);
  };
  return {
    check: checkedBy(routerInputs),
    diff(olds, news) {
      const o = routerState.parse(olds);
      const n = routerInputs.safeParse(news);
      if (!n.success || o.vmId !== n.data.vmId) return { changes: true, replaces: ["vmId"], deleteBeforeReplace: true };
      return { changes: content.some((k) => JSON.stringify(o[k]) !== JSON.stringify(n.data[k])), replaces: [] };
    },
    async create(inputs) {
      const router = routerInputs.parse(inputs);
      await apply(router);
      return { id: `${router.host}/config`, outs: router };
    },
    async read(id, props) {
      const router = routerState.parse(props);
      const vm = await findOwn(tools.connect(), router.mark, router.vmId);
      if (!vm) return { id: "", props: {} };
      // One that is off cannot be asked; it has what it had.
      const drift =
        vm.status === "running"
          ? await routerDrift(router, tools.console(router.vmId), await tools.secrets())
          : undefined;
      const found = drift === undefined ? router : { ...router, digest: drift };
      return { id, props: found, inputs: found };
    },
    async update(_olds, news) {
      const router = routerInputs.parse(news);
      await apply(router);
      return router;
    },
    // It goes with its guest.
    delete: () => Promise.resolve(),
  };
}

/**
 * What is not so on a router that runs, of what it was given last; undefined where all is. One that starts is asked
 * when it has started.
 */
export async function routerDrift(
  router: RouterState,
  run: ConsoleRun,
  secrets: SecretSource,
): Promise<string | undefined> {
  const it = { host: router.host, run };
  await untilStarted(it, BOOT_MS);
  const view = await viewOf(it).catch(() => undefined);
  if (view === undefined) return "says nothing of itself";
  if (view.phase === "failed") return `does not run: ${view.failure ?? "it gives no reason"}`;
  // Its own file is asked and not what the vault would write now: for a changed plan certificates are others by then.
  const { stdout: file } = await run(["cat", CONFIG], "");
  if (view.config?.digest !== configDigest(file)) return "has not loaded the configuration that it would boot from";
  if (secrets.digest(file) !== router.digest) return "has another configuration";
  return (await hasCards(it, router.cards)) ? undefined : "has other cards";
}

/**
 * A router that carries nothing takes a file that lets nobody pass without anybody noticing; the one that carries does not.
 * Then those before it go back too, so that both are as they were.
 */
async function withOthersBack(
  error: unknown,
  others: readonly { readonly router: ReachedRouter; readonly before: string }[],
): Promise<unknown> {
  if (!(error instanceof Fault) || error.code !== "ROUTER_WENT_BACK") return error;
  const back: string[] = [];
  for (const { router, before } of others)
    if (await deliverConfig(router, before, () => Promise.resolve([])).catch(() => false)) back.push(router.host);
  const also = back.length === 0 ? "" : ` ${back.join(", ")} went back with it.`;
  return new Fault(error.code, `${error.message}${also}`, error.hint, error);
}

/** As it booted: a card that was plugged in since is none to pfSense. */
async function hasCards(router: ReachedRouter, cards: RouterInputs["cards"]): Promise<boolean> {
  const { stdout } = await router.run(["sh", "-c", "cd /sys/class/net && grep -H . vtnet*/address"], "");
  const found = new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("/address:") as [string, string]),
  );
  const wanted = Object.entries(cards);
  return wanted.length === found.size && wanted.every(([name, mac]) => found.get(name)?.toLowerCase() === mac);
}

async function reboot(client: PveClient, { host, mark, vmId }: RouterInputs): Promise<void> {
  const vm = await findOwn(client, mark, vmId);
  if (!vm) throw new Fault("ROUTER_GONE", `${host} (VM ${vmId}) is no longer there.`, "Run `maquette up` again.");
  await rebootVm(client, vm.node, vmId);
}

const SSH_PATIENCE_SECONDS = 3;

/** Of the hosts that are reached now, those that are not afterwards; one that is new was never reached. */
async function witnessOf({ witness }: RouterInputs, tools: RouterTools): Promise<() => Promise<readonly string[]>> {
  if (witness === null) return () => Promise.resolve([]);
  const run = tools.console(witness.from.vmId);
  const reached = async (hosts: readonly { host: string; address: string }[]): Promise<readonly boolean[]> =>
    Promise.all(
      hosts.map(async ({ address }) => {
        const asked = run(["nc", "-z", "-w", String(SSH_PATIENCE_SECONDS), address, "22"], "");
        return (await asked.catch(() => undefined))?.exitCode === 0;
      }),
    );
  const before = await reached(witness.hosts);
  const answering = witness.hosts.filter((_, n) => before[n]);
  return async () => {
    const after = await reached(answering);
    return answering.flatMap(({ host }, n) => (after[n] ? [] : [host]));
  };
}
