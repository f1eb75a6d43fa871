import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const LONGEST_MS = 900_000;

/** The clock, and how many tasks wait for a processor; given by tests. */
export interface Circumstances {
  readonly now: () => number;
  readonly load: () => number;
  readonly processors: number;
}

const here: Circumstances = { now: () => performance.now(), load: loadNow, processors: availableParallelism() };

/**
 * A deadline on a machine that may be busy with others: a second counts for as much of a processor as a task gets in it,
 * and at a quarter of an hour it ends whatever comes. Steps on hosts have the same (agent.py).
 */
export class Patience {
  readonly #circumstances: Circumstances;
  readonly #begun: number;
  #at: number;
  #leftMs: number;
  #load = 0;

  /** @param ms what a quiet machine needs at most */
  constructor(ms: number, circumstances = here) {
    this.#circumstances = circumstances;
    this.#leftMs = ms;
    this.#begun = this.#at = circumstances.now();
  }

  get isOver(): boolean {
    const { now, load, processors } = this.#circumstances;
    const [at, tasks] = [now(), load()];
    this.#load = Math.max(this.#load, tasks);
    this.#leftMs -= (at - this.#at) * Math.min(1, processors / Math.max(tasks, 0.01));
    this.#at = at;
    return this.#leftMs <= 0 || at - this.#begun >= LONGEST_MS;
  }

  /** `60 s`, and on a machine that was busy how busy it was. */
  get words(): string {
    const { processors } = this.#circumstances;
    const seconds = `${Math.round((this.#at - this.#begun) / 1000)} s`;
    if (this.#load <= processors) return seconds;
    return `${seconds}, for which up to ${Math.round(this.#load)} tasks shared ${processors} processor${processors === 1 ? "" : "s"} of this machine`;
  }
}

/** The average of a minute, or this moment's where that is more (proc(5), loadavg); 0 where nothing tells. */
function loadNow(): number {
  try {
    const [average, , , running] = readFileSync("/proc/loadavg", "utf8").split(" ");
    return Math.max(Number(average), Number(running!.split("/")[0]));
  } catch {
    return 0;
  }
}
