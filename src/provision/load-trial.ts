import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../core/fault.ts";
import type { PfConfig } from "../pfsense/model/config.ts";
import { readConfig } from "../pfsense/read/read-config.ts";
import type { Plan } from "../plan/types.ts";
import type { ConsoleRun } from "./console.ts";
import { CONFIG, untilPairCarries, viewOf, type ReachedRouter, type RouterView, type Works } from "./routers.ts";
import { consoleShell } from "./shell.ts";
import { readDeclaredPlan } from "./witness/declared.ts";
import { prepareTrial, type Trial } from "./witness/trial.ts";

type Asks = () => Promise<readonly string[]>;
type ConsoleById = (vmId: number) => ConsoleRun;

interface Guest {
  readonly host: string;
  readonly vmId: number;
}

/** Of a router's inputs (router-config.ts) those by which its file is tried. */
export interface TriedRouter extends Guest {
  readonly cards: Readonly<Record<string, string>>;
  readonly peers: readonly Guest[];
  readonly witness: {
    readonly from: Guest;
    readonly hosts: readonly { readonly host: string; readonly address: string }[];
  } | null;
  readonly policy: string | null;
  readonly guests: Readonly<
    Record<string, { readonly vmId: number; readonly cards: Readonly<Record<string, string>> }>
  >;
  readonly next: readonly Guest[];
}

const SSH_PATIENCE_SECONDS = 3;
/** An advert is sent every second, and a refused one is counted. */
const ADVERT_MS = 1_300;

/**
 * What a file is tried by once a router has it: packets of what changes and of what must not, administration from the
 * bastion, and the shared addresses. What is asked is chosen before, while the router has the file before.
 * @param before the policy of that one (witness/declared.ts), where it is known
 */
export async function loadTrial(
  router: TriedRouter,
  before: string | null,
  xml: string,
  view: RouterView,
  consoles: ConsoleById,
): Promise<Works> {
  const routers = [{ host: router.host, vmId: router.vmId }, ...router.peers].map(({ host, vmId }): ReachedRouter => ({
    host,
    run: consoles(vmId),
  }));
  const { stdout } = await routers[0]!.run(["cat", CONFIG], "");
  const [old, config] = [readFile(stdout), readFile(xml)];
  const hasSameShares = old && config && isDeepStrictEqual(old.virtualIps.map(shared), config.virtualIps.map(shared));
  const [packets, administration, shares] = await Promise.all([
    packetsOf(router, before, config, view, consoles),
    administrationOf(router, consoles),
    hasSameShares ? sharedAddressesOf(routers) : changedAddressesOf(routers, router.next.length === 0),
  ]);
  return async (withinMs) => {
    const asked = Promise.all([packets?.ask() ?? [], administration(), shares()]).then((found) => found.flat());
    const late = sleep(withinMs, "late" as const, { ref: false });
    return Promise.race([asked.catch((error: unknown) => [unjudged(error)]), late]);
  };
}

/** Undefined where it cannot be read: the router, which reads it in the same way, refuses it in words. */
function readFile(text: string): PfConfig | undefined {
  const read = readConfig(text, { file: CONFIG });
  return read.ok ? read.value : undefined;
}

/** Who cannot see what became of a packet does not know that it is well. */
const unjudged = (error: unknown): string => `what it does could not be seen: ${messageOf(error)}`;

async function packetsOf(
  router: TriedRouter,
  before: string | null,
  config: PfConfig | undefined,
  view: RouterView,
  consoles: ConsoleById,
): Promise<Trial | undefined> {
  const plan = router.policy === null ? undefined : readDeclaredPlan(router.policy);
  const host = plan?.hosts.get(router.host);
  if (plan === undefined || host === undefined || config === undefined) return undefined;
  const vmIds = new Map(Object.entries(router.guests).map(([id, { vmId }]) => [id, vmId]));
  return prepareTrial({
    shell: consoleShell((id) => consoles(vmIds.get(id)!)),
    before: before === null ? undefined : readDeclaredPlan(before),
    plan,
    router: host,
    config,
    downZones: downZones(plan, router, view),
    macOf: (of, nic) => router.guests[of.id]!.cards[nic.zone]!,
  });
}

