import type { CommandSpec, OptionSpec } from "./command.ts";
import { formatsOf } from "./format.ts";
import { commands, commonOptions } from "./commands.ts";

/** What a text of help becomes in the reader's language. */
export type Say = (text: string) => string;

const asItIs: Say = (text) => text;

export function usage(say: Say = asItIs): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  return [
    say("maquette: a whole lab from code"),
    "",
    say("usage: maquette COMMAND [options]"),
    "",
    ...commands.map((c) => `  ${c.name.padEnd(width)}  ${say(c.summary)}`),
    "",
    say("options of every command:"),
    ...optionLines(commonOptions, say),
    "",
    say("exit: 0 good, 1 findings, 2 failure. `maquette help COMMAND` says more."),
  ].join("\n");
}

export function usageOf(spec: CommandSpec, say: Say = asItIs): string {
  return [
    `${say("usage:")} maquette ${[spec.name, ...positionalsOf(spec)].join(" ")} [options]`,
    "",
    say(spec.summary),
    ...(spec.details ?? []).flatMap((line) => ["", say(line)]),
    "",
    ...spec.positionals.map((p) => `  ${p.name.padEnd(24)}${say(p.help)}`),
    ...optionLines(spec.options, say),
    ...commonOptions.flatMap((o) => commonLines(spec, o, say)),
  ].join("\n");
}

/** An option of every command, as it is of this one. */
function commonLines(spec: CommandSpec, option: OptionSpec, say: Say): readonly string[] {
  const [first, ...others] = formatsOf(spec);
  if (option.name === "json" && first !== "json" && !others.includes("json")) return [];
  if (option.name !== "format") return [optionLine(option, say(option.help))];
  return others.length === 0 ? [] : [optionLine(option, [`${first} (${say("default")})`, ...others].join(", "))];
}

/** As a usage line has them. */
export const positionalsOf = (spec: CommandSpec): readonly string[] =>
  spec.positionals.map((p) => {
    const name = p.isRest === true ? `${p.name}…` : p.name;
    return p.isOptional === true ? `[${name}]` : name;
  });

const optionLines = (options: readonly OptionSpec[], say: Say): readonly string[] =>
  options.map((o) => optionLine(o, say(o.help)));

const optionLine = ({ name, value }: OptionSpec, help: string): string =>
  `  ${`--${name}${value === undefined ? "" : ` ${value}`}`.padEnd(24)}${help}`;
