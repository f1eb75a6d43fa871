import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { printable } from "../../core/hidden.ts";
import { shown } from "../../core/text.ts";
import { asRoot } from "../../door/index.ts";
import { logNames } from "../../pfsense/proof/log-names.ts";
import { logSink } from "../../roles/backup/log.ts";
import SEARCH from "../../roles/backup/search.py";
import { pythonCommand } from "../../roles/program.ts";
import type { Context } from "../context.ts";
import { namedHosts, openLabDoor, patience } from "../lab-door.ts";
import { wholeNumber } from "../numbers.ts";
import { routersOf } from "../routers.ts";

const LINES = 100;
/** A day of everybody's is read in a second; a year of them takes its time. */
const SEARCH_MS = 300_000;
const FOLDER = "/var/log/hosts";

const answerSchema = z.object({
  lines: z.array(z.looseObject({ time: z.string(), host: z.string(), program: z.string(), message: z.string() })),
  left: z.number(),
});

/**
 * `logs --all`: what all hosts and both routers have sent to the sink, also those that are off or lost, in one order; the
 * routers' filter log by the plan's names and rows. Exit 0, also where nothing was found.
 * @throws Fault DOOR_NO_SINK, DOOR_NOT_UNDERSTOOD, DOOR_SEARCH_FAILED
 */
export async function searchLogs(context: Context, values: Readonly<Record<string, unknown>>): Promise<number> {
  if (values["follow"] === true)
    throw new Fault("CLI_USAGE", "--all does not go on with new lines.", "`maquette logs HOST --follow` does.");
  const lab = await openLabDoor(context);
  try {
    const sink = logSink(lab.plan);
    if (sink === null)
      throw new Fault(
        "DOOR_NO_SINK",
        "Nobody takes the logs of this plan's hosts.",
        "Give the role backup to a host, or read one host's journal: `maquette logs HOST`.",
      );
    const text = (name: string): string | null => (typeof values[name] === "string" ? values[name] : null);
    const asked = {
      folder: FOLDER,
      since: text("since"),
      grep: text("grep"),
      unit: text("unit")?.replace(/\.service$/, "") ?? null,
      hosts: values["host"] === undefined ? null : [...namedHosts(lab.plan, lab.naming, values["host"])],
      // All of a time that is asked for, as journalctl has it; else what a person can read.
      lines: wholeNumber("lines", values["lines"]) ?? (text("since") === null ? LINES : 100 * LINES),
      names: logNames(lab.plan, routersOf(lab.plan).configs),
    };
    const host = await lab.running(sink.host.id);
    const connection = await (lab.places === null
      ? lab.door.ssh(host.id, patience)
      : lab.door.console(host.id, patience));
    context.io.progress(`searching the logs on ${host.id}`);
    const { argv, input } = pythonCommand(SEARCH, JSON.stringify(asked));
    const { exitCode, stdout, stderr } = await connection.exec(asRoot(argv), {
      input: shown(input ?? ""),
      deadlineMs: SEARCH_MS,
    });
    const why = stderr.trim().split("\n").at(-1) ?? "";
    if (exitCode === 2)
      throw new Fault("DOOR_NOT_UNDERSTOOD", `${why}.`, "`maquette logs --help` shows what may be asked.");
    if (exitCode !== 0)
      throw new Fault(
        "DOOR_SEARCH_FAILED",
        `The logs on ${host.id} could not be searched: ${why === "" ? `exit ${exitCode}` : why}`,
        `Look at the host: \`maquette console ${host.id} -- sudo ls ${FOLDER}\`.`,
      );
    const { lines, left } = answerSchema.parse(JSON.parse(stdout));
    for (const line of lines)
      context.io.out(
        context.isJson
          ? JSON.stringify(line)
          : printable(`${line.time.replace(/\.\d+/, "")} ${line.host} ${line.program}: ${line.message}`),
      );
    if (left > 0) context.io.err(`${left} older lines are not shown: --lines N shows more of them.`);
    return 0;
  } finally {
    await lab.door.close();
  }
}