/** Accesses that do not answer now: what leaves by the other then is no fault of a file. */
function downZones(plan: Plan, router: TriedRouter, view: RouterView): readonly string[] {
  const nics = plan.hosts.get(router.host)?.nics ?? [];
  const down = new Set(view.gateways.filter((g) => g.state === "down").map((g) => g.device));
  const names = new Map(Object.entries(router.cards).map(([name, mac]) => [mac, name]));
  return nics.flatMap((nic) => {
    const device = names.get(router.guests[router.host]?.cards[nic.zone]?.toLowerCase() ?? "");
    return device !== undefined && down.has(device) ? [nic.zone] : [];
  });
}

/** Of the hosts that are reached now, those that are not afterwards; one that is new was never reached. */
async function administrationOf({ witness }: TriedRouter, consoles: ConsoleById): Promise<Asks> {
  if (witness === null) return () => Promise.resolve([]);
  const run = consoles(witness.from.vmId);
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
    const lost = answering.flatMap(({ host, address }, n) => (after[n] ? [] : [`${host} (${address})`]));
    return lost.length === 0 ? [] : [`${witness.from.host} does not reach ${lost.join(", ")} by SSH`];
  };
}

/** What both routers must say alike of a shared address, wherever the file says it. */
const shared = (vip: PfConfig["virtualIps"][number]): unknown => ({ ...vip, place: undefined });

const shareOf = ({ vhid, device }: { vhid: number; device: string }): string => `CARP vhid ${vhid} on ${device}`;

/** Each shared address has one master, and no router refuses what another says of it: else both would soon have it. */
async function sharedAddressesOf(routers: readonly ReachedRouter[]): Promise<Asks> {
  const views = async (): Promise<ReadonlyMap<string, RouterView>> => {
    const seen = routers.map(async (router) => {
      // It counts adverts all the time, and says so when it is asked.
      await router.run(["maquette-router", "status"], "").catch(() => undefined);
      const view = await viewOf(router).catch(() => undefined);
      return view?.phase === "running" ? [[router.host, view] as const] : [];
    });
    return new Map((await Promise.all(seen)).flat());
  };
  const before = await views();
  const refusals = (view: RouterView | undefined, share: string): number =>
    view?.carp.find((c) => shareOf(c) === share)?.counts["badAuth"] ?? 0;
  return async () => {
    await sleep(ADVERT_MS);
    const after = await views();
    const shares = new Set([...before.values()].flatMap((view) => view.carp.map(shareOf)));
    return [...shares].flatMap((share) => {
      const of = [...after].filter(([, view]) => view.carp.some((c) => shareOf(c) === share));
      const masters = of.filter(([, view]) => view.carp.some((c) => shareOf(c) === share && c.state === "MASTER"));
      const lost = [...after.keys()].filter((host) => before.has(host) && !of.some(([other]) => other === host));
      const deaf = of.filter(([host, view]) => refusals(view, share) > refusals(before.get(host), share));
      const named = masters.map(([host]) => host);
      return [
        ...(masters.length === 1
          ? []
          : [`${share} has ${named.length === 0 ? "no master" : `the masters ${named.join(" and ")}`}`]),
        ...lost.map((host) => `${share} is none of ${host}'s any more`),
        ...deaf.map(([host]) => `${share}: ${host} refuses the other router's adverts`),
      ];
    });
  };
}

/** Where the file is to change them, the routers only agree again when the last of them has it. */
const changedAddressesOf = (routers: readonly ReachedRouter[], isLast: boolean): Promise<Asks> =>
  Promise.resolve(async () => {
    if (!isLast) return [];
    return untilPairCarries(routers).then(
      () => [],
      (error: unknown) => [messageOf(error)],
    );
  });
