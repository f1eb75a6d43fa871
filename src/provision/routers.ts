import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { beside } from "../stack/beside.ts";
import { Patience } from "../stack/patience.ts";
import { isOff, type ConsoleRun } from "./console.ts";
import { Power } from "./power.ts";
import STAGE from "./router-stage.sh";
import UNTIL_STARTED from "./router-started.sh";

/** What a router of the twin says of itself (src/twin/router/agent/status.ts); only what is asked of it outside. */
export const routerView = z.object({
  phase: z.enum(["starting", "running", "failed"]),
  failure: z.string().optional(),
  config: z.object({ digest: z.string() }).optional(),
  rules: z.object({ isProven: z.boolean(), why: z.string().optional() }).optional(),
  carp: z.array(
    z.object({
      id: z.string(),
      vhid: z.number(),
      device: z.string(),
      state: z.string(),
      addresses: z.array(z.string()),
      demotion: z.number().default(0),
    }),
  ),
  gateways: z.array(z.object({ name: z.string(), device: z.string(), state: z.string() })),
  activeGateway: z.string().optional(),
});
export type RouterView = z.infer<typeof routerView>;

/** Where it says so, in the guest. */
export const ROUTER_STATUS_FILE = "/run/maquette/router/status.json";

/** A router, and its console. */
export interface ReachedRouter {
  readonly host: string;
  readonly run: ConsoleRun;
}

const INCOMING = "/cf/conf/incoming.xml";
/** What a router boots from. */
export const CONFIG = "/cf/conf/config.xml";
const READY_DEADLINE_MS = 60_000;
const BOOT_DEADLINE_MS = 180_000;
/**
 * How long a router keeps a file that nobody says any more he is trying: then whoever loaded it is gone. On a machine
 * that cannot say so in time once, it is tried again with more.
 */
const HOLD_SECONDS = [12, 60, 240] as const;
/** How often he says it. */
const HOLD_EVERY_MS = 3_000;

/** Undefined while it has not said anything yet. */
export async function viewOf({ run }: ReachedRouter): Promise<RouterView | undefined> {
  const { exitCode, stdout } = await run(["cat", ROUTER_STATUS_FILE], "");
  if (exitCode !== 0) return undefined;
  const parsed = routerView.safeParse(JSON.parse(stdout));
  return parsed.success ? parsed.data : undefined;
}

/** Until the router has its rules and forwards, or failed to; a guest that cannot be asked yet is asked again. */
export async function untilStarted(router: ReachedRouter, deadlineMs: number): Promise<void> {
  const patience = new Patience(deadlineMs);
  // Nobody starts it while it is waited for.
  const power = new Power();
  while (!patience.isOver) {
    const entered = await router
      .run(["sh", "-c", UNTIL_STARTED, "sh", ROUTER_STATUS_FILE], "")
      .catch(async (error: unknown) => {
        if (!isOff(error)) power.isOn();
        else if (!(await power.isOff())) return "off" as const;
        return undefined;
      });
    if (entered === "off") return;
    if (entered !== undefined) power.isOn();
    const phase = entered && (await viewOf(router).catch(() => undefined))?.phase;
    if (phase === "running" || phase === "failed") return;
    await sleep(50);
  }
}

/**
 * Waits until each router runs with rules that its kernel was read back and proven to hold, and each CARP address has
 * exactly one master. @param addresses how many CARP addresses there are to be @throws Fault ROUTERS_NOT_READY
 */
export async function untilRoutersCarry(
  routers: readonly ReachedRouter[],
  addresses: number,
  deadlineMs = READY_DEADLINE_MS,
): Promise<void> {
  const patience = new Patience(deadlineMs);
  for (;;) {
    const views = await Promise.all(routers.map((r) => viewOf(r).catch(() => undefined)));
    const problem = whatIsWrong(routers, views, addresses);
    if (problem === undefined) return;
    if (problem.isFinal || patience.isOver) {
      throw new Fault(
        "ROUTERS_NOT_READY",
        `The routers do not carry traffic${problem.isFinal ? "" : ` after ${patience.words}`}: ${problem.text}.`,
        "`maquette console rtr-a maquette-router status` (any router) says more, `maquette logs` everything.",
      );
    }
    // Of CARP's elections nobody tells us: they take three seconds at most.
    await sleep(100);
  }
}

/**
 * The same of one router and those beside it that run, in the middle of a change: an address that only one of them has
 * yet is that one's. @throws Fault ROUTERS_NOT_READY
 */
export async function untilPairCarries(routers: readonly ReachedRouter[]): Promise<void> {
  const views = await Promise.all(routers.map((r) => viewOf(r).catch(() => undefined)));
  await untilRoutersCarry(
    routers.filter((_, n) => n === 0 || views[n]?.phase === "running"),
    0,
  );
}

/** Until each router that runs has the others' states, so that it may take over: CARP's demotion is over then. */
export async function untilSettled(routers: readonly ReachedRouter[], deadlineMs = READY_DEADLINE_MS): Promise<void> {
  const patience = new Patience(deadlineMs);
  for (const router of routers) {
    while (!patience.isOver) {
      const view = await viewOf(router).catch(() => undefined);
      if (view?.phase !== "running" || view.carp.every((c) => c.demotion === 0)) break;
      await sleep(100);
    }
  }
}

