import { Fault } from "../../core/fault.ts";
import { version } from "../version.ts";
import { checkSnapshotName, GuestSnapshots } from "../../provision/snapshots.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { interruptible } from "../interrupt.ts";
import { readyStack } from "../ready.ts";
import { openSession } from "../session.ts";
import {
  alone,
  changedDocuments,
  deploymentOf,
  planDigests,
  readRecord,
  readRecords,
  removeRecord,
  writeRecord,
  type SnapshotRecord,
} from "../snapshots.ts";
import { table } from "../table.ts";
import { wordsOf } from "../words.ts";

/** What a snapshot is called when nobody says. */
export const DEFAULT_SNAPSHOT = "maquette";

/** Keeps the whole lab as it is: every guest, Pulumi's state and the plan's digest, under one name. */
export const snapshot: Command = async (context, values, [asked]) => {
  if (values["list"] === true) return list(context);
  const name = checkSnapshotName(asked ?? DEFAULT_SNAPSHOT);
  return values["delete"] === true ? remove(context, name) : take(context, name);
};

async function take(context: Context, name: string): Promise<number> {
  const started = performance.now();
  const { io } = context;
  const words = wordsOf(context.language);
  if ((await readRecords(context)).some((r) => r.name === name))
    throw new Fault(
      "SNAPSHOT_EXISTS",
      `There is a snapshot ${name} already.`,
      `Give another name, or delete it first: \`maquette snapshot ${name} --delete\`.`,
    );
  const ready = await readyStack(context);
  if (!ready) return exitCodes.findings;
  const { session, plan, naming, mark } = ready;
  const guests = [...plan.hosts.values()].map((h) => ({ host: h.id, role: h.role, vmId: naming.vmId(h) }));
  const record: SnapshotRecord = {
    name,
    takenAt: new Date().toISOString(),
    version: version(),
    mark,
    guests,
    sharedAddresses: [...plan.zones.values()].filter((z) => z.vip !== null).length,
    plan: await planDigests(context, session.settings),
    deployment: await deploymentOf(context, session),
  };
  io.progress(words.snapshotting(guests.length, name));
  const { stillMs } = await interruptible(io, () =>
    alone(context, session, "snapshot", record, async (begin) => {
      await begin();
      // Read again now that nobody else can change it.
      const taken = await new GuestSnapshots(session.client, mark, guests).take(
        name,
        `${name} of the stack ${context.stack}, ${record.takenAt}`,
      );
      await writeRecord(context, { ...record, deployment: await deploymentOf(context, session) });
      return taken;
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  if (context.isJson)
    io.out(
      JSON.stringify({
        snapshot: name,
        takenAt: record.takenAt,
        guests: guests.map((g) => g.host),
        stillMs,
        seconds: Number(seconds.toFixed(1)),
      }),
    );
  else io.out(words.snapshotTaken(name, guests.length, seconds.toFixed(1), (stillMs / 1000).toFixed(1)));
  return exitCodes.good;
}

async function list(context: Context): Promise<number> {
  const words = wordsOf(context.language);
  const now = await planDigests(context, await readSettings(context));
  const rows = (await readRecords(context)).map((r) => ({
    name: r.name,
    takenAt: r.takenAt,
    version: r.version,
    guests: r.guests.map((g) => g.host),
    planChanged: changedDocuments(r.plan, now),
  }));
  if (context.isJson) context.io.out(JSON.stringify({ snapshots: rows }));
  else if (rows.length === 0) context.io.out(words.noSnapshot);
  else
    context.io.out(
      table(
        words.snapshotHeader,
        rows.map((r) => [
          r.name,
          r.takenAt.slice(0, 19).replace("T", " "),
          String(r.guests.length),
          r.planChanged.length === 0 ? words.samePlan : words.otherPlan(r.planChanged.join(", ")),
        ]),
      ),
    );
  return exitCodes.good;
}

async function remove(context: Context, name: string): Promise<number> {
  const record = await readRecord(context, name);
  const session = await openSession(context);
  await alone(context, session, "snapshot", record, async (begin) => {
    await begin();
    // The record first: what is left of the guests' own is then a leftover that the next one of the name replaces.
    await removeRecord(context, name);
    await new GuestSnapshots(session.client, record.mark, record.guests).remove(name);
  });
  if (context.isJson) context.io.out(JSON.stringify({ deleted: name }));
  else context.io.out(wordsOf(context.language).snapshotDeleted(name));
  return exitCodes.good;
}
