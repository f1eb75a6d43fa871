import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { didYouMean } from "../core/diagnostics.ts";
import { errnoOf, Fault } from "../core/fault.ts";
import { holdStack, readDeployment, writeDeployment, type LockHolder } from "../engine/checkpoint.ts";
import { endLeftovers } from "../engine/leftovers.ts";
import { parseDeployment, type Deployment } from "../engine/restore.ts";
import { planFolder, type Settings } from "../infra/settings.ts";
import { documentsIn } from "../plan/index.ts";
import { GuestSnapshots } from "../provision/snapshots.ts";
import { diskFault, writePrivate } from "../stack/folders.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** What is kept of a snapshot beside the guests' own: all that a reset asks, so that it needs no plan. */
const snapshotRecord = z.strictObject({
  name: z.string(),
  /** ISO 8601. */
  takenAt: z.string(),
  /** Of maquette. */
  version: z.string(),
  mark: z.string(),
  guests: z.array(z.strictObject({ host: z.string(), role: z.string(), vmId: z.int() })),
  /** How many CARP addresses the routers share. */
  sharedAddresses: z.int(),
  /** SHA-256 of each of the plan's documents, by file name. */
  plan: z.record(z.string(), z.string()),
  deployment: z.unknown(),
});
export type SnapshotRecord = z.infer<typeof snapshotRecord>;

/** What is at work, and may have been interrupted. */
const working = z.strictObject({ doing: z.enum(["snapshot", "reset"]), record: snapshotRecord });

const folderOf = (context: Context): string => join(context.folders.stack, "snapshots");
const fileOf = (context: Context, name: string): string => join(folderOf(context), `${name}.json`);
// No name of a snapshot has a dot.
const workingFile = (context: Context): string => join(folderOf(context), ".working.json");

export const writeRecord = (context: Context, record: SnapshotRecord): Promise<void> =>
  writePrivate(fileOf(context, record.name), JSON.stringify(record));

export const removeRecord = (context: Context, name: string): Promise<void> =>
  rm(fileOf(context, name), { force: true });

/** Snapshots go with the guests. */
export const removeAllRecords = (context: Context): Promise<void> =>
  rm(folderOf(context), { recursive: true, force: true });

/** Oldest first. */
export async function readRecords(context: Context): Promise<readonly SnapshotRecord[]> {
  const names = await readdir(folderOf(context)).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw diskFault(error, `read ${folderOf(context)}`);
  });
  const records = await Promise.all(
    names.filter((n) => /^[^.]+\.json$/.test(n)).map((n) => parseFile(join(folderOf(context), n), snapshotRecord)),
  );
  return records.filter((r) => r !== undefined).sort((a, b) => (a.takenAt < b.takenAt ? -1 : 1));
}

/** @throws Fault SNAPSHOT_UNKNOWN */
export async function readRecord(context: Context, name: string): Promise<SnapshotRecord> {
  const records = await readRecords(context);
  const found = records.find((r) => r.name === name);
  if (found) return found;
  const names = records.map((r) => r.name);
  const near = didYouMean(name, names);
  throw new Fault(
    "SNAPSHOT_UNKNOWN",
    `There is no snapshot ${name} of the stack ${context.stack}.`,
    near
      ? `Did you mean "${near}"?`
      : names.length > 0
        ? `There are ${names.join(", ")}.`
        : "Take one of a lab that is as you want it: `maquette snapshot`.",
  );
}

async function parseFile<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw diskFault(error, `read ${file}`);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Fault(
      "SNAPSHOT_DAMAGED",
      `${file} cannot be read, or is of another version of maquette.`,
      "Delete it, then take a new snapshot; the guests' own of that name are replaced.",
      error,
    );
  }
}

