import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Artefact, Found } from "../core/artefact.ts";
import { Fault } from "../core/fault.ts";
import { alone } from "../download/alone.ts";
import { Answered, fetchFile, type FetchOptions } from "../download/fetch.ts";
import { mirrorOf } from "../download/mirror.ts";
import { diskFault } from "../stack/folders.ts";
import { cacheOf, look, type Places } from "./look.ts";

export interface ObtainOptions extends Places, Pick<FetchOptions, "env" | "onProgress" | "signal"> {
  /** How long nothing may come; default 20 s. */
  readonly stallMs?: number;
  /** How long one of them may take in all; default a quarter of an hour. */
  readonly deadlineMs?: number;
}

/** What became of an artefact that was also asked for where it is published. */
export type Obtained = Found | { readonly kind: "refused"; readonly why: string; readonly hint: string };

const MIRROR = {
  variable: "MAQUETTE_ARTEFACT_MIRROR",
  code: "ARTEFACT_MIRROR",
  page: "docs/artefacts.md",
};
const purpose = {
  code: "ARTEFACT",
  hint: "Put the file into the folder that maquette:artefacts names; or let this machine reach its address: HTTPS_PROXY names a proxy, MAQUETTE_ARTEFACT_MIRROR a copy of the files (docs/artefacts.md).",
};
const MOST_BYTES = 2 ** 32;
const STALL_MS = 20_000;
const DEADLINE_MS = 900_000;
/** Of somebody else's download: it is said then, and not waited for any longer. */
const WAIT_MS = 60_000;

/**
 * Looks for artefacts, and downloads into the cache what is nowhere and has an address. What cannot be had is told, and
 * keeps nobody; a host that did not answer is not asked a second time.
 * @throws Fault ARTEFACT_INTERRUPTED, ARTEFACT_MIRROR, DISK_…
 */
export async function obtain(
  artefacts: readonly Artefact[],
  options: ObtainOptions,
): Promise<ReadonlyMap<Artefact["id"], Obtained>> {
  const mirror = mirrorOf(options.env, MIRROR);
  const silent = new Map<string, Fault>();
  const obtained = new Map<Artefact["id"], Obtained>();
  for (const artefact of artefacts) {
    const found = await look(artefact, options);
    const isWanted = found.kind === "absent" && artefact.url !== null && artefact.digest !== null;
    obtained.set(artefact.id, isWanted ? await ask(artefact, artefact.url) : found);
  }
  return obtained;

  async function ask(artefact: Artefact, published: string): Promise<Obtained> {
    const url = mirror === undefined ? published : `${mirror}/${artefact.fileName}`;
    const { host } = new URL(url);
    const before = silent.get(host);
    if (before !== undefined) return { kind: "refused", why: `${url}: ${host} was asked before`, hint: before.hint };
    try {
      return await bring(artefact, url, options);
    } catch (error) {
      if (!(error instanceof Fault) || !["ARTEFACT_DOWNLOAD", ...KNOWN].includes(error.code)) throw error;
      if (error.code === "ARTEFACT_DOWNLOAD" && !(error.cause instanceof Answered)) silent.set(host, error);
      return { kind: "refused", why: error.message, hint: error.hint };
    }
  }
}

/** Besides: what came is another file, the proxy is none, another process is at it. */
const KNOWN = ["ARTEFACT_DIGEST", "ARTEFACT_PROXY", "LOCK_HELD"];

/** Downloads one under a name of nobody's, holds it against its digest, and moves it to its place. */
async function bring(artefact: Artefact, url: string, options: ObtainOptions): Promise<Found> {
  const { stallMs = STALL_MS, deadlineMs = DEADLINE_MS, env, onProgress, signal } = options;
  const folder = cacheOf(options.cache);
  const held = {
    what: "the cache of artefacts",
    isHalfMade: (name: string) => name.startsWith(".download-"),
    waitMs: WAIT_MS,
  };
  try {
    return await alone(folder, held, async () => {
      // Another process may have brought it meanwhile.
      const standing = await look(artefact, options);
      if (standing.kind !== "absent") return standing;
      onProgress(`downloading ${artefact.fileName} from ${new URL(url).host}`);
      const temporary = await mkdtemp(join(folder, ".download-"));
      try {
        const file = join(temporary, artefact.fileName);
        const fetched = { env, onProgress, signal, stallMs, deadlineMs, purpose };
        const is = await fetchFile(url, file, MOST_BYTES, fetched);
        const wanted = artefact.digest!;
        if (is !== wanted.hex)
          throw new Fault(
            "ARTEFACT_DIGEST",
            `${url} is not ${artefact.name} ${artefact.version ?? ""}: its SHA-256 is ${is}, and ${wanted.by} says ${wanted.hex}. It was not kept.`,
            "Somebody on the way may have changed it, or a mirror may hold another version. Find out before you go on.",
          );
        const path = join(folder, artefact.fileName);
        await rename(file, path);
        return { kind: "found", in: "cache", path, digest: wanted };
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    });
  } catch (error) {
    throw diskFault(error, `download ${artefact.fileName} into ${folder}`);
  }
}
