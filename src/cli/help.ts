import type { CommandSpec, OptionSpec } from "./command.ts";
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
  const words = spec.positionals.map((p) => (p.isOptional ? `[${p.name}]` : p.name));
  return [
    `usage: maquette ${[spec.name, ...words].join(" ")} [options]`,
    "",
    spec.summary,
    "",
    ...spec.positionals.map((p) => `  ${p.name.padEnd(24)}${p.help}`),
    ...optionLines([...spec.options, ...commonOptions]),
  ].join("\n");
}

function optionLines(options: readonly OptionSpec[]): string[] {
  return options.map((o) => `  ${`--${o.name}${o.value === undefined ? "" : ` ${o.value}`}`.padEnd(24)}${o.help}`);
}
