import { Fault, messageOf } from "../../core/fault.ts";
import { random } from "../../core/random.ts";
import type { Resolve } from "../../core/text.ts";
import type { Plan } from "../../plan/types.ts";
import { must, type GuestShell } from "../../provision/shell.ts";
import { allTroubles } from "../../roles/registry.ts";
import type { Command, Probe, Trouble } from "../../roles/role.ts";
import { runProbes, type ProbeWay } from "../probes/index.ts";
import { derivedTroubles } from "./derived.ts";

export type Level = Trouble["level"];

/** The lab in which a fault is made and found. */
export interface MysteryScene {
  readonly shell: GuestShell;
  /** The value of a secret's place; none is ever printed. */
  readonly resolve: Resolve;
  /** All of the plan's. */
  readonly probes: readonly Probe[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

const DO_MS = 60_000;
/** What was in a cache, or open, goes on for a while. */
const SHOWS_MS = 60_000;
/** Clients that have a patience of their own are back by then. */
const WELL_MS = 150_000;

/** Every fault that can be made in a lab of this plan. @param probes of its acceptance */
export const troublesOf = (plan: Plan, probes: readonly Probe[]): readonly Trouble[] => {
  const known = new Set(probes.filter((p) => (p.deadlineSeconds ?? 0) * 1000 <= SHOWS_MS).map((p) => p.id));
  return [...derivedTroubles(plan, probes), ...allTroubles(plan)]
    .map((t) => ({ ...t, shows: t.shows.filter((id) => known.has(id)) }))
    .filter((t) => t.shows.length > 0);
};

/** The one that a seed names among those of a level: first what happens, then where, since the clock is on every host. */
export function chosen(troubles: readonly Trouble[], level: Level, seed: number): Trouble | undefined {
  const kinds = new Map<string, Trouble[]>();
  for (const trouble of troubles.filter((t) => t.level === level)) {
    const kind = trouble.id.replace(`-${trouble.on}`, "");
    kinds.set(kind, [...(kinds.get(kind) ?? []), trouble]);
  }
  const next = random(seed);
  const of = <T>(list: readonly T[]): T | undefined => list[Math.floor(next() * list.length)];
  return of(of([...kinds.values()]) ?? []);
}

/**
 * Makes the fault, and sees that somebody suffers from it; else all is put back.
 * @returns what is red
 * @throws Fault DRILL_NOT_READY where something is red before; DRILL_SHOWS_NOTHING where nothing is after; ACCEPT_…
 */
export async function begin(scene: MysteryScene, trouble: Trouble): Promise<readonly string[]> {
  scene.onProgress?.("asking what is well now");
  const before = await redOf(scene, trouble);
  if (before.length > 0)
    throw new Fault(
      "DRILL_NOT_READY",
      `A mystery begins with everything as it must be; now ${before.join("; ")}.`,
      "`maquette accept` shows the lab as users meet it; `maquette up` brings it to the plan.",
    );
  try {
    scene.onProgress?.("breaking something");
    await command(scene, trouble, trouble.does);
    for (const until = Date.now() + SHOWS_MS; ;) {
      const red = await redOf(scene, trouble);
      if (red.length > 0) return red;
      if (Date.now() > until)
        throw new Fault(
          "DRILL_SHOWS_NOTHING",
          "Something was broken, and nobody noticed: it is put back.",
          "Take another seed; that this one shows nothing is a defect of maquette, please report it.",
        );
    }
  } catch (error) {
    await command(scene, trouble, trouble.undoes);
    throw error;
  }
}

/** What of that by which the fault shows is red now. */
export async function redOf(scene: MysteryScene, trouble: Trouble): Promise<readonly string[]> {
  const { shell, resolve, signal } = scene;
  const way: ProbeWay = (on, { argv, input = "" }, deadlineMs) => shell.run(on, argv, input, deadlineMs);
  const probes = scene.probes.filter((p) => trouble.shows.includes(p.id));
  const results = await runProbes({ probes, way, resolve, ...(signal && { signal }) });
  return results.flatMap((r) => (r.isGood ? [] : [`${r.probe.id}: ${r.seen}`]));
}

/** Puts it right, and waits until nobody suffers any more. @returns what is red still @throws Fault ACCEPT_… */
export async function end(scene: MysteryScene, trouble: Trouble): Promise<readonly string[]> {
  scene.onProgress?.("putting it right");
  await command(scene, trouble, trouble.undoes);
  for (const until = Date.now() + WELL_MS; ;) {
    const red = await redOf(scene, trouble);
    if (red.length === 0 || Date.now() > until) return red;
    scene.onProgress?.(`still red: ${red.join("; ")}`);
  }
}

const command = async ({ shell }: MysteryScene, { on }: Trouble, { argv }: Command): Promise<string> =>
  must(shell, on, argv, "", DO_MS).catch((error: unknown) => {
    throw new Fault("DRILL_NOT_DONE", messageOf(error), "`maquette up` brings the lab to the plan.", error);
  });
