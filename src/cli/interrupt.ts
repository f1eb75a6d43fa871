import { Fault } from "../core/fault.ts";
import type { Io } from "./io.ts";

/**
 * Runs work that a Ctrl-C interrupts once: the engine finishes what is in flight and writes its checkpoint, so the
 * next up goes on. A second Ctrl-C ends this process at once.
 * @throws Fault CLI_INTERRUPTED after an interrupted run has ended
 */
export async function interruptible<T>(io: Io, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    io.err("interrupted: waiting for what is in flight (again to stop at once)");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    const result = await work(controller.signal);
    if (controller.signal.aborted) throw interrupted(undefined);
    return result;
  } catch (error) {
    throw error instanceof Fault && /^(ENGINE|ARTEFACT)_INTERRUPTED$/.test(error.code) ? interrupted(error) : error;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

const interrupted = (cause: unknown): Fault =>
  new Fault(
    "CLI_INTERRUPTED",
    "Interrupted; what was done so far is recorded.",
    "Run `maquette up` to go on, or `maquette destroy`.",
    cause,
  );
