import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { errnoOf, Fault } from "../core/fault.ts";
import { diskFault, type Folders } from "../stack/folders.ts";

const PROJECT = "maquette";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().optional(),
  protect: z.boolean().optional(),
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

const stackFile = (folders: Folders, stack: string): string =>
  join(folders.backend, ".pulumi", "stacks", PROJECT, `${stack}.json`);

/** The checkpoint in this clone's own backend; undefined when the stack was never made. @throws Fault STATE_DAMAGED */
export async function readCheckpoint(folders: Folders, stack: string): Promise<Checkpoint | undefined> {
  const file = stackFile(folders, stack);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw diskFault(error, `read ${file}`);
  }
  try {
    return parseCheckpoint(text);
  } catch (error) {
    throw new Fault(
      "STATE_DAMAGED",
      `Pulumi's checkpoint ${file} cannot be read.`,
      `Put its last good copy back: cp ${file}.bak ${file}. The embedded lab may also simply be started anew: delete ${folders.clone}.`,
      error,
    );
  }
}

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
  const folder = join(folders.backend, ".pulumi", "locks", "organization", PROJECT, stack);
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

const isHeld = async (file: string, holder: LockHolder): Promise<boolean> =>
  existsSync(file) && (await isAlive(holder));

const lockHolder = z.looseObject({ pid: z.int(), hostname: z.string(), timestamp: z.string() });

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
  try {
    const command = await readFile(`/proc/${holder.pid}/cmdline`, "utf8");
    return basename(command.split("\0")[0] ?? "").startsWith("pulumi");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH") return false;
    throw error;
  }
}

function signalReaches(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}
