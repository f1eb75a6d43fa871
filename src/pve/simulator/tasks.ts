import { ApiError, failure } from "./api-error.ts";
import { messageOf } from "../../core/fault.ts";
import { GuestDriverError } from "./guest-driver.ts";
import type { Log } from "./guest-driver.ts";
import type { SimulatorState, TaskState } from "./state/state.ts";

/** What a worker holds of its task. */
export interface TaskHandle {
  readonly upid: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The time a real hypervisor would take, once per task: `taskDurationMs`. Rejects when the task is stopped. */
  elapse(): Promise<void>;
}

export interface TaskRequest {
  readonly node: string;
  /** `qmstart`, `qmcreate` … */
  readonly type: string;
  readonly id: string;
  readonly user: string;
}

export interface TaskRunnerOptions {
  readonly state: SimulatorState;
  readonly touch: () => void;
  readonly flush: () => Promise<void>;
  readonly durationMs: number;
  /** What each task waits for beyond that. */
  readonly until?: () => Promise<void>;
  /** How many ended tasks are remembered. */
  readonly keep: number;
  /** Why this task shall fail, by an injected fault. */
  readonly plannedFailure: (request: TaskRequest) => string | undefined;
  readonly report: (line: string) => void;
}

const SETTLE_MS = 200;

const hex8 = (value: number): string => (value >>> 0).toString(16).toUpperCase().padStart(8, "0");

/**
 * Starts, records and stops asynchronous tasks. A task's end is on disk before anybody can see it.
 */
export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #byUpid = new Map<string, TaskState>();
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    for (const task of options.state.tasks) {
      this.#byUpid.set(task.upid, task);
      if (task.exitstatus !== undefined) continue;
      task.endtime = nowSeconds();
      task.exitstatus = "interrupted by restart of the simulator";
      task.log.push(`TASK ERROR: ${task.exitstatus}`);
      options.touch();
    }
  }

  /** @returns the UPID at once; the work goes on */
  start(request: TaskRequest, work: (task: TaskHandle) => Promise<void>): string {
    const task = this.#record(request);
    const abort = new AbortController();
    const log: Log = (line) => {
      task.log.push(line);
      if (task.log.length > 500) task.log.splice(1, task.log.length - 500);
    };
    const planned = this.#options.plannedFailure(request);
    // An ordered failure strikes in the middle of the work, so that the worker cleans up as after a real one.
    const elapse = async (): Promise<void> => {
      await delay(this.#options.durationMs, abort.signal);
      await orAborted(this.#options.until?.(), abort.signal);
      if (planned !== undefined) throw failure(planned);
    };
    const done = this.#work(task, { upid: task.upid, log, signal: abort.signal, elapse }, work, planned);
    this.#running.set(task.upid, { abort, done });
    return task.upid;
  }

  get(upid: string): TaskState | undefined {
    return this.#byUpid.get(upid);
  }

  /** Newest first. */
  list(): TaskState[] {
    return this.#options.state.tasks.toReversed();
  }

  /** An end that is not on disk yet is no end. */
  isRunning(upid: string): boolean {
    return this.#running.has(upid);
  }

  /**
   * Waits a moment for a task that is about to end: without it a task of no duration costs the provider,
   * which polls each second, a second.
   */
  async settle(upid: string): Promise<void> {
    const running = this.#running.get(upid);
    if (running === undefined || this.#options.durationMs > SETTLE_MS || this.#options.until) return;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SETTLE_MS);
    });
    await Promise.race([running.done, limit]);
    clearTimeout(timer);
  }

  stop(upid: string): void {
    this.#running.get(upid)?.abort.abort(failure("interrupted by signal"));
  }

  /** Interrupts everything and waits for it, at most `limitMs`. */
  async close(limitMs: number): Promise<void> {
    const all = [...this.#running.values()];
    for (const { abort } of all) abort.abort(failure("interrupted by signal"));
    const ended = Promise.allSettled(all.map(({ done }) => done));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, limitMs)))]);
    clearTimeout(timer);
  }

  #record(request: TaskRequest): TaskState {
    const { state, touch } = this.#options;
    const counter = ++state.taskCounter;
    const pid = 1000 + (counter % 4_000_000);
    const pstart = 7000 + counter * 7;
    const starttime = nowSeconds();
    const parts = [request.node, hex8(pid), hex8(pstart), hex8(starttime), request.type, request.id, request.user];
    const task: TaskState = { ...request, upid: `UPID:${parts.join(":")}:`, pid, pstart, starttime, log: [] };
    state.tasks.push(task);
    this.#byUpid.set(task.upid, task);
    this.#forgetOldest();
    touch();
    return task;
  }

  #forgetOldest(): void {
    const { state, keep } = this.#options;
    // Dropping in steps keeps this O(1) for each task.
    if (state.tasks.length < keep * 1.25) return;
    const surplus = state.tasks.length - keep;
    const dropped = new Set(state.tasks.slice(0, surplus).filter((task) => task.exitstatus !== undefined));
    for (const task of dropped) this.#byUpid.delete(task.upid);
    state.tasks = state.tasks.filter((task) => !dropped.has(task));
  }

  async #work(
    task: TaskState,
    handle: TaskHandle,
    work: (task: TaskHandle) => Promise<void>,
    planned: string | undefined,
  ): Promise<void> {
    let exitstatus = "OK";
    try {
      await work(handle);
      if (planned !== undefined) throw failure(planned);
    } catch (error) {
      exitstatus = messageOf(error).split("\n")[0] ?? "failed";
      if (!(error instanceof ApiError || error instanceof GuestDriverError))
        this.#options.report(
          `task ${task.upid}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
    }
    handle.log(exitstatus === "OK" ? "TASK OK" : `TASK ERROR: ${exitstatus}`);
    task.endtime = nowSeconds();
    task.exitstatus = exitstatus;
    this.#options.touch();
    // Effects and end go to disk in one write; until then the task counts as running.
    await this.#options.flush().catch((error: unknown) => {
      task.exitstatus = `cannot save the result: ${messageOf(error)}`;
      this.#options.report(task.exitstatus);
    });
    this.#running.delete(task.upid);
  }
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** What comes first. */
async function orAborted(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (work === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
  });
}
