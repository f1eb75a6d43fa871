import { didYouMean } from "../../core/diagnostics.ts";
import { Fault } from "../../core/fault.ts";
import { asRoot, attach, quote, rootUntilHangUp } from "../../door/index.ts";
import type { Command } from "../command.ts";
import { ownEnds, untilStopped } from "../ends.ts";
import { isStandIn, openLabDoor, patience, runInRouter } from "../lab-door.ts";
import { wholeNumber } from "../numbers.ts";
import { searchLogs } from "./search-logs.ts";

const LINES = 100;
const ASK_MS = 20_000;

/**
 * A host's journal: out of band where guests run on this machine, so that a firewall that is closed can be read
 * about; by SSH elsewhere. Exit: journalctl's own.
 */
export const logs: Command = async (context, values, [name]) => {
  if (values["all"] === true) {
    if (name !== undefined)
      throw new Fault("CLI_USAGE", `--all asks the sink, not ${name}.`, `Write --all --host ${name}.`);
    return searchLogs(context, values);
  }
  if (name === undefined || values["host"] !== undefined)
    throw new Fault("CLI_USAGE", "Whose log?", "Name a host (`maquette logs dc1`), or ask for everybody's with --all.");
  const lab = await openLabDoor(context);
  try {
    const host = await lab.running(name);
    if (lab.places === null && lab.plan.images.get(host.image)!.os === "pfsense")
      throw new Fault(
        "DOOR_NO_JOURNAL",
        `${host.id} is a pfSense, which keeps files instead of a journal.`,
        `Run \`maquette ssh ${host.id} -- tail -n ${LINES} /var/log/system.log\` (filter.log for the firewall's).`,
      );
    const isFollowing = values["follow"] === true;
    const asked = values["unit"];
    const words = journalctl({
      since: values["since"],
      unit: values["unit"],
      grep: values["grep"],
      lines: wholeNumber("lines", values["lines"]),
      isFollowing,
      isJson: context.isJson,
    });
    const isByConsole = isStandIn(lab, host) && !isFollowing;
    const connection = isByConsole
      ? null
      : await (lab.places === null ? lab.door.ssh(host.id, patience) : lab.door.console(host.id, patience));
    const run = async (argv: readonly string[]): Promise<string> =>
      connection === null
        ? (await runInRouter(lab, host, argv)).stdout
        : (await connection.exec(asRoot(argv), { input: "", deadlineMs: ASK_MS })).stdout;
    // Patterns name what there is.
    if (typeof asked === "string" && !/[*?[]/.test(asked)) await refuseUnknownUnit(host.id, asked, run);
    if (connection === null) {
      const { exitCode, stdout, stderr } = await runInRouter(lab, host, words);
      process.stdout.write(stdout);
      process.stderr.write(stderr);
      return exitCode;
    }
    const ends = ownEnds(context.io, { hasInput: false });
    if (!isFollowing)
      return await attach(connection, { command: asRoot(words), hasTerminal: false, ends, stop: AbortSignal.abort() });
    return await untilStopped((stop) =>
      attach(connection, { command: rootUntilHangUp(quote(words)), hasTerminal: false, ends, stop }),
    );
  } finally {
    await lab.door.close();
  }
};

/**
 * The journal says nothing of a unit that nobody has, and nothing of one that said nothing.
 * @throws Fault DOOR_NO_UNIT where the host has no such unit, and no line of one that it had
 */
async function refuseUnknownUnit(
  host: string,
  unit: string,
  run: (argv: readonly string[]) => Promise<string>,
): Promise<void> {
  if ((await run(["systemctl", "show", "-p", "LoadState", "--value", "--", unit])).trim() !== "not-found") return;
  if ((await run(["journalctl", "--quiet", "--lines=1", "--output=cat", `--unit=${unit}`])).trim() !== "") return;
  const listed = await run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager"]);
  const units = listed.split("\n").flatMap((line) => line.split(" ")[0] ?? []);
  const names = units.flatMap((name) => [name, name.replace(/\.service$/, "")]).filter((name) => name !== "");
  const near = didYouMean(unit, names);
  throw new Fault(
    "DOOR_NO_UNIT",
    `${host} has no unit ${unit}, and its journal no line of one.`,
    near ? `Did you mean ${near}?` : `\`maquette ssh ${host} -- systemctl list-units\` names them.`,
  );
}

function journalctl(wanted: {
  readonly since: unknown;
  readonly unit: unknown;
  readonly grep: unknown;
  readonly lines: number | undefined;
  readonly isFollowing: boolean;
  readonly isJson: boolean;
}): string[] {
  const { since, unit, grep, lines, isFollowing, isJson } = wanted;
  const words = ["journalctl", "--no-pager", "--quiet", `--output=${isJson ? "json" : "short-iso"}`];
  if (typeof since === "string") words.push(`--since=${since}`);
  if (typeof unit === "string") words.push(`--unit=${unit}`);
  if (typeof grep === "string") words.push(`--grep=${grep}`);
  // Everything since a time; else what a person can read.
  if (lines !== undefined || typeof since !== "string") words.push(`--lines=${lines ?? LINES}`);
  if (isFollowing) words.push("--follow");
  return words;
}
