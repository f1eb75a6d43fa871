import type { PfConfig } from "../../pfsense/model/config.ts";
import { Fault } from "../../core/fault.ts";
import type { Host, Nic } from "../../plan/types.ts";
import { routersOf } from "../../plan/query.ts";
import type { Intent } from "../../policy/intent.ts";
import { Undo, type LabPower } from "../power.ts";
import type { RouterView } from "../../provision/routers.ts";
import { readRouterState, roleOf, until } from "../router-state.ts";
import type { GuestShell } from "../../provision/shell.ts";
import { makeOracle } from "../../provision/witness/expect.ts";
import { resultOf, type LiveResult } from "./report.ts";
import { newRun, runWitnesses } from "../../provision/witness/run.ts";
import { selectWitnesses } from "../../provision/witness/select.ts";

export interface VerifyOptions {
  readonly intent: Intent;
  readonly shell: GuestShell;
  readonly power: LabPower;
  readonly macOf: (host: Host, nic: Nic) => string;
  /** The file that a router runs with. */
  readonly configOf: (router: string) => Promise<PfConfig>;
  /** Ids of hosts that run. */
  readonly live: ReadonlySet<string>;
  /** Ids of routers, in the order in which each is made active. */
  readonly routers: readonly string[];
  /** Also with each access but the last one down, as far as traffic to the Internet goes. */
  readonly withAccessesDown: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** CARP gives up a master within 3·advbase + skew/256 s; a pre-empting one waits for its states first. */
const TAKEOVER_DEADLINE_MS = 60_000;
const GATEWAY_DEADLINE_MS = 60_000;

/**
 * The flow matrix on the wire, through each router as the active one. Whatever was pulled is plugged again, also when
 * something fails or somebody interrupts.
 */
export async function verifyLive(options: VerifyOptions): Promise<readonly LiveResult[]> {
  const { intent, signal } = options;
  const { plan } = intent.space;
  const all = routersOf(plan).map((r) => r.id);
  const results: LiveResult[] = [];
  for (const [turn, router] of options.routers.entries()) {
    const undo = new Undo();
    try {
      await makeActive(options, router, undo);
      results.push(await verifyOne(options, router, []));
      const accesses = [...plan.zones.values()]
        .filter((z) => z.wan !== null)
        .sort((x, y) => x.wan!.tier - y.wan!.tier)
        .map((z) => z.id);
      // The first router shows what the file does then; the second one has the same file, up to its own addresses.
      if (options.withAccessesDown && turn === 0)
        for (const zone of accesses.slice(0, -1)) {
          const inner = new Undo();
          try {
            await cutAccess(options, router, zone, inner);
            results.push(await verifyOne(options, router, [zone]));
          } finally {
            await restore(inner, `the cable of ${zone}`);
            if (signal?.aborted !== true) await untilGateways(options, router, []);
          }
        }
    } finally {
      await restore(undo, "what was pulled to make the router active");
    }
  }
  // As it was: the first router of the plan pre-empts.
  const first = all[0]!;
  if (signal?.aborted !== true && options.live.has(first) && options.routers.some((r) => r !== first)) {
    options.onProgress?.(`waiting until ${first} is active again`);
    await untilRole(options, first, "master");
  }
  return results;
}

async function restore(undo: Undo, what: string): Promise<void> {
  const failures = await undo.run();
  if (failures.length === 0) return;
  throw new Fault(
    "ACCEPT_NOT_RESTORED",
    `${what} could not be put back: ${failures.join("; ")}`,
    "`maquette up` brings the lab back to what the plan says; a pulled cable is plugged when its guest starts again.",
  );
}

/** Leaves the other routers nothing but their own link, so that this one answers for every shared address. */
async function makeActive(options: VerifyOptions, router: string, undo: Undo): Promise<void> {
  const { shell, intent, power } = options;
  const { plan } = intent.space;
  const others = routersOf(plan).filter((r) => r.id !== router && options.live.has(r.id));
  if (roleOf(await readRouterState(shell, router)) === "master") return;
  options.onProgress?.(`making ${router} the active router`);
  for (const other of others)
    for (const [index, nic] of other.nics.entries()) {
      if (plan.zones.get(nic.zone)?.kind === "sync") continue;
      undo.add(`net${index} of ${other.id}`, () => power.setLink(other.id, index, true));
      await power.setLink(other.id, index, false);
    }
  await untilRole(options, router, "master");
  await untilGateways(options, router, []);
}

async function untilRole(options: VerifyOptions, router: string, role: "master" | "backup"): Promise<void> {
  await until(
    `${router} is ${role} of every shared address`,
    TAKEOVER_DEADLINE_MS,
    () => readRouterState(options.shell, router),
    (state) => roleOf(state) === role,
    signalOf(options),
  );
}

/** Pulls the operator's cable of an access, on the operator's side: the routers' own links stay up. */
async function cutAccess(options: VerifyOptions, router: string, zone: string, undo: Undo): Promise<void> {
  const { plan } = options.intent.space;
  const [operator, index] = operatorOf(plan.hosts.values(), zone);
  options.onProgress?.(`cutting ${zone} at ${operator.id}`);
  undo.add(`net${index} of ${operator.id}`, () => options.power.setLink(operator.id, index, true));
  await options.power.setLink(operator.id, index, false);
  await untilGateways(options, router, [zone]);
}

/** The guest that plays an access' operator, and the number of its NIC there. */
export function operatorOf(hosts: Iterable<Host>, zone: string): readonly [Host, number] {
  for (const host of hosts) {
    const index = host.nics.findIndex((n) => n.zone === zone);
    if (host.isOutside && index >= 0) return [host, index];
  }
  throw new Fault(
    "ACCEPT_NO_OPERATOR",
    `No guest of the plan plays the operator of ${zone}, so its access cannot be cut from here.`,
    "On a real access, pull the cable yourself and run `maquette verify --router A`.",
  );
}

/** Until the router says of each access what it now is. */
async function untilGateways(options: VerifyOptions, router: string, down: readonly string[]): Promise<void> {
  const { plan } = options.intent.space;
  const host = plan.hosts.get(router)!;
  const config = await options.configOf(router);
  const { deviceOf } = makeOracle(options.intent, host, config);
  const wans = [...plan.zones.values()].filter((z) => z.wan !== null);
  const isAsTold = (state: RouterView | undefined): boolean =>
    wans.every((zone) => {
      const gateway = state?.gateways.find((g) => g.device === deviceOf.get(zone.id));
      return (
        gateway !== undefined && (gateway.state === "down") === down.includes(zone.id) && gateway.state !== "pending"
      );
    });
  await until(
    `${router} sees ${down.length === 0 ? "every access up" : `${down.join(", ")} down`}`,
    GATEWAY_DEADLINE_MS,
    () => readRouterState(options.shell, router),
    isAsTold,
    signalOf(options),
  );
}

const signalOf = ({ signal }: VerifyOptions): { readonly signal?: AbortSignal } => (signal ? { signal } : {});

async function verifyOne(options: VerifyOptions, router: string, down: readonly string[]): Promise<LiveResult> {
  const { intent, live } = options;
  const started = performance.now();
  const host = intent.space.plan.hosts.get(router)!;
  const state = await readRouterState(options.shell, router);
  if (state?.rules?.isProven !== true)
    throw new Fault(
      "ACCEPT_ROUTER_UNPROVEN",
      `${router} does not say that its rules are its file's${state?.failure === undefined ? "" : `: ${state.failure}`}.`,
      `Look at its journal: \`maquette logs ${router}\`.`,
    );
  const oracle = makeOracle(intent, host, await options.configOf(router), down);
  const isSync = (id: string): boolean => intent.space.plan.zones.get(id)?.kind === "sync";
  const isWanted = (from: string, to: string): boolean => to === "internet" && from !== "internet" && !isSync(from);
  const selection = selectWitnesses(intent, oracle, {
    live,
    run: newRun(),
    ...(down.length > 0 ? { isWanted } : {}),
  });
  const findings = await runWitnesses({
    shell: options.shell,
    plan: intent.space.plan,
    oracle,
    witnesses: selection.witnesses,
    macOf: options.macOf,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  });
  const circumstances = down.map((zone) => `${zone} down`).join(", ");
  const seconds = Math.round(performance.now() - started) / 1000;
  return resultOf({ router, circumstances, seconds }, selection, findings);
}
