import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { asRoot, type SshConnection } from "../../door/index.ts";
import { asKeeper, KEPT, setName } from "../../roles/backup/places.ts";
import type { KeptSet } from "../../roles/role.ts";
import type { Host } from "../../plan/types.ts";
import type { Command } from "../command.ts";
import { readSettings, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { hostOf, openLabDoor, patience } from "../lab-door.ts";
import { namingOf } from "../../infra/naming.ts";
import { planOf } from "../plan-of.ts";
import { wordsOf } from "../words.ts";
import { keeperIn, setsOf } from "./backup.ts";
import { up } from "./up.ts";

const about = z.object({ instance: z.string() });
const had = z.array(z.object({ id: z.string(), at: z.string(), instance: z.string() }));
const put = z.object({ files: z.number(), aside: z.string().nullable() });
type Had = z.output<typeof had>[number];

/** What a host that was lost is without: made by `up`, then its data put back. */
export const restore: Command = async (context, values, [name]) => {
  const began = Date.now();
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  if (!outcome.ok)
    throw new Fault(
      "BACKUP_NO_PLAN",
      "The plan has faults, so what a host holds is not known.",
      "`maquette check` lists them.",
    );
  const plan = outcome.value;
  const host = hostOf(plan, namingOf(plan, settings), name!);
  const sets = setsOf(plan, host);
  const other = sets.find((set) => set.instead !== undefined);
  if (other !== undefined)
    throw new Fault(
      "BACKUP_NOT_PUT_BACK",
      `The data of ${setName(other)} are not put back by this command.`,
      other.instead!,
    );
  const at = momentOf(values["at"]);
  const isConfirmed = confirmed(values["confirm"], host);
  if (!(await isEntered(context, host))) {
    const code = await up({ ...context, io: quiet(context) }, { host: host.id, "skip-preview": true }, []);
    if (code !== exitCodes.good) return code;
  }
  const lab = await openLabDoor(context);
  try {
    await lab.running(keeperIn(plan).id);
    const [keeper, target] = await Promise.all([
      lab.door.ssh(keeperIn(plan).id, patience),
      lab.door.ssh(host.id, patience),
    ]);
    const { instance } = about.parse(await asked(target, [...KEPT, "about"]));
    // All of them are known before one is put back.
    const chosen: (readonly [KeptSet, Had])[] = [];
    for (const set of sets) {
      const all = had.parse(await asked(keeper, asKeeper("had", setName(set))));
      chosen.push([set, chosenOf(set, all, { instance, at, isConfirmed })]);
    }
    const done = [];
    for (const [set, backup] of chosen) {
      context.io.progress(`${setName(set)}: putting back what was taken at ${backup.at}`);
      const result = await carried(keeper, target, set, backup);
      done.push({ set: setName(set), of: backup.at, lostSeconds: secondsBetween(backup.at, began), ...result });
    }
    const seconds = (Date.now() - began) / 1000;
    if (context.isJson) context.io.out(JSON.stringify({ seconds, restored: done }));
    else {
      const words = wordsOf(context.language);
      for (const { set, of, lostSeconds, files, aside } of done) {
        context.io.out(words.restored(set, new Date(of).toLocaleString(context.language), files, lostSeconds));
        if (aside !== null) context.io.out(words.putAside(host.id, aside));
      }
      context.io.out(words.restoredIn(host.id, seconds.toFixed(1)));
    }
    return exitCodes.good;
  } finally {
    await lab.door.close();
  }
};

const secondsBetween = (at: string, moment: number): number =>
  Math.max(0, Math.round((moment - Date.parse(at)) / 1000));

/** Its guests' table is not what was asked for. */
const quiet = (context: Context): Context["io"] => ({ ...context.io, out: () => undefined });

/** @throws Fault CLI_USAGE */
function momentOf(asked: unknown): number | null {
  if (typeof asked !== "string") return null;
  const moment = Date.parse(asked);
  if (!Number.isNaN(moment)) return moment;
  throw new Fault("CLI_USAGE", `--at is "${asked}", which is no time.`, "Write it as 2026-11-30T20:00.");
}

/** @throws Fault CLI_USAGE */
function confirmed(asked: unknown, host: Host): boolean {
  if (typeof asked !== "string") return false;
  if (asked === host.id) return true;
  throw new Fault("CLI_USAGE", `--confirm names "${asked}", and ${host.id} is to be restored.`, `--confirm ${host.id}`);
}

/** Whether it can be entered; what cannot is made, or started, by an `up`. */
async function isEntered(context: Context, host: Host): Promise<boolean> {
  const lab = await openLabDoor(context);
  try {
    await lab.running(host.id);
    await lab.door.ssh(host.id, patience);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code.startsWith("DOOR_")) return false;
    throw error;
  } finally {
    await lab.door.close();
  }
}

