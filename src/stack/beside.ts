import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits for work, and does something beside it every so often for as long as it takes: what that throws ends the wait,
 * because the work would not say it.
 * @throws what the work throws, or what was seen beside it
 */
export async function beside<T>(work: Promise<T>, everyMs: number, look: () => Promise<unknown>): Promise<T> {
  const done = new AbortController();
  const looking = async (): Promise<never> => {
    for (;;) {
      await sleep(everyMs, undefined, { signal: done.signal });
      await look();
    }
  };
  const seen = looking();
  // Whoever loses the race has nobody left to tell.
  seen.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, seen]);
  } finally {
    done.abort();
  }
}
