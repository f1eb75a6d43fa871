import { existsSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { errnoOf, Fault } from "../core/fault.ts";
import { writePrivate, type Folders } from "../stack/folders.ts";
import { processState } from "../stack/process.ts";
import { parseDeployment, type Deployment } from "./restore.ts";

export const PROJECT = "maquette";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().optional(),
  protect: z.boolean().optional(),
  delete: z.boolean().optional(),
  created: z.string().optional(),
  initErrors: z.array(z.string()).nullish(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
const deployment = z.looseObject({
  resources: z.array(resource).nullish(),
  pending_operations: z.array(z.looseObject({ type: z.string(), resource })).nullish(),
});

export type StateResource = z.infer<typeof resource>;

/** A stack's recorded state, as far as recovery reads it. */
export interface Checkpoint {
  readonly resources: readonly StateResource[];
  /** What an interrupted run had begun: `creating`, `updating`, `deleting` … */
  readonly pending: readonly { readonly type: string; readonly resource: StateResource }[];
}

/** Reads what `pulumi stack export` prints, or a checkpoint file of a `file://` backend. */
export function parseCheckpoint(text: string): Checkpoint {
  const document = z
    .looseObject({
      deployment: deployment.nullish(),
      checkpoint: z.looseObject({ latest: deployment.nullish() }).nullish(),
    })
    .parse(JSON.parse(text));
  const latest = document.deployment ?? document.checkpoint?.latest;
  return { resources: latest?.resources ?? [], pending: latest?.pending_operations ?? [] };
}

/** Of this clone's own backend. */
export const checkpointFile = (folders: Folders, stack: string): string =>
  join(folders.backend, ".pulumi", "stacks", PROJECT, `${stack}.json`);

/**
 * This clone's own backend, as a URL for Pulumi. Without `metadata=skip` its library (gocloud.dev/blob/fileblob) keeps
 * a sidecar beside each file and writes that one in place: an engine killed between the truncation and the words leaves
 * a checkpoint that Pulumi cannot load ("EOF"), though it is whole.
 */
export const ownBackend = (folders: Folders): string => `file://${folders.backend}?metadata=skip`;

/** Removes the sidecars that earlier versions had Pulumi write: it reads those that are there, whatever the URL says. */
export async function removeSidecars(folders: Folders): Promise<void> {
  const base = join(folders.backend, ".pulumi");
  for (const folder of [base, join(base, "stacks", PROJECT)]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((n) => n.endsWith(".attrs"))) await rm(join(folder, name), { force: true });
  }
}

const damaged = (file: string, error: unknown): Fault =>
  new Fault(
    "STATE_DAMAGED",
    `Pulumi's checkpoint ${file} cannot be read.`,
    "Run `maquette up` or `maquette destroy`: they put its newest whole copy in its place.",
    error,
  );

/** The whole checkpoint in this clone's own backend, as it stands there. @throws Fault STATE_DAMAGED when there is none */
export async function readDeployment(folders: Folders, stack: string): Promise<Deployment> {
  return (await readStackDocument(folders, stack)).deployment;
}

/** Puts another state in the place of the one in this clone's own backend. The caller holds the stack. */
export async function writeDeployment(folders: Folders, stack: string, deployment: Deployment): Promise<void> {
  const { document } = await readStackDocument(folders, stack);
  const next = { ...document, checkpoint: { ...document.checkpoint, latest: deployment } };
  await writePrivate(checkpointFile(folders, stack), JSON.stringify(next, undefined, 4));
}

const stackDocument = z.looseObject({ checkpoint: z.looseObject({ latest: z.unknown() }) });

async function readStackDocument(
  folders: Folders,
  stack: string,
): Promise<{ readonly document: z.infer<typeof stackDocument>; readonly deployment: Deployment }> {
  const file = checkpointFile(folders, stack);
  try {
    const document = stackDocument.parse(JSON.parse(await readFile(file, "utf8")));
    return { document, deployment: parseDeployment(document.checkpoint.latest) };
  } catch (error) {
    throw damaged(file, error);
  }
}

/**
 * Holds a stack of this clone's own backend as Pulumi's runs do, so that none of them begins meanwhile.
 * @param onWait called once for a run that is waited for
 * @returns what lets go of it
 * @throws Fault STATE_LOCKED
 */
export async function holdStack(
  folders: Folders,
  stack: string,
  onWait: (holder: LockHolder) => void,
): Promise<() => Promise<void>> {
  const folder = locksFolder(folders, stack);
  const file = join(folder, `${randomUUID()}.json`);
  const release = (): Promise<void> => rm(file, { force: true });
  for (;;) {
    await clearLocks(folders, stack, onWait);
    const own = {
      pid: process.pid,
      username: userInfo().username,
      hostname: hostname(),
      timestamp: new Date().toISOString(),
      start: await startOf(process.pid),
    };
    await writePrivate(file, JSON.stringify(own));
    // First the own lock, then a look for others: of two that begin together at least one sees the other.
    const others = (await readdir(folder)).filter((name) => name.endsWith(".json") && join(folder, name) !== file);
    if (others.length === 0) return release;
    await release();
    await sleep(50 + Math.random() * 200);
  }
}

/** When a process started; empty where nothing tells. */
const startOf = async (pid: number): Promise<string> => (await processState(pid))?.start ?? "";

/**
 * Removes the locks that dead runs left in this clone's own backend, and waits for the end of a living run: an
 * engine whose CLI was killed ends by itself, and so does a colleague's.
 * @param onWait called once for a run that is waited for
 * @returns how many were removed
 * @throws Fault STATE_LOCKED when a living run does not end in time
 */
export async function clearLocks(
  folders: Folders,
  stack: string,
  onWait: (holder: LockHolder) => void,
  deadlineMs = 600_000,
): Promise<number> {
  const folder = locksFolder(folders, stack);
  const deadline = Date.now() + deadlineMs;
  let cleared = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const holder = await readHolder(file);
    for (let hasSaid = false; holder !== undefined && (await isHeld(file, holder));) {
      if (!hasSaid) onWait(holder);
      hasSaid = true;
      if (Date.now() > deadline) {
        throw new Fault(
          "STATE_LOCKED",
          `Another run works on the stack ${stack}: process ${holder.pid} on ${holder.hostname} since ${holder.timestamp}.`,
          "Wait until it ends, then run the same command again; if that machine or process is gone for good, `pulumi cancel` removes its lock.",
        );
      }
      // Neither a file's removal on a shared disk nor the end of a process that is not our child sends an event.
      await sleep(200);
    }
    if (existsSync(file)) {
      await rm(file, { force: true });
      cleared++;
    }
  }
  return cleared;
}

