import lockfile from "proper-lockfile";
import { errnoOf, Fault } from "../core/fault.ts";

export interface LockOptions {
  /** A holder that did not say it lives for so long is dead. */
  readonly staleMs: number;
  /** How long to wait for a living one. */
  readonly waitMs: number;
}

/**
 * Holds a folder against other processes of this user; the lock is refreshed while its holder lives.
 * @returns what releases it
 * @throws Fault LOCK_HELD when another holds it all the time
 */
export async function lockFolder(path: string, what: string, options: LockOptions): Promise<() => Promise<void>> {
  const maxTimeout = 1_000;
  try {
    return await lockfile.lock(path, {
      stale: options.staleMs,
      retries: { retries: Math.ceil(options.waitMs / maxTimeout) + 6, minTimeout: 25, maxTimeout },
      // A process that slept longer than that finds its lock taken: what it does is idempotent, so it goes on.
      onCompromised: () => undefined,
    });
  } catch (error) {
    if (errnoOf(error) !== "ELOCKED") throw error;
    throw new Fault(
      "LOCK_HELD",
      `Another maquette of yours holds ${what} (${path}).`,
      "Wait until it ends, then run the same command again.",
      error,
    );
  }
}
