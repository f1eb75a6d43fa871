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
  holdConfig,
  reloadRules,
  restartWith,
  rulesDrift,
  untilPairCarries,
  untilSettled,
  untilStarted,
  viewOf,
  type Held,
  type ReachedRouter,
  type Works,
} from "./routers.ts";
import { loadTrial } from "./load-trial.ts";
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
  /**
   * What the file is for (witness/declared.ts), and the guests that show by packets that the router does it: their ids,
   * and the MACs of their cards by zone. Null in states of before.
   */
  policy: z.string().nullable().default(null),
  guests: z.record(z.string(), z.object({ vmId: z.int(), cards: z.record(z.string(), z.string()) })).default({}),
  /** Routers that come after it in the same run, with the digests of their files: the pair changes as one. */
  next: z.array(guest.extend({ digest: z.string() })).default([]),
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
  /** Routers that try what this run loaded on them, until the last of the pair is through. */
  const pair = new Pair();
  const apply = async (router: RouterInputs, before: string | null): Promise<void> => {
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
    await pair.orBack(async () => {
      if (view?.phase === "running" && (await hasCards(it, router.cards))) {
        // One that has it already is not tried: choosing what by takes seconds.
        if (view.config?.digest === configDigest(xml)) {
          if ((await rulesDrift(it)) !== undefined) await reloadRules(it);
          return;
        }
        const works = await loadTrial(router, before, xml, view, tools.console);
        await pair.add(it, xml, works);
      } else await restart(router, it, xml);
    });
    if (!(await somebodyFollows(router, secrets))) await pair.confirm();
  };
  const restart = async (router: RouterInputs, it: ReachedRouter, xml: string): Promise<void> => {
    const peers = router.peers.map(reached);
    // One that does not come up carries nothing: there is nobody to wait for then, and nothing to lose.
    await Promise.all(peers.map((p) => untilStarted(p, BOOT_MS)));
    await untilSettled(peers);
    await restartWith(it, xml, () => reboot(tools.connect(), router));
    await untilPairCarries([it, ...peers]);
  };
  /** Whether a router after this one is still to get another file: one that cannot be asked is not waited for. */
  const somebodyFollows = async ({ next }: RouterInputs, secrets: SecretSource): Promise<boolean> => {
    const changes = next.map(async (router) => {
      const file = await tools
        .console(router.vmId)(["cat", CONFIG], "")
        .catch(() => undefined);
      return file?.exitCode === 0 && secrets.digest(file.stdout) !== router.digest;
    });
    return (await Promise.all(changes)).includes(true);
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
      await apply(router, null);
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
    async update(olds, news) {
      const router = routerInputs.parse(news);
      const before = routerState.safeParse(olds);
      await apply(router, before.success ? before.data.policy : null);
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
  if (!(await hasCards(it, router.cards))) return "has other cards";
  return rulesDrift(it);
}

/**
 * The routers of one run. Each keeps what it was given only for as long as it is told that it is still tried; it is
 * confirmed when all of them are through, and goes back when one is not, or when nobody is left to say anything.
 */
class Pair {
  readonly #held: {
    readonly router: ReachedRouter;
    readonly xml: string;
    readonly works: Works;
    readonly held: Held;
  }[] = [];

  /** @throws Fault ROUTER_REFUSED, ROUTER_WENT_BACK */
  async add(router: ReachedRouter, xml: string, works: Works): Promise<void> {
    const held = await holdConfig(router, xml, works);
    if (held) this.#held.push({ router, xml, works, held });
  }

  /** What fails takes those before it back too, so that all are as they were. */
  async orBack(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const tried = this.#held.splice(0);
      const told = await Promise.all(tried.map(({ held }) => held.back().catch(() => false)));
      const back = tried.filter((_, n) => told[n]).map(({ router }) => router.host);
      if (!(error instanceof Fault) || back.length === 0) throw error;
      throw new Fault(error.code, `${error.message}\n  ${back.join(", ")} went back with it.`, error.hint, error);
    }
  }

  async confirm(): Promise<void> {
    const tried = this.#held.splice(0);
    const kept = await Promise.all(tried.map(({ held }) => held.confirm()));
    // One that could not be told in time that it is still tried has gone back: it is given the file again.
    for (const [n, { router, xml, works }] of tried.entries()) if (!kept[n]) await deliverConfig(router, xml, works);
  }
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
