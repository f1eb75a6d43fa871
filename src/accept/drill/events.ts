import { Fault } from "../../core/fault.ts";
import type { Plan } from "../../plan/types.ts";
import { routersOf } from "../../plan/query.ts";
import { operatorOf } from "../live/verify.ts";
import type { LabPower, Undo } from "../power.ts";
import type { RouterView } from "../../provision/routers.ts";
import { readRouterState, roleOf, until } from "../router-state.ts";
import type { GuestShell } from "../../provision/shell.ts";
import { LIMITS } from "./evaluate.ts";
import type { DrillEvent } from "./run.ts";

/** What may happen to a router. */
export type How =
  | { readonly kind: "kill" }
  | { readonly kind: "reboot" }
  | { readonly kind: "links" }
  | { readonly kind: "cable"; readonly zone: string };

/** Reads `kill`, `reboot`, `links` or `cable:ZONE`. @throws Fault CLI_USAGE */
export function parseHow(plan: Plan, text: string): How {
  const zones = routersOf(plan)[0]?.nics.map((n) => n.zone) ?? [];
  if (text === "kill" || text === "reboot" || text === "links") return { kind: text };
  const zone = /^cable:(.+)$/.exec(text)?.[1];
  if (zone !== undefined && zones.includes(zone)) return { kind: "cable", zone };
  throw new Fault(
    "CLI_USAGE",
    `--how is "${text}".`,
    `It takes kill, reboot, links, or cable: with a zone of the routers (${zones.join(", ")}).`,
  );
}

export interface Scene {
  readonly plan: Plan;
  readonly shell: GuestShell;
  readonly power: LabPower;
  readonly signal?: AbortSignal;
}

const TAKEOVER_DEADLINE_MS = 30_000;
/** A router's boot, its states from the other one, its turn. */
const RETURN_DEADLINE_MS = 120_000;
const GATEWAY_DEADLINE_MS = 60_000;

const DONE: Readonly<Record<How["kind"], string>> = {
  kill: "killed",
  reboot: "rebooted",
  links: "all its links down",
  cable: "cable pulled",
};

/** @throws Fault DRILL_NOT_READY unless one router has every shared address, and another stands by */
export async function routerEvent(scene: Scene, how: How): Promise<DrillEvent> {
  const { plan, power } = scene;
  const { active, standby } = await pairOf(scene);
  const host = plan.hosts.get(active)!;
  const numbers = host.nics.flatMap((n, i) =>
    how.kind === "links" || (how.kind === "cable" && n.zone === how.zone) ? [i] : [],
  );
  let hasRebooted = false;
  return {
    what: `${active}: ${DONE[how.kind]}${how.kind === "cable" ? ` (${how.zone})` : ""}`,
    limitMs: LIMITS.routerMs,
    mayEnd: () => false,
    async strike(undo: Undo) {
      switch (how.kind) {
        case "kill":
          undo.add(`power of ${active}`, () => switchOn(power, active));
          return power.stop(active);
        case "reboot":
          undo.add(`power of ${active}`, () => switchOn(power, active));
          await power.reboot(active);
          hasRebooted = true;
          return;
        case "links":
        case "cable":
          for (const n of numbers) undo.add(`net${n} of ${active}`, () => power.setLink(active, n, true));
          await Promise.all(numbers.map((n) => power.setLink(active, n, false)));
      }
    },
    async noticed() {
      if (how.kind !== "reboot") return untilRole(scene, standby, "master", TAKEOVER_DEADLINE_MS);
      // A router that is back before CARP's time is over is not missed, and then nobody takes over.
      await until(
        `${standby} takes over, or ${active} is back before that`,
        TAKEOVER_DEADLINE_MS,
        () => readRouterState(scene.shell, standby),
        (s) => hasRebooted || roleOf(s) !== "backup",
        signalOf(scene),
      );
    },
    // Pre-emption: whoever is preferred takes over again.
    async recovered() {
      await untilRole(scene, active, "master", RETURN_DEADLINE_MS);
      await untilRole(scene, standby, "backup", TAKEOVER_DEADLINE_MS);
    },
  };
}

const switchOn = async (power: LabPower, host: string): Promise<void> => {
  if (!(await power.isRunning(host))) await power.start(host);
};

/** The preferred access, cut on the operator's side: the routers' own links stay up. */
export async function wanEvent(scene: Scene): Promise<DrillEvent> {
  const { plan, power, shell } = scene;
  const { active } = await pairOf(scene);
  const accesses = [...plan.zones.values()].filter((z) => z.wan !== null).sort((x, y) => x.wan!.tier - y.wan!.tier);
  const [preferred, other] = accesses;
  if (!preferred || !other)
    throw new Fault("DRILL_NOT_READY", "The plan has one access to the Internet, or none.", "This drill takes two.");
  const [operator, index] = operatorOf(plan.hosts.values(), preferred.id);
  const nic = plan.hosts.get(active)!.nics.findIndex((n) => n.zone === preferred.id);
  const untilGateway = async (isDown: boolean): Promise<void> => {
    await until(
      `${active} sees ${preferred.id} ${isDown ? "down" : "up"}`,
      GATEWAY_DEADLINE_MS,
      () => readRouterState(shell, active),
      (s) => gatewayState(s, nic) === (isDown ? "down" : "up"),
      signalOf(scene),
    );
  };
  await untilGateway(false);
  return {
    what: `${preferred.id} lost`,
    limitMs: LIMITS.wanMs,
    // Towards the Internet a session bears the lost access' address; nothing can carry it over.
    mayEnd: (path) => path.isByInternet,
    async strike(undo) {
      undo.add(`net${index} of ${operator.id}`, () => power.setLink(operator.id, index, true));
      await power.setLink(operator.id, index, false);
    },
    noticed: () => untilGateway(true),
    recovered: () => untilGateway(false),
  };
}

// pfSense names a router's cards by their position (src/twin/images/catalogue.ts).
const gatewayState = (state: RouterView | undefined, nic: number): string | undefined =>
  state?.gateways.find((g) => g.device === `vtnet${nic}`)?.state;

async function pairOf(scene: Scene): Promise<{ readonly active: string; readonly standby: string }> {
  const routers = routersOf(scene.plan).map((r) => r.id);
  const roles = await Promise.all(
    routers.map(async (id) => [id, roleOf(await readRouterState(scene.shell, id))] as const),
  );
  const active = roles.find(([, role]) => role === "master")?.[0];
  const standby = roles.find(([, role]) => role === "backup")?.[0];
  if (active !== undefined && standby !== undefined && active === routers[0]) return { active, standby };
  throw new Fault(
    "DRILL_NOT_READY",
    `A drill begins with ${routers[0] ?? "one router"} active and another standing by; now ${roles.map(([id, role]) => `${id} is ${role === "mixed" ? "neither" : role}`).join(", ")}.`,
    "`maquette up` starts what does not run; `maquette logs HOST` says what a router waits for.",
  );
}

async function untilRole(scene: Scene, router: string, role: "master" | "backup", deadlineMs: number): Promise<void> {
  await until(
    `${router} is ${role} of every shared address`,
    deadlineMs,
    () => readRouterState(scene.shell, router),
    (s) => roleOf(s) === role,
    signalOf(scene),
  );
}

const signalOf = ({ signal }: Scene): { readonly signal?: AbortSignal } => (signal ? { signal } : {});
