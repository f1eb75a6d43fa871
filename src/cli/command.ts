import type { Context } from "./context.ts";
import type { Format } from "./format.ts";

export interface OptionSpec {
  readonly name: string;
  /** Name of its value; absent for a switch. */
  readonly value?: string;
  /** May be given several times; the values come as a list. */
  readonly isMany?: boolean;
  readonly help: string;
}

export type Command = (
  context: Context,
  values: Readonly<Record<string, unknown>>,
  positionals: readonly string[],
) => Promise<number>;

/** One table: what is parsed, what is helped with and what is run cannot disagree. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs of the command's own help. */
  readonly details?: readonly string[];
  readonly positionals: readonly {
    readonly name: string;
    readonly isOptional?: boolean;
    /** The last one: it takes all words that are left, options of others after `--`. */
    readonly isRest?: boolean;
    readonly help: string;
  }[];
  readonly options: readonly OptionSpec[];
  /** What `--format` takes, the default first; text and json if left out. */
  readonly formats?: readonly [Format, ...Format[]];
  /** Spellings of earlier versions, and what is written instead. */
  readonly retired?: Readonly<Record<string, string>>;
  /** Loaded when asked for: `check` must not wait for what `up` needs. */
  readonly load: () => Promise<Command>;
}
