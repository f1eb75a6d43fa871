import { z } from "zod";
import { compose, secretForms, secretKinds, textFrom, type Text } from "../core/text.ts";

/** A text among a resource's inputs: a string, or a list of texts and places. */
export const textSchema = z.custom<Text>(
  (value) => textFrom(value) !== undefined,
  "is neither a text nor a list of texts and places for secrets",
);

/** How places were written within strings by the code before this, which looked for them there. */
const WITHIN = new RegExp(
  String.raw`\{\{\s*secret:((?:${secretKinds.join("|")})\/[\w.-]+(?:\/[\w.-]+)*)(?:\|(${secretForms.join("|")}))?\s*\}\}`,
  "g",
);

/**
 * A text as inputs and states hold it. A string in which a state of before would have had a place goes as a list of that
 * one string: so every string that has one is of before (`textOfState`), and stays text in all that is declared.
 */
export const declaredText = (text: Text): Text =>
  typeof text === "string" && text.search(WITHIN) >= 0 ? [text] : text;

/** A text of a state, which may be of before: only to compare and to show, never to send. */
export function textOfState(text: Text): Text {
  if (typeof text !== "string") return text;
  const parts: unknown[] = [];
  let end = 0;
  for (const { 0: whole, 1: secret, 2: as, index } of text.matchAll(WITHIN)) {
    parts.push(text.slice(end, index), as === undefined ? { secret } : { as, secret });
    end = index + whole.length;
  }
  return parts.length === 0 ? text : compose(textFrom([...parts, text.slice(end)])!);
}