const locksFolder = (folders: Folders, stack: string): string =>
  join(folders.backend, ".pulumi", "locks", "organization", PROJECT, stack);

const isHeld = async (file: string, holder: LockHolder): Promise<boolean> =>
  existsSync(file) && (await isAlive(holder));

const lockHolder = z.looseObject({
  pid: z.int(),
  hostname: z.string(),
  timestamp: z.string(),
  /** Of one of our own: the process is known by it. */
  start: z.string().optional(),
});

/** Who holds a stack, as Pulumi writes it. */
export type LockHolder = z.infer<typeof lockHolder>;

async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    return lockHolder.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    // Half written by a run that died: nobody holds it.
    return undefined;
  }
}

/** A lock of another machine (a shared home) is believed; here, only a living process of the engine's name is. */
async function isAlive(holder: LockHolder): Promise<boolean> {
  if (holder.hostname !== hostname()) return true;
  if (process.platform !== "linux") return signalReaches(holder.pid);
  if (holder.start !== undefined) return holder.start === (await startOf(holder.pid));
  try {
    const command = await readFile(`/proc/${holder.pid}/cmdline`, "utf8");
    return basename(command.split("\0")[0] ?? "").startsWith("pulumi");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH") return false;
    throw error;
  }
}

/** Whether there is a process of this number, whoever's it is. */
export function signalReaches(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}
