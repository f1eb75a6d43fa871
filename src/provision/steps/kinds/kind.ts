import { z } from "zod";
import { fillText, type Resolve, type Text } from "../../../core/text.ts";
import type { Step } from "../../../roles/role.ts";
import { textSchema } from "../../text.ts";

/*
 * What the program knows of a kind of step: a module here, and its line in index.ts. What a host does with one is agent.py
 * (Debian) and its module in ../windows/kinds.
 */

/**
 * A kind, with its step as the program declares it and the state holds it (`Declared`), as it goes to the host (`Sent`:
 * secrets in their places, every default filled in), and what a host says of it when it is only asked (`Found`).
 */
export interface Kind<Declared, Sent, Found, Asked extends Step = Step> {
  /** Every command line, and what else everybody on the host can read: no secret may be there. */
  argvs(step: Asked): readonly (readonly string[])[];
  /** Every text in which a secret may have its place. */
  texts(step: Declared): readonly Text[];
  /** The step with each of its texts written by `write`. */
  withTexts(step: Declared, write: (text: Text) => Text): Declared;
  fill(step: Declared, resolve: Resolve): Sent;
  /** What differs, in words; undefined where nothing does. */
  words(found: Found): string | undefined;
  /** The step as it would have to be declared to give what was found; without it the words are said, no more. */
  asFound?(step: Declared, found: Found, words: string, resolve: Resolve): Declared;
  /** What to do about one that failed; where nothing is said, to look into the host's logs. */
  cure?(host: string): string;
}

export const name = z.string().min(1);
/** What `read` found to differ from what was asked, in words; the program never sets it, so it shows as a change. */
export const drift = { drift: z.string().optional() };

export const command = z.object({ argv: z.array(z.string()).min(1), input: textSchema.optional() });
export type DeclaredCommand = z.infer<typeof command>;

export interface SentCommand {
  readonly argv: readonly string[];
  readonly input: string;
}

/** Whether a command exits 0, and its last words. */
export const held = z.object({ holds: z.boolean(), said: z.string().optional() });

// A text may be a list: it is not to be flattened.
export const inputsOf = (commands: readonly DeclaredCommand[]): readonly Text[] =>
  commands.flatMap((c) => (c.input === undefined ? [] : [c.input]));

export const withInput = (c: DeclaredCommand, write: (text: Text) => Text): DeclaredCommand =>
  c.input === undefined ? c : { ...c, input: write(c.input) };

export const fillCommand = (c: DeclaredCommand, resolve: Resolve): SentCommand => ({
  argv: c.argv,
  input: fillText(c.input ?? "", resolve),
});