/**
 * The last one of the guest before, of a host that was made anew; of one that lives the last of all, where that was
 * asked for.
 * @throws Fault BACKUP_NONE, BACKUP_LIVES
 */
export function chosenOf(
  set: KeptSet,
  all: readonly Had[],
  {
    instance,
    at,
    isConfirmed,
  }: { readonly instance: string; readonly at: number | null; readonly isConfirmed: boolean },
): Had {
  const until = all.filter((one) => at === null || Date.parse(one.at) <= at);
  const [last] = all;
  if (last === undefined || until.length === 0)
    throw new Fault(
      "BACKUP_NONE",
      last === undefined
        ? `There is no backup of ${setName(set)}.`
        : `There is no backup of ${setName(set)} that is so old.`,
      "`maquette backup --list` says what there is, `maquette backup` takes one now.",
    );
  if (last.instance !== instance) return until[0]!;
  if (isConfirmed) return until[0]!;
  const before = all.find((one) => one.instance !== instance);
  const old =
    before === undefined ? "" : ` The last one of the guest before it is of ${before.at}: add --at ${before.at}.`;
  throw new Fault(
    "BACKUP_LIVES",
    `${set.host} lives: its guest is the one whose data were taken last, at ${last.at}, and what it has got since would go aside.`,
    `If that is what you want: \`maquette restore ${set.host} --confirm ${set.host}\`.${old}`,
  );
}

async function asked(connection: SshConnection, argv: readonly string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await connection.exec(asRoot(argv));
  if (exitCode === 0) return JSON.parse(stdout);
  throw failed(connection, stderr);
}

const failed = (connection: SshConnection, said: string): Fault =>
  new Fault(
    "BACKUP_FAILED",
    `${connection.target.name}: ${said.trim().split("\n").at(-1) ?? ""}`,
    "Mend what it names, then run the same command again: what was not put back whole is as it was.",
  );

/** From the backup host to this process and on to the host: neither of the two can reach the other so. */
async function carried(
  keeper: SshConnection,
  target: SshConnection,
  set: KeptSet,
  backup: Had,
): Promise<z.output<typeof put>> {
  const from = await keeper.session(asRoot(asKeeper("get", setName(set), backup.id)));
  const to = await target.session(asRoot([...KEPT, "put", set.role]));
  const said = { from: "", out: "", to: "" };
  from.channel.stderr.setEncoding("utf8").on("data", (text: string) => (said.from += text));
  to.channel.stderr.setEncoding("utf8").on("data", (text: string) => (said.to += text));
  to.channel.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  // Of an archive that is not whole the far side must not be told that it has ended.
  const copying = pipeline(from.channel, to.channel, { end: false }).catch(() => undefined);
  const code = await from.exit;
  await copying;
  if (code !== 0) {
    to.channel.close();
    throw failed(keeper, said.from);
  }
  to.channel.end();
  if ((await to.exit) !== 0) throw failed(target, said.to);
  return put.parse(JSON.parse(said.out));
}
