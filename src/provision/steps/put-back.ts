import { fillText, joinLines, linesOf, type Resolve, type Text } from "../../core/text.ts";
import { hidesSomething } from "./secrecy.ts";

const HIDDEN = "… (changed by hand; hidden, because this file holds secrets)";

/**
 * A live file as the state may hold it: every line that is as declared with its places for secrets again; of any other
 * line of a file that holds secrets no more than the word that it begins with, if the template begins a line with it
 * too. Someone may have typed a secret there that nobody here knows.
 * @param declared with places
 */
export function putBack(declared: Text, live: string, resolve: Resolve): Text {
  const isSecret = hidesSomething(declared);
  // A template's line may become several: a key in PEM.
  const blocks = linesOf(declared).map((template) => ({ template, lines: fillText(template, resolve).split("\n") }));
  const words = new Set(blocks.flatMap(({ template }) => beginning(template) ?? []));
  const shown: Text[] = [];
  const lines = live.split("\n");
  for (let at = 0, from = 0; at < lines.length;) {
    const fits = (b: (typeof blocks)[number]): boolean => b.lines.every((line, n) => lines[at + n] === line);
    // In their order; a line that was moved is found from the start.
    let found = blocks.findIndex((b, n) => n >= from && fits(b));
    if (found < 0) found = blocks.findIndex(fits);
    if (found >= 0) {
      shown.push(blocks[found]!.template);
      at += blocks[found]!.lines.length;
      from = found + 1;
      continue;
    }
    const line = lines[at]!;
    if (!isSecret) shown.push(line);
    else {
      const word = beginning(line);
      shown.push(word !== undefined && words.has(word) ? `${word}${HIDDEN}` : HIDDEN);
    }
    at++;
  }
  return joinLines(shown);
}

/** `key =`, `key:`, `key value`: the word and what separates it, if it is not a place for a secret itself. */
function beginning(line: Text): string | undefined {
  const text = typeof line === "string" ? line : line[0];
  return typeof text === "string" ? /^\s*[\w.-]+\s*[=:\s]/.exec(text)?.[0] : undefined;
}

/** Takes every known secret out of a text that is to be shown. */
export function hide(text: string, secrets: Iterable<string>): string {
  let shown = text;
  // The longer first: one may be a part of another.
  const known = [...secrets].filter((s) => s.length >= 6).sort((a, b) => b.length - a.length);
  for (const secret of known) {
    shown = shown.replaceAll(secret, "(secret)");
    // Of a key in PEM a line may be shown.
    for (const line of secret.split("\n")) if (line.length >= 24) shown = shown.replaceAll(line, "(secret)");
  }
  return shown;
}
