import { parseArgs, type ParseArgsConfig } from "node:util";
import { didYouMean } from "../core/diagnostics.ts";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { diskFault } from "../stack/folders.ts";
import type { Rooter } from "../embedded/room.ts";
import type { CommandSpec } from "./command.ts";
import { formatsOf, type Format } from "./format.ts";
import { commands, commonOptions } from "./commands.ts";
import { exitCodes } from "./exit-codes.ts";
import { positionalsOf, usage, usageOf, type Say } from "./help.ts";
import { makeIo, type Io } from "./io.ts";

/**
 * The CLI: arguments in, exit code out. 0 good; 1 findings (a fault in the plan, changes that were not expected);
 * 2 failure. Nothing but this room touches argv, exit codes and the console.
 */
export async function main(argv: readonly string[], rooter?: Rooter): Promise<number> {
  const io = makeIo(process.stdout, process.stderr);
  try {
    return await dispatch(argv, io, rooter);
  } catch (error) {
    return await report(error, argv, io);
  } finally {
    io.close();
  }
}

async function dispatch(argv: readonly string[], io: Io, rooter: Rooter | undefined): Promise<number> {
  const before = leading(argv);
  const [name, rest] = [argv[before], [...argv.slice(0, before), ...argv.slice(before + 1)]];
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    const asked = rest[leading(rest)];
    const about = asked === undefined ? undefined : specOf(asked);
    const say = await sayer(argv);
    io.out(about ? usageOf(about, say) : usage(say));
    return name === undefined ? exitCodes.failure : exitCodes.good;
  }
  if (name === "--version" || name === "version") {
    io.out((await import("./version.ts")).version());
    return exitCodes.good;
  }
  const spec = specOf(name);
  const { values: given, positionals } = parse(spec, rest);
  const values: Record<string, unknown> = { ...given, format: formatOf(spec, given["format"], given["json"] === true) };
  if (values["help"] === true) {
    io.out(usageOf(spec, await sayer(argv)));
    return exitCodes.good;
  }
  const min = spec.positionals.filter((p) => !p.isOptional).length;
  const max = spec.positionals.at(-1)?.isRest === true ? Infinity : spec.positionals.length;
  if (positionals.length < min || positionals.length > max) {
    const wanted = positionalsOf(spec).join(" ");
    throw new Fault(
      "CLI_USAGE",
      `maquette ${name} takes ${wanted === "" ? "no argument" : wanted}, not ${positionals.length === 0 ? "none" : positionals.join(" ")}.`,
      `maquette help ${name}`,
    );
  }
  const { context } = await import("./context.ts");
  const command = await spec.load();
  return command(context(values, io, rooter), values, positionals);
}

/** Loaded for who reads French: a command that runs waits for no text of help. */
async function sayer(argv: readonly string[]): Promise<Say | undefined> {
  const { languageSaid } = await import("./said.ts");
  return languageSaid(argv, process.env) === "fr" ? (await import("./french/help.ts")).inFrench : undefined;
}

/** How many words stand before the command: options that every command takes, wherever they stand. */
function leading(argv: readonly string[]): number {
  let at = 0;
  for (;;) {
    const [word = "", value] = (argv[at] ?? "").split("=", 2);
    const option = commonOptions.find((o) => `--${o.name}` === word && o.name !== "help");
    if (option === undefined) return at;
    at += option.value !== undefined && value === undefined ? 2 : 1;
  }
}

function specOf(name: string): CommandSpec {
  const spec = commands.find((c) => c.name === name);
  if (spec) return spec;
  const near = didYouMean(
    name,
    commands.map((c) => c.name),
  );
  throw new Fault(
    "CLI_UNKNOWN_COMMAND",
    `"${name}" is not a command of maquette.`,
    near ? `Did you mean "${near}"?` : "maquette help lists the commands.",
  );
}

function parse(spec: CommandSpec, args: readonly string[]): { values: Record<string, unknown>; positionals: string[] } {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const option of [...spec.options, ...commonOptions])
    options[option.name] = {
      type: option.value === undefined ? "boolean" : "string",
      multiple: option.isMany === true,
    };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const asked = /'(--[\w-]+)/.exec(message)?.[1];
    const instead = spec.retired?.[asked?.slice(2) ?? ""];
    if (instead !== undefined)
      throw new Fault("CLI_USAGE", `maquette ${spec.name}: ${asked!} is written otherwise now.`, `Write ${instead}.`);
    const known = Object.keys(options).map((o) => `--${o}`);
    // An option that exists was given a wrong value: its own name is no help.
    const near = asked === undefined || known.includes(asked) ? undefined : didYouMean(asked, known);
    throw new Fault(
      "CLI_USAGE",
      `maquette ${spec.name}: ${message.split(/\.\s/)[0]!.replace(/\.$/, "")}.`,
      near
        ? `Did you mean ${near}?`
        : spec.positionals.at(-1)?.isRest === true
          ? `Write -- before words that are not maquette's own; maquette help ${spec.name}`
          : `maquette help ${spec.name}`,
    );
  }
}

/** Before a line is understood, by its words alone: what is wrong with it is told in the form that it asks for. */
const asksForJson = (argv: readonly string[]): boolean =>
  argv.some(
    (word, n) => word === "--json" || word === "--format=json" || (word === "--format" && argv[n + 1] === "json"),
  );

/** @throws Fault CLI_USAGE for one that the command does not print */
function formatOf(spec: CommandSpec, given: unknown, isJson: boolean): Format {
  const formats = formatsOf(spec);
  const format = typeof given === "string" ? given : undefined;
  const asked = isJson ? "json" : format;
  if (asked === undefined) return formats[0];
  const found = formats.find((f) => f === asked);
  if (found !== undefined && (format === undefined || format === found)) return found;
  const isTwo = isJson && format !== undefined;
  throw new Fault(
    "CLI_USAGE",
    isTwo ? `--json and --format ${format} are two answers.` : `maquette ${spec.name} prints no ${asked}.`,
    isTwo ? "Give one of them." : `It prints ${formats.join(", ")}${formats.length > 1 ? ": --format NAME" : ""}.`,
  );
}

async function report(thrown: unknown, argv: readonly string[], io: Io): Promise<number> {
  // A disk may fill up anywhere: that is no defect, wherever it was met.
  const isDisk = ["ENOSPC", "EDQUOT", "EROFS"].includes(errnoOf(thrown) ?? "");
  const error = isDisk ? diskFault(thrown, `go on (${messageOf(thrown)})`) : thrown;
  const { faultText, languageSaid } = await import("./said.ts");
  const language = languageSaid(argv, process.env);
  if (error instanceof Fault) {
    if (asksForJson(argv))
      io.out(JSON.stringify({ error: { code: error.code, message: error.message, hint: error.hint } }));
    else io.err(faultText(error, language));
  } else {
    // Not foreseen, so a defect of ours: the trace is for whoever mends it.
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const defect = {
      code: "CLI_DEFECT",
      message: trace,
      hint: "this is a defect of maquette, please report it with the lines above",
    };
    io.err(faultText(defect, language));
  }
  return exitCodes.failure;
}
