import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import type { ConsoleRun } from "./console.ts";

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
const READY_DEADLINE_MS = 60_000;
/** Longer than the tests below take on a slow machine; the router goes back by itself after it. */
const CONFIRM_SECONDS = 60;

/** Undefined while it has not said anything yet. */
export async function viewOf({ run }: ReachedRouter): Promise<RouterView | undefined> {
  const { exitCode, stdout } = await run(["cat", ROUTER_STATUS_FILE], "");
  if (exitCode !== 0) return undefined;
  const parsed = routerView.safeParse(JSON.parse(stdout));
  return parsed.success ? parsed.data : undefined;
}

/** Looks at what it says ten times a second, for a few seconds: one who waits in there costs less than to enter again. */
const UNTIL_STARTED =
  'n=0; while [ $n -lt 100 ] && ! grep -qE \'"phase": *"(running|failed)"\' "$1" 2>/dev/null; do sleep 0.1; n=$((n+1)); done';

/** Until the router has its rules and forwards, or failed to; a guest that cannot be asked yet is asked again. */
export async function untilStarted(router: ReachedRouter, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (Date.now() < deadline) {
    const entered = await router.run(["sh", "-c", UNTIL_STARTED, "sh", ROUTER_STATUS_FILE], "").catch(() => undefined);
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
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const views = await Promise.all(routers.map((r) => viewOf(r).catch(() => undefined)));
    const problem = whatIsWrong(routers, views, addresses);
    if (problem === undefined) return;
    if (Date.now() > deadline || problem.isFinal) {
      throw new Fault(
        "ROUTERS_NOT_READY",
        `The routers do not carry traffic: ${problem.text}.`,
        "`maquette console rtr-a maquette-router status` (any router) says more, `maquette logs` everything.",
      );
    }
    // Of CARP's elections nobody tells us: they take three seconds at most.
    await sleep(100);
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
 * tries whether administration still works, and only then it is confirmed; else the router goes back by itself.
 * @param works whether the bastion still reaches every host; what does not is named
 * @returns false when the router had it already
 * @throws Fault ROUTER_REFUSED, ROUTER_WENT_BACK
 */
export async function deliverConfig(
  router: ReachedRouter,
  xml: string,
  works: () => Promise<readonly string[]>,
): Promise<boolean> {
  const { host, run } = router;
  const wanted = configDigest(xml);
  if ((await viewOf(router))?.config?.digest === wanted) return false;
  // By standard input: the file holds secrets.
  const put = await run(["sh", "-c", `umask 077; cat > ${INCOMING}`], xml);
  if (put.exitCode !== 0) throw refused(host, put.stderr);
  try {
    const loaded = await run(["maquette-load", INCOMING, "--confirm", String(CONFIRM_SECONDS)], "");
    if (loaded.exitCode !== 0) throw refused(host, loaded.stderr);
    const lost = await works();
    if (lost.length > 0) {
      throw new Fault(
        "ROUTER_WENT_BACK",
        `With its new configuration through ${host} the bastion does not reach ${lost.join(", ")} by SSH.`,
        `${host} goes back to the configuration before within ${CONFIRM_SECONDS} s; look at what changed with \`maquette diff\`.`,
      );
    }
    const confirmed = await run(["maquette-load", "--confirmed"], "");
    if (confirmed.exitCode !== 0) throw refused(host, confirmed.stderr);
    return true;
  } finally {
    await run(["rm", "-f", INCOMING], "").catch(() => undefined);
  }
}

const refused = (host: string, words: string): Fault =>
  new Fault(
    "ROUTER_REFUSED",
    `${host} does not take its configuration: ${words.trim().split("\n")[0] ?? "it gave no reason"}`,
    "What it had is still in force. `maquette check` proves the plan; what the router cannot do is in docs/router.md.",
  );
