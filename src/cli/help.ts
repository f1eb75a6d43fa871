import type { CommandSpec, OptionSpec } from "./command.ts";
import { formatsOf } from "./format.ts";
import { commands, commonOptions } from "./commands.ts";

export function usage(): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  return [
    "maquette: a whole lab from code",
    "",
    "usage: maquette COMMAND [options]",
    "",
    ...commands.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`),
    "",
    "options of every command:",
    ...optionLines(commonOptions),
    "",
    "exit: 0 good, 1 findings, 2 failure. `maquette help COMMAND` says more.",
  ].join("\n");
}

export function usageOf(spec: CommandSpec): string {
  return [
    `usage: maquette ${[spec.name, ...positionalsOf(spec)].join(" ")} [options]`,
    "",
    spec.summary,
    ...(spec.details ?? []).flatMap((line) => ["", line]),
    "",
    ...spec.positionals.map((p) => `  ${p.name.padEnd(24)}${p.help}`),
    ...optionLines([...spec.options, ...commonOptions.flatMap((o) => optionOf(spec, o))]),
  ].join("\n");
}

/** An option of every command, as it is of this one. */
function optionOf(spec: CommandSpec, option: OptionSpec): readonly OptionSpec[] {
  const formats = formatsOf(spec);
  if (option.name === "json") return formats.includes("json") ? [option] : [];
  if (option.name !== "format") return [option];
  const [first, ...others] = formats;
  return others.length === 0 ? [] : [{ ...option, help: `${first} (default), ${others.join(", ")}` }];
}

/** As a usage line has them. */
export const positionalsOf = (spec: CommandSpec): readonly string[] =>
  spec.positionals.map((p) => {
    const name = p.isRest === true ? `${p.name}…` : p.name;
    return p.isOptional === true ? `[${name}]` : name;
  });

function optionLines(options: readonly OptionSpec[]): string[] {
  return options.map((o) => `  ${`--${o.name}${o.value === undefined ? "" : ` ${o.value}`}`.padEnd(24)}${o.help}`);
}