/** Digests of the plan's documents as they stand. */
export async function planDigests(context: Context, settings: Settings): Promise<Readonly<Record<string, string>>> {
  const folder = planFolder(context.root, context.stack, settings);
  const digests = [...(await documentsIn(folder))].map(
    ([name, bytes]) => [name, createHash("sha256").update(bytes).digest("hex")] as const,
  );
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Documents that differ, or are in one of the two alone. */
export const changedDocuments = (
  then: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] =>
  [...new Set([...Object.keys(then), ...Object.keys(now)])].filter((n) => then[n] !== now[n]).sort();

/**
 * Work on the guests and the state together: nobody else's run meanwhile, and a note of it that outlives this process.
 * A note of a snapshot is settled by the next command, one of a reset by the same reset, or by an `up`.
 * @param work calls `begin` before it changes anything
 */
export async function alone<T>(
  context: Context,
  session: Session,
  doing: "snapshot" | "reset",
  record: SnapshotRecord,
  work: (begin: () => Promise<void>) => Promise<T>,
): Promise<T> {
  // Another backend's runs hold it by themselves, each for its time.
  const release = session.isOwnBackend
    ? await holdStack(context.folders, context.stack, saysWaiting(context))
    : (): Promise<void> => Promise.resolve();
  try {
    await endLeftovers(context.folders);
    const result = await work(() => writePrivate(workingFile(context), JSON.stringify({ doing, record })));
    await rm(workingFile(context), { force: true });
    return result;
  } finally {
    await release();
  }
}

const saysWaiting =
  ({ io }: Context) =>
  (holder: LockHolder): void =>
    io.err(`waiting for a run that is still at work (process ${holder.pid} on ${holder.hostname})`);

/** The work that an earlier run began and did not end; undefined where there is none. */
export const interruptedWork = (context: Context): Promise<z.infer<typeof working> | undefined> =>
  parseFile(workingFile(context), working);

/** The same once whoever is still at work has ended: it holds the stack, and takes its note away. */
export async function brokenOffWork(context: Context, session: Session): Promise<z.infer<typeof working> | undefined> {
  const found = await interruptedWork(context);
  if (found === undefined || !session.isOwnBackend) return found;
  const release = await holdStack(context.folders, context.stack, saysWaiting(context));
  await release();
  return interruptedWork(context);
}

/** An interrupted snapshot is undone: nobody asked for half of one. */
export async function undoSnapshot(context: Context, session: Session, record: SnapshotRecord): Promise<void> {
  const { name, mark, guests } = record;
  context.io.err(`recovering: undoing the snapshot ${name}, which was interrupted`);
  await new GuestSnapshots(session.client, mark, guests).undo(name);
  await rm(workingFile(context), { force: true });
}

export async function deploymentOf(context: Context, session: Session): Promise<Deployment> {
  if (session.isOwnBackend) return readDeployment(context.folders, context.stack);
  return parseDeployment((await exported(session)).deployment);
}

/** Puts a state in the place of the recorded one. */
export async function putDeployment(context: Context, session: Session, deployment: Deployment): Promise<void> {
  if (session.isOwnBackend) return writeDeployment(context.folders, context.stack, deployment);
  const file = join(context.folders.run, "checkpoint.json");
  try {
    await writePrivate(file, JSON.stringify({ ...(await exported(session)), deployment }));
    const imported = await session.pulumi(["stack", "import", "--file", file]);
    if (imported.code !== 0) throw backendFault("written", imported.stderr);
  } finally {
    await rm(file, { force: true });
  }
}

async function exported(session: Session): Promise<{ readonly deployment?: unknown }> {
  const ran = await session.pulumi(["stack", "export"]);
  if (ran.code !== 0) throw backendFault("read", ran.stderr);
  return z.looseObject({ deployment: z.unknown() }).parse(JSON.parse(ran.stdout));
}

const backendFault = (what: string, why: string): Fault =>
  new Fault(
    "STATE_NO_EXPORT",
    `The stack's state cannot be ${what}: ${why.trim()}`,
    "Check the backend; then run the same command again: it goes on.",
  );
