import { z } from "zod";
import { Fault, messageOf } from "../../core/fault.ts";
import { fillText, type Resolve } from "../../core/text.ts";
import { isRouter, routersOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { must, type GuestShell } from "../../provision/shell.ts";
import type { Blackout, Command, Probe } from "../../roles/role.ts";
import { Undo, type LabPower, type UpsPlug, type UpsStates } from "../power.ts";
import { runProbes, type ProbeResult } from "../probes/index.ts";
import { until } from "../router-state.ts";

/*
 * Mains are lost, the battery runs low, all stops in its order, mains are back: what a site without people would meet
 * with, and in the place of the hypervisor's node, which has a UPS client of its own, its API.
 */

export interface PowerScene {
  readonly plan: Plan;
  readonly blackout: Blackout;
  readonly shell: GuestShell;
  readonly power: LabPower;
  readonly ups: UpsPlug;
  readonly foresee: (hosts: readonly string[]) => Promise<void>;
  readonly untilStarted: (router: string) => Promise<void>;
  /** All of the plan's. */
  readonly probes: readonly Probe[];
  readonly resolve: Resolve;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

export type PowerStep =
  "ready" | "flaps" | "lost" | "low" | "routers" | "back" | "accepted" | "order" | "clean" | "told";

export interface PowerRow {
  readonly step: PowerStep;
  /** In a few words, without secrets. */
  readonly seen: string;
  /** From the step's own beginning. */
  readonly seconds: number;
  readonly isGood: boolean;
}

export interface PowerDrillResult {
  readonly rows: readonly PowerRow[];
  /** Of each host, seconds from the battery's being low to its being off; in the order in which they went. */
  readonly offAfter: readonly (readonly [host: Host["id"], seconds: number])[];
  readonly isGood: boolean;
}

/** Ten times a minute, half of it each way. */
const FLAPS = 5;
const FLAP_SECONDS = 3;
const LOST_SECONDS = 120;
const BACK_SECONDS = 300;
const ASK_MS = 50_000;
const ACCEPTED_MS = 480_000;
/** Of one host after its services have ended. */
const OFF_SECONDS = 30;
/** By how much the clocks of two hosts may differ, and a connection end before systemd says so. */
const CLOCKS_SECONDS = 1;
const SHUT_DOWN_MS = 90_000;

const told = z.object({
  now: z.number(),
  last: z.number(),
  letters: z.object({ problem: z.number(), recovery: z.number() }),
  events: z.array(z.object({ clock: z.number(), isOver: z.boolean() })),
});
type Told = z.infer<typeof told>;
const clean = z.object({
  killed: z.array(z.string()),
  databases: z.record(z.string(), z.boolean()),
  began: z.number().nullable(),
  ended: z.number().nullable(),
});
/** How a host was stopped, by its own journal; moments in seconds of the epoch. */
export type Stopped = z.infer<typeof clean>;

/**
 * @throws Fault DRILL_NOT_READY where the lab is not whole. Whatever fails later is a row; mains
 * and power are given back
 */
export async function runPowerDrill(scene: PowerScene): Promise<PowerDrillResult> {
  const { plan, blackout, shell, power, ups } = scene;
  const signalled = scene.signal ? { signal: scene.signal } : {};
  const { server, stages, seat } = blackout;
  const rows: PowerRow[] = [];
  const off = new Map<string, number>();
  const undo = new Undo();
  let began = performance.now();
  const row = (step: PowerStep, isGood: boolean, seen: string): void => {
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    rows.push({ step, isGood, seen, seconds });
    scene.onProgress?.(`${isGood ? "✓" : "✗"} ${step}: ${seen} (${seconds} s)`);
    began = performance.now();
  };
  const attempt = async (
    step: PowerStep,
    work: () => Promise<readonly [isGood: boolean, seen: string]>,
  ): Promise<void> => {
    scene.onProgress?.(`… ${step}`);
    try {
      row(step, ...(await work()));
    } catch (error) {
      scene.signal?.throwIfAborted();
      row(step, false, messageOf(error));
    }
  };
  const asked = (host: string, { argv, input = "" }: Command): Promise<string> =>
    must(shell, host, argv, fillText(input, scene.resolve), ASK_MS);
  const tell = async (words: Parameters<Blackout["told"]>[0], seconds: number): Promise<Told> => {
    // A console's command has a minute.
    for (const end = Date.now() + seconds * 1000; ;) {
      const left = Math.max(0, Math.min(20, (end - Date.now()) / 1000));
      const answer = told.parse(JSON.parse(await asked(seat, blackout.told({ ...words, seconds: left }))));
      scene.signal?.throwIfAborted();
      if (words.until === null || answer.letters[words.until] > 0 || Date.now() >= end) return answer;
    }
  };
  const say = (states: UpsStates): Promise<void> => ups.say(server, states);
  const running = (): Promise<ReadonlySet<string>> => power.running();

  const own = [...stages.flatMap((s) => s.hosts), server];
  const routers = routersOf(plan).map((r) => r.id);
  const inOrder = startOrder(plan, [...own, ...routers]);
  const isWell = await ask(scene, blackout.probes);
  const on = await running();
  const dead = [...own, ...routers].filter((host) => !on.has(host));
  if (dead.length > 0 || isWell.some((r) => !r.isGood))
    throw new Fault(
      "DRILL_NOT_READY",
      `The drill begins with everybody listening to a UPS that is on mains; now ${[...dead.map((h) => `${h} is off`), ...redOf(isWell)].join("; ")}.`,
      "`maquette accept --need N1` shows it; `maquette up` brings the lab to the plan.",
    );
  const start = await tell({ since: 0, after: 0, until: null, seconds: 0 }, 0);
  row("ready", true, `${own.length} hosts on mains, ${stages.length + 1} places in the order`);
  const since = { since: start.now, after: start.last } as const;
  try {
    // The last first: a stop that is under way comes to its end before anybody is started.
    undo.add("power", async () => startAll(scene, inOrder));
    undo.add("mains", async () => ups.restore(server));
    await attempt("flaps", async () => {
      await say(
        Array.from({ length: FLAPS }, () => [
          { text: blackout.onBattery, seconds: FLAP_SECONDS },
          { text: blackout.onMains, seconds: FLAP_SECONDS },
        ]).flat(),
      );
      const now = await running();
      const gone = own.filter((host) => !now.has(host));
      const { letters } = await tell({ ...since, until: null, seconds: 0 }, 0);
      return [
        gone.length === 0 && letters.problem <= 1,
        gone.length > 0 ? `stopped: ${gone.join(", ")}` : `${FLAPS} times: nobody stopped, ${letters.problem} letters`,
      ];
    });
    await attempt("lost", async () => {
      await say([{ text: blackout.onBattery, seconds: 0 }]);
      const { letters, events } = await tell({ ...since, until: "problem", seconds: 0 }, LOST_SECONDS);
      return [
        letters.problem === 1 && events.length === 1,
        `${events.length} problem in Zabbix, ${letters.problem} letter in the administrator's box`,
      ];
    });
    // From here on they stop by themselves; whatever ends this command, they are started in this order.
    await scene.foresee(inOrder.map((host) => host.id));
    const low = performance.now();
    await attempt("low", async () => {
      await say([{ text: blackout.low, seconds: 0 }]);
      const seconds = stages.length * blackout.stageSeconds + 2 * OFF_SECONDS;
      await until(
        "all hosts have stopped",
        seconds * 1000,
        async () => {
          const now = await running();
          for (const host of own)
            if (!now.has(host) && !off.has(host)) off.set(host, Math.round((performance.now() - low) / 100) / 10);
          return own.filter((host) => now.has(host));
        },
        (left) => left.length === 0,
        signalled,
      );
      return [true, `${own.length} hosts stopped by themselves`];
    });
    await attempt("routers", async () => {
      const now = await running();
      for (const router of routers.filter((id) => now.has(id))) {
        await power.shutDown(router);
        off.set(router, Math.round((performance.now() - low) / 100) / 10);
      }
      return [true, `by the node, the last: ${routers.join(", then ")}`];
    });
    await attempt("back", async () => {
      await startAll(scene, inOrder);
      await until(
        `${server} answers`,
        SHUT_DOWN_MS,
        () => asked(server, { argv: ["true"] }),
        () => true,
        signalled,
      );
      await ups.restore(server);
      return [true, `started: ${inOrder.map((host) => host.id).join(", ")}`];
    });
    await attempt("accepted", async () => {
      let red: readonly ProbeResult[] = await ask(scene, scene.probes);
      const all = red.length;
      for (const end = performance.now() + ACCEPTED_MS; ;) {
        red = red.filter((r) => !r.isGood);
        if (red.length === 0) return [true, `${all} probes green`];
        if (performance.now() > end) return [false, `red: ${redOf(red).join("; ")}`];
        scene.onProgress?.(`… accepted: ${red.length} of ${all} not yet: ${red.map((r) => r.probe.id).join(", ")}`);
        red = await ask(
          scene,
          red.map((r) => r.probe),
        );
      }
    });
    const answers: (readonly [host: Host["id"], how: Stopped])[] = [];
    await attempt("order", async () => {
      const read = own.map(
        async (host) => [host, clean.parse(JSON.parse(await asked(host, blackout.clean(host))))] as const,
      );
      answers.push(...(await Promise.all(read)));
      const wrong = outOfOrder([...stages.map((s) => s.hosts), [server]], new Map(answers));
      return [wrong.length === 0, wrong.length === 0 ? wentAfter(off) : wrong.join("; ")];
    });
    await attempt("clean", () => {
      const wrong = answers.flatMap(([host, { killed, databases }]) => [
        ...killed.map((unit) => `${unit} on ${host} was killed`),
        ...Object.entries(databases).flatMap(([unit, isClean]) =>
          isClean ? [] : [`${unit} on ${host} was not closed`],
        ),
      ]);
      const closed = answers.flatMap(([host, { databases }]) =>
        Object.keys(databases).map((unit) => `${unit.replace(/\.service$/, "")} on ${host}`),
      );
      return Promise.resolve([
        wrong.length === 0 && closed.length > 0,
        wrong.length > 0 ? wrong.join("; ") : `no unit killed; closed: ${closed.join(", ")}`,
      ]);
    });
    await attempt("told", async () => {
      const { letters, events } = await tell({ ...since, until: "recovery", seconds: 0 }, BACK_SECONDS);
      return [
        letters.problem === 1 && letters.recovery === 1 && events.every((e) => e.isOver),
        `${letters.recovery} letter that mains are back, ${letters.problem} in all that they were lost`,
      ];
    });
  } finally {
    // Where all went well, nothing is left to be done.
    for (const failure of await undo.run()) {
      row("back", false, `not put back: ${failure}`);
    }
  }
  return {
    rows,
    offAfter: [...off].toSorted(([, x], [, y]) => x - y),
    isGood: rows.every((r) => r.isGood),
  };
}

const wentAfter = (off: ReadonlyMap<string, number>): string =>
  [...off]
    .toSorted(([, x], [, y]) => x - y)
    .map(([host, seconds]) => `${host} ${seconds} s`)
    .join(", ");

/** Who was told to stop before all services of the place before had ended, in words. Pure. */
export function outOfOrder(
  places: readonly (readonly string[])[],
  stopped: ReadonlyMap<string, Pick<Stopped, "began" | "ended">>,
): readonly string[] {
  return places.flatMap((hosts, index) => {
    const unsaid = hosts.filter((host) => stopped.get(host)?.began === null || !stopped.has(host));
    const early = hosts.flatMap((before) =>
      (places[index + 1] ?? []).flatMap((later) => {
        const [ended, began] = [stopped.get(before)?.ended, stopped.get(later)?.began];
        if (typeof began !== "number") return [];
        if (typeof ended !== "number") return [`${before} says no end of its services`];
        return began < ended - CLOCKS_SECONDS
          ? [`${later} was told ${(ended - began).toFixed(1)} s before ${before} had ended`]
          : [];
      }),
    );
    return [...unsaid.map((host) => `${host} was not told to stop`), ...new Set(early)];
  });
}

/** In the order in which they are started. */
const startOrder = (plan: Plan, ids: readonly string[]): readonly Host[] =>
  ids.map((id) => plan.hosts.get(id)!).toSorted((a, b) => a.startOrder - b.startOrder);

/** As a node does that has power again: those of one place together, the next when they are under power and routers carry. */
async function startAll({ power, untilStarted }: PowerScene, hosts: readonly Host[]): Promise<void> {
  const on = await power.running();
  const off = hosts.filter((host) => !on.has(host.id));
  for (const order of new Set(off.map((host) => host.startOrder))) {
    const group = off.filter((host) => host.startOrder === order);
    await Promise.all(group.map((host) => power.start(host.id)));
    await Promise.all(group.filter(isRouter).map((host) => untilStarted(host.id)));
  }
}

const ask = ({ shell, resolve, signal }: PowerScene, probes: readonly Probe[]): Promise<readonly ProbeResult[]> =>
  runProbes({
    probes,
    way: (on, { argv, input = "" }, deadlineMs) => shell.run(on, argv, input, deadlineMs),
    resolve,
    ...(signal && { signal }),
  });

const redOf = (results: readonly ProbeResult[]): readonly string[] =>
  results.flatMap((r) => (r.isGood ? [] : [`${r.probe.id}: ${r.seen}`]));
