import { createInterface } from "node:readline/promises";
import { Fault } from "../core/fault.ts";
import type { Context } from "./context.ts";
import type { Language } from "./words.ts";

/** What is meant by it, in the language of the question; who is used to the English word may write it. */
const YES: Readonly<Record<Language, readonly string[]>> = { en: ["yes"], fr: ["oui", "yes"] };

/**
 * Asks whether something that cannot be undone is meant. On a real Proxmox only who types the stack's name means it.
 * @param doing a verb for the message of what refuses without a terminal: `destroy deletes guests`
 * @throws Fault CLI_NOT_CONFIRMED where there is no terminal to ask
 */
export async function isConfirmed(
  context: Context,
  values: Readonly<Record<string, unknown>>,
  question: string,
  doing: string,
): Promise<boolean> {
  if (context.isEmbedded && values["yes"] === true) return true;
  if (!context.isEmbedded && values["confirm"] !== undefined) return values["confirm"] === context.stack;
  if (!process.stdin.isTTY) {
    throw new Fault(
      "CLI_NOT_CONFIRMED",
      `There is no terminal to ask for confirmation, and ${doing}.`,
      context.isEmbedded ? "Add --yes." : `Add --confirm ${context.stack}.`,
    );
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return isMeant(context, await prompt.question(question));
  } finally {
    prompt.close();
  }
}

/** Whether the answer is the word that the question asks for. */
export function isMeant(
  { isEmbedded, language, stack }: Pick<Context, "isEmbedded" | "language" | "stack">,
  answer: string,
): boolean {
  return (isEmbedded ? YES[language] : [stack]).includes(answer.trim());
}
