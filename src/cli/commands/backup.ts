import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { asRoot, attach, type SshConnection } from "../../door/index.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { asKeeper, keeperOf, setName } from "../../roles/backup/places.ts";
import { askedIn } from "../../roles/registry.ts";
import type { KeptSet } from "../../roles/role.ts";
import type { Command } from "../command.ts";
import { ownEnds } from "../ends.ts";
import { exitCodes } from "../exit-codes.ts";
import { hostOf, openLabDoor, patience, type LabDoor } from "../lab-door.ts";
import { table } from "../table.ts";
import { wordsOf } from "../words.ts";

const status = z.object({
  upkeep: z.object({ at: z.string().nullable(), error: z.string().nullable() }),
  sets: z.record(
    z.string(),
    z.object({
      ok: z.object({ at: z.string(), seconds: z.number(), bytes: z.number(), added: z.number() }).nullable(),
      error: z.string().nullable(),
    }),
  ),
});

/** Has each host's data taken now, or those of some; with --list says what is had. Exit 1 where one failed. */
export const backup: Command = async (context, values) => {
  const lab = await openLabDoor(context);
  try {
    const keeper = keeperIn(lab.plan);
    await lab.running(keeper.id);
    const connection = await lab.door.ssh(keeper.id, patience);
    if (values["list"] === true || context.isJson) return await list(context, connection);
    const sets = chosenSets(lab, values["host"]);
    // It says of each how it went, as soon as it is known.
    return await attach(connection, {
      command: asRoot(asKeeper("now", ...sets.map(setName))),
      hasTerminal: false,
      ends: ownEnds(context.io, { hasInput: false }),
    });
  } finally {
    await lab.door.close();
  }
};

/** @throws Fault BACKUP_NO_HOST */
export function keeperIn(plan: Plan): Host {
  const keeper = keeperOf(plan);
  if (keeper !== undefined) return keeper;
  throw new Fault(
    "BACKUP_NO_HOST",
    "No host of the plan plays the role backup, so nobody takes backups.",
    "Add one to hosts.yaml, as the lab's has it.",
  );
}

function chosenSets(lab: LabDoor, asked: unknown): readonly KeptSet[] {
  const { kept } = askedIn(lab.plan);
  if (!Array.isArray(asked)) return kept;
  const names = asked.flatMap((words) => String(words).split(","));
  return names.flatMap((name) => setsOf(lab.plan, hostOf(lab.plan, lab.naming, name.trim())));
}

/** @throws Fault BACKUP_NOTHING_KEPT */
export function setsOf(plan: Plan, host: Host): readonly KeptSet[] {
  const { kept } = askedIn(plan);
  const own = kept.filter((set) => set.host === host.id);
  if (own.length > 0) return own;
  throw new Fault(
    "BACKUP_NOTHING_KEPT",
    `${host.id} holds nothing that a backup has: what is on it, \`maquette up\` makes anew.`,
    `Backups are taken of ${[...new Set(kept.map((set) => set.host))].join(", ")}.`,
  );
}

async function list(context: Parameters<Command>[0], connection: SshConnection): Promise<number> {
  const { exitCode, stdout, stderr } = await connection.exec(asRoot(asKeeper("status")));
  if (exitCode !== 0)
    throw new Fault(
      "BACKUP_NO_STATUS",
      `${connection.target.name} does not say what it has: ${stderr.trim().split("\n").at(-1)!}`,
      "Run `maquette up`: it puts the backup's program right.",
    );
  const { sets, upkeep } = status.parse(JSON.parse(stdout));
  const isWell = upkeep.error === null && Object.values(sets).every((one) => one.ok !== null && one.error === null);
  if (context.isJson) {
    context.io.out(JSON.stringify({ sets, upkeep }));
    return isWell ? exitCodes.good : exitCodes.findings;
  }
  const words = wordsOf(context.language);
  const rows = Object.entries(sets).map(([name, { ok, error }]) => [
    name,
    ok === null ? words.backupNever : new Date(ok.at).toLocaleString(context.language),
    ok === null ? "" : `${(ok.bytes / 2 ** 20).toFixed(1)} MiB`,
    error ?? "",
  ]);
  context.io.out(table(words.backupHeader, rows));
  if (upkeep.error !== null) context.io.out(upkeep.error);
  return isWell ? exitCodes.good : exitCodes.findings;
}
