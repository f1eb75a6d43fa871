import type { Command, CommandSpec, OptionSpec } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatsOf } from "../format.ts";
import { planOf } from "../plan-of.ts";

/**
 * What a shell may write at the cursor, one a line: `complete -C "$PWD/bin/maquette complete --" maquette` in bash
 * (bash(1), Programmable Completion), which says the line in COMP_LINE and the cursor in COMP_POINT.
 */
export const completer =
  (commands: readonly CommandSpec[], commonOptions: readonly OptionSpec[]): Command =>
  async (context) => {
    const line = process.env["COMP_LINE"] ?? "";
    const words = line.slice(0, Number(process.env["COMP_POINT"] ?? line.length)).split(/\s+/);
    const typed = words.at(-1) ?? "";
    const fits = (candidates: readonly string[]): void => {
      for (const candidate of candidates) if (candidate.startsWith(typed)) context.io.out(candidate);
    };
    if (words.length <= 2) {
      fits(commands.map((c) => c.name));
      return exitCodes.good;
    }
    const spec = commands.find((c) => c.name === words[1]);
    // Behind -- the words are another shell's.
    if (spec === undefined || words.slice(0, -1).includes("--")) return exitCodes.good;
    if (words.at(-2) === "--format") {
      fits(formatsOf(spec));
      return exitCodes.good;
    }
    if (typed.startsWith("-")) {
      fits([...spec.options, ...commonOptions].map((o) => `--${o.name}`));
      return exitCodes.good;
    }
    if (spec.positionals[0]?.name === "HOST" && words.length === 3) {
      const outcome = await planOf(context, await readSettings(context), undefined);
      if (outcome.ok) fits([...outcome.value.hosts.keys()]);
    }
    return exitCodes.good;
  };