function whatIsWrong(
  routers: readonly ReachedRouter[],
  views: readonly (RouterView | undefined)[],
  addresses: number,
): { readonly text: string; readonly isFinal: boolean } | undefined {
  for (const [n, view] of views.entries()) {
    const { host } = routers[n]!;
    if (view === undefined) return { text: `${host} has said nothing yet`, isFinal: false };
    if (view.phase === "failed") return { text: `${host}: ${view.failure ?? "failed"}`, isFinal: true };
    if (view.phase === "starting") return { text: `${host} is starting`, isFinal: false };
    if (view.rules?.isProven !== true)
      return { text: `${host}: its kernel's rules are not proven: ${view.rules?.why ?? "not read"}`, isFinal: true };
  }
  const masters = new Map<string, string[]>();
  for (const [n, view] of views.entries()) {
    for (const { device, vhid, state } of view!.carp) {
      const key = `vhid ${vhid} on ${device}`;
      masters.set(key, [...(masters.get(key) ?? []), ...(state === "MASTER" ? [routers[n]!.host] : [])]);
    }
  }
  if (masters.size < addresses)
    return { text: `${masters.size} of ${addresses} CARP addresses are up`, isFinal: false };
  for (const [key, hosts] of masters) {
    if (hosts.length === 1) continue;
    const text = hosts.length === 0 ? `${key} has no master` : `${key} has the masters ${hosts.join(" and ")}`;
    return { text, isFinal: false };
  }
  return undefined;
}

/** As the routers name a configuration: SHA-256 of its bytes. */
export const configDigest = (xml: string): string => createHash("sha256").update(xml).digest("hex");

/**
 * Brings a router to a configuration by its console: it proves and loads it without dropping sessions, the caller
 * tries whether administration still works, and only then it is confirmed; else the router goes back at once, and by
 * itself where nobody is left to tell it.
 * @param works whether the bastion still reaches every host; what does not is named
 * @returns false when the router had it already
 * @throws Fault ROUTER_REFUSED, ROUTER_WENT_BACK
 */
export async function deliverConfig(
  router: ReachedRouter,
  xml: string,
  works: () => Promise<readonly string[]>,
  holdEveryMs = HOLD_EVERY_MS,
): Promise<boolean> {
  const { host, run } = router;
  const wanted = configDigest(xml);
  if ((await viewOf(router))?.config?.digest === wanted) return false;
  // By standard input: the file holds secrets.
  const put = await run(["sh", "-c", `umask 077; cat > ${INCOMING}`], xml);
  if (put.exitCode !== 0) throw refused(host, put.stderr);
  try {
    for (const seconds of HOLD_SECONDS) if (await loadAndTry(router, seconds, works, holdEveryMs)) return true;
    throw refused(
      host,
      `it went back before it was confirmed, ${HOLD_SECONDS.length} times: this machine is too slow.`,
    );
  } finally {
    await run(["rm", "-f", INCOMING], "").catch(() => undefined);
  }
}

/** @returns false when it had gone back by itself before it was confirmed */
async function loadAndTry(
  { host, run }: ReachedRouter,
  seconds: number,
  works: () => Promise<readonly string[]>,
  holdEveryMs: number,
): Promise<boolean> {
  const loaded = await run(["maquette-load", INCOMING, "--confirm", String(seconds)], "");
  if (loaded.exitCode !== 0) throw refused(host, loaded.stderr);
  // What it cannot be told is found out when it is confirmed.
  const lost = await beside(works(), holdEveryMs, () =>
    run(["maquette-load", "--hold", String(seconds)], "").catch(() => undefined),
  );
  if (lost.length > 0) {
    const back = await run(["maquette-load", "--back"], "");
    const when = back.exitCode === 0 ? "has gone back" : `goes back within ${seconds} s`;
    throw new Fault(
      "ROUTER_WENT_BACK",
      `With its new configuration through ${host} the bastion does not reach ${lost.join(", ")} by SSH.`,
      `${host} ${when} to the configuration before; look at what changed with \`maquette diff\`.`,
    );
  }
  const confirmed = await run(["maquette-load", "--confirmed"], "");
  if (confirmed.exitCode === 0) return true;
  if (confirmed.stderr.includes("ROUTER_NOTHING_TO_CONFIRM")) return false;
  throw refused(host, confirmed.stderr);
}

/**
 * Brings a router to a configuration by a boot, for what no load can do: other cards. What it had stays beside it.
 * @param reboot by the hypervisor, so that the guest gets what it is to have
 * @throws Fault ROUTER_REFUSED, ROUTER_NOT_BACK
 */
export async function restartWith(router: ReachedRouter, xml: string, reboot: () => Promise<void>): Promise<void> {
  const { host, run } = router;
  const put = await run(["sh", "-c", STAGE, "sh", CONFIG], xml);
  if (put.exitCode !== 0) throw refused(host, put.stderr);
  await reboot();
  await untilStarted(router, BOOT_DEADLINE_MS);
  const view = await viewOf(router).catch(() => undefined);
  if (view?.phase === "running" && view.config?.digest === configDigest(xml) && view.rules?.isProven === true) return;
  const why =
    view === undefined
      ? `it has said nothing for ${BOOT_DEADLINE_MS / 1000} s`
      : (view.failure ?? view.rules?.why ?? `it is ${view.phase} with another configuration`);
  throw new Fault(
    "ROUTER_NOT_BACK",
    `${host} was restarted with its new configuration and does not carry: ${why}.`,
    `\`maquette logs ${host}\` says more. What it had before lies in ${CONFIG}.before there; the other router was not touched.`,
  );
}

const refused = (host: string, words: string): Fault =>
  new Fault(
    "ROUTER_REFUSED",
    `${host} does not take its configuration: ${words.trim().split("\n")[0] ?? "it gave no reason"}`,
    "What it had is still in force. `maquette check` proves the plan; what the router cannot do is in docs/router.md.",
  );
