import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../core/fault.ts";
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
      counts: z.record(z.string(), z.number()).default({}),
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
const HOLD_SECONDS = [9, 60, 240] as const;
/** How long it may take to find out what a router does with the file; more where that was not enough. */
const DECIDE_MS = [10_000, 40_000, 120_000] as const;
/** How often he says it. */
const HOLD_EVERY_MS = 3_000;

/** Undefined while it has not said anything yet. */
export async function viewOf({ run }: ReachedRouter): Promise<RouterView | undefined> {
  const { exitCode, stdout } = await run(["cat", ROUTER_STATUS_FILE], "");
  if (exitCode !== 0) return undefined;
  const parsed = routerView.safeParse(JSON.parse(stdout));
  return parsed.success ? parsed.data : undefined;
}

/**
 * What shows that a router's kernel no longer has the rules of its file, by somebody's hand; undefined where it has, and
 * of one that does not run yet, or whose firmware is older than the question.
 */
export async function rulesDrift({ run }: ReachedRouter): Promise<string | undefined> {
  const { exitCode, stdout } = await run(["maquette-router", "verify"], "");
  return exitCode === 1 ? stdout.trim().replaceAll("\n", " ") : undefined;
}

/** Has it load its file anew. @throws Fault ROUTER_REFUSED */
export async function reloadRules({ host, run }: ReachedRouter): Promise<void> {
  const { exitCode, stderr } = await run(["maquette-router", "reload"], "");
  if (exitCode !== 0) throw refused(host, stderr);
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

/** What is not as it must be once a file is loaded, in sentences; `late`: it could not be found out in time. */
export type Tried = readonly string[] | "late";

/** @param withinMs it is known by then, or it is late */
export type Works = (withinMs: number) => Promise<Tried>;

/** A file that a router tries and that goes by itself, unless it is told again and again that it is still tried. */
export interface Held {
  /** @returns false when it had gone back by itself before */
  confirm(): Promise<boolean>;
  /** To the file before, at once. @returns false when it could not be told: then it goes back by itself */
  back(): Promise<boolean>;
}

/**
 * Brings a router to a configuration by its console: it proves and loads it without dropping sessions, the caller
 * tries what it does with it, and only then it is held until it is confirmed; else the router goes back at once, and by
 * itself where nobody is left to tell it.
 * @param works what does not work with it
 * @param attempt more time from the beginning, after so many that were too short
 * @returns undefined when the router had it already
 * @throws Fault ROUTER_REFUSED, ROUTER_WENT_BACK
 */
export async function holdConfig(
  router: ReachedRouter,
  xml: string,
  works: Works,
  holdEveryMs = HOLD_EVERY_MS,
  attempt = 0,
): Promise<Held | undefined> {
  const { host, run } = router;
  if ((await viewOf(router))?.config?.digest === configDigest(xml)) return undefined;
  // By standard input: the file holds secrets.
  const put = await run(["sh", "-c", `umask 077; cat > ${INCOMING}`], xml);
  if (put.exitCode !== 0) throw refused(host, put.stderr);
  try {
    for (let n = attempt; n < HOLD_SECONDS.length; n++) {
      const held = await loadAndTry(router, xml, n, works, holdEveryMs);
      if (held) return held;
    }
    throw refused(host, `it could not be tried in time, ${HOLD_SECONDS.length} times: this machine is too slow.`);
  } finally {
    await run(["rm", "-f", INCOMING], "").catch(() => undefined);
  }
}

/** The same of one router alone. @returns false when the router had it already */
export async function deliverConfig(
  router: ReachedRouter,
  xml: string,
  works: Works,
  holdEveryMs = HOLD_EVERY_MS,
): Promise<boolean> {
  for (let n = 0; n < HOLD_SECONDS.length; n++) {
    const held = await holdConfig(router, xml, works, holdEveryMs, n);
    if (!held) return n > 0;
    if (await held.confirm()) return true;
  }
  throw refused(
    router.host,
    `it went back before it was confirmed, ${HOLD_SECONDS.length} times: this machine is too slow.`,
  );
}

/** @returns undefined when it could not be tried in time, and is as it was */
async function loadAndTry(
  router: ReachedRouter,
  xml: string,
  attempt: number,
  works: Works,
  holdEveryMs: number,
): Promise<Held | undefined> {
  const { host, run } = router;
  const seconds = HOLD_SECONDS[attempt]!;
  const loaded = await run(["maquette-load", INCOMING, "--confirm", String(seconds)], "");
  if (loaded.exitCode !== 0) throw refused(host, loaded.stderr);
  const release = holding(router, seconds, holdEveryMs);
  const back = async (): Promise<boolean> => {
    release();
    return (await run(["maquette-load", "--back"], "")).exitCode === 0;
  };
  let wrong: Tried;
  try {
    const isOther = (await viewOf(router))?.config?.digest !== configDigest(xml);
    wrong = isOther ? ["what is in force on it is not the file that it was given"] : await works(DECIDE_MS[attempt]!);
  } catch (error) {
    // Whatever cannot be judged is not kept.
    await back().catch(() => false);
    throw error;
  }
  if (wrong === "late") {
    await back().catch(() => false);
    return undefined;
  }
  if (wrong.length > 0) {
    const when = (await back().catch(() => false)) ? "has gone back" : `goes back within ${seconds} s`;
    throw new Fault(
      "ROUTER_WENT_BACK",
      `With its new configuration ${host} does not do what the plan says:\n  ${wrong.join("\n").replaceAll("\n", "\n  ")}`,
      `${host} ${when} to the configuration before; look at what changed with \`maquette diff\`.`,
    );
  }
  return {
    back,
    async confirm() {
      release();
      const confirmed = await run(["maquette-load", "--confirmed"], "");
      if (confirmed.exitCode === 0) return true;
      if (confirmed.stderr.includes("ROUTER_NOTHING_TO_CONFIRM")) return false;
      throw refused(host, confirmed.stderr);
    },
  };
}

/** Says every so often that the file is still tried; what a router cannot be told is found out when it is confirmed. */
function holding({ run }: ReachedRouter, seconds: number, everyMs: number): () => void {
  const timer = setInterval(() => {
    void run(["maquette-load", "--hold", String(seconds)], "").catch(() => undefined);
  }, everyMs);
  return () => clearInterval(timer);
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
