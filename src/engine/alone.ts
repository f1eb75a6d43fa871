import { alone as aloneIn } from "../download/alone.ts";

/** Places of versions of maquette that verified nothing; what they hold is never used. */
const unverified = /^(download|plugin)-\d/;

/**
 * One process at a time builds or downloads into a cache; a second clone waits here for the first one's.
 * @param folder `Folders.cache`/engine
 */
export const alone = <T>(folder: string, work: () => Promise<T>): Promise<T> =>
  aloneIn(
    folder,
    {
      what: "the engine's build",
      isHalfMade: (name) => /^\.(build|download)-/.test(name) || unverified.test(name),
      waitMs: 3_600_000,
    },
    work,
  );
