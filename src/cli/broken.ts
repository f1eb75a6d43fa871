import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { LabPower, UpsPlug } from "../accept/power.ts";
import { errnoOf, Fault } from "../core/fault.ts";
import { createPrivate, privateFolder, writePrivate, type Folders } from "../stack/folders.ts";
import { processState } from "../stack/process.ts";
import type { Context } from "./context.ts";
import type { Restoring } from "./power.ts";
import { wordsOf } from "./words.ts";

/*
 * Drills and verify take power and cables away. What they take is on disk before it is gone, so that whatever ends them,
 * the next command gives it back; and while they live, no other command takes what they break for a fault.
 */

const outage = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("power"), host: z.string() }),
  z.strictObject({ kind: z.literal("ups"), host: z.string() }),
  z.strictObject({ kind: z.literal("link"), host: z.string(), nic: z.int() }),
]);
export type Outage = z.infer<typeof outage>;

const recordSchema = z.strictObject({
  /** The command, as it is typed. */
  by: z.string(),
  pid: z.int(),
  /** With the pid it names one process (src/stack/process.ts). */
  start: z.string(),
  what: z.array(outage),
});
type Record = z.infer<typeof recordSchema>;

const fileOf = (folders: Pick<Folders, "run">): string => join(folders.run, "broken.json");

type Where = Pick<Context, "language"> & { readonly folders: Pick<Folders, "run"> };

const isSame = (a: Outage, b: Outage): boolean =>
  a.kind === b.kind && a.host === b.host && (a.kind !== "link" || b.kind !== "link" || a.nic === b.nic);

/** What is on record; null where nothing is, or nothing that this version can read. */
async function readRecord(folders: Pick<Folders, "run">): Promise<Record | null> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(fileOf(folders), "utf8")));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") await rm(fileOf(folders), { force: true });
    return null;
  }
}

async function isAlive({ pid, start }: Record): Promise<boolean> {
  const state = await processState(pid);
  return state !== undefined && !state.isZombie && state.start === start;
}

/** @throws Fault DRILL_RUNS while another command breaks the lab on purpose */
export async function refuseBesideDrill(folders: Pick<Folders, "run">): Promise<void> {
  const found = await readRecord(folders);
  if (found === null || found.pid === process.pid || !(await isAlive(found))) return;
  throw new Fault(
    "DRILL_RUNS",
    `\`maquette ${found.by}\` is at work in this lab (process ${found.pid}): it breaks things on purpose.`,
    "Wait until it ends, then run the same command again.",
  );
}

/**
 * Gives back what a command took that was killed, and says so.
 * @param way to power, cables and the UPS, or what opens it where something is to be given back
 * @throws Fault DRILL_RUNS, and what the hypervisor says
 */
export async function giveBack(
  { folders, io, language }: Where & { readonly io: Pick<Context["io"], "err"> },
  hosts: ReadonlyMap<string, unknown>,
  way: Restoring | (() => Promise<Restoring & { close(): Promise<void> }>),
): Promise<void> {
  await refuseBesideDrill(folders);
  const found = await readRecord(folders);
  if (found === null || found.pid === process.pid) return;
  // A host may have left the plan since.
  const what = found.what.filter(({ host }) => hosts.has(host));
  if (what.length > 0) {
    io.err(wordsOf(language).givingBack(found.by, inWords(what)));
    const opened = typeof way === "function" ? await way() : undefined;
    try {
      const { power, ups } = opened ?? (way as Restoring);
      // Whoever stops on a battery comes to its end first; then it can be told who is off.
      for (const o of what.toSorted((a, b) => Number(b.kind === "ups") - Number(a.kind === "ups"))) {
        if (o.kind === "link") await power.setLink(o.host, o.nic, true);
        else if (o.kind === "ups") await ups.restore(o.host);
        else if (!(await power.isRunning(o.host))) await power.start(o.host);
      }
    } finally {
      await opened?.close();
    }
  }
  await rm(fileOf(folders), { force: true });
}

const inWords = (what: readonly Outage[]): string =>
  what.map((o) => (o.kind === "link" ? `${o.host} net${o.nic}` : o.kind === "ups" ? "UPS" : o.host)).join(", ");

/** What a killed command left, to be said; undefined where nothing is. @throws Fault DRILL_RUNS */
export async function leftBroken({ folders, language }: Where): Promise<string | undefined> {
  await refuseBesideDrill(folders);
  const found = await readRecord(folders);
  if (found === null || found.what.length === 0) return undefined;
  return wordsOf(language).toGiveBack(found.by, inWords(found.what));
}

export interface Breaking {
  readonly power: LabPower;
  readonly ups: UpsPlug;
  /** Notes before they do that these hosts are going to stop by themselves: in the order in which they are to be started. */
  foresee(hosts: readonly string[]): Promise<void>;
  /** Forgets the record, unless something is still taken: then the next command gives it back. */
  close(): Promise<void>;
}

/**
 * Claims the lab for a command that breaks it, and keeps account of what it takes.
 * @param by the command, as it is typed
 * @throws Fault DRILL_RUNS where another one is at it
 */
export async function breaking(
  folders: Pick<Folders, "run">,
  by: string,
  { power, ups }: Restoring,
): Promise<Breaking> {
  const start = (await processState(process.pid))?.start ?? "";
  const record: Record = { by, pid: process.pid, start, what: [] };
  await privateFolder(folders.run);
  await createPrivate(fileOf(folders), JSON.stringify(record));
  await refuseBesideDrill(folders);
  let last: Promise<void> = Promise.resolve();
  // One after another: several cables are pulled together.
  const write = (change: () => void): Promise<void> => {
    last = last.then(() => {
      change();
      return writePrivate(fileOf(folders), JSON.stringify(record));
    });
    return last;
  };
  const taken = (o: Outage): Promise<void> =>
    write(() => {
      if (!record.what.some((known) => isSame(known, o))) record.what.push(o);
    });
  const given = (o: Outage): Promise<void> =>
    write(() => {
      record.what = record.what.filter((known) => !isSame(known, o));
    });
  return {
    power: {
      isRunning: (host) => power.isRunning(host),
      running: () => power.running(),
      shutDown: async (host) => {
        await taken({ kind: "power", host });
        await power.shutDown(host);
      },
      stop: async (host) => {
        await taken({ kind: "power", host });
        await power.stop(host);
      },
      start: async (host) => {
        await power.start(host);
        await given({ kind: "power", host });
      },
      reboot: async (host) => {
        await taken({ kind: "power", host });
        await power.reboot(host);
        await given({ kind: "power", host });
      },
      setLink: async (host, nic, isUp) => {
        if (!isUp) await taken({ kind: "link", host, nic });
        await power.setLink(host, nic, isUp);
        if (isUp) await given({ kind: "link", host, nic });
      },
    },
    ups: {
      say: async (host, states) => {
        await taken({ kind: "ups", host });
        await ups.say(host, states);
      },
      restore: async (host) => {
        await ups.restore(host);
        await given({ kind: "ups", host });
      },
    },
    foresee: async (hosts) => {
      for (const host of hosts) await taken({ kind: "power", host });
    },
    close: async () => {
      await last.catch(() => undefined);
      if (record.what.length === 0) await rm(fileOf(folders), { force: true });
    },
  };
}
