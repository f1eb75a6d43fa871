/*
 * Characters that a reader does not see, or that change what is seen around them: controls, format characters (among
 * them those that turn the direction of text), line separators, halves of characters. A plan says what it seems to say,
 * and nothing that is printed moves a terminal's cursor.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/** Those that change the order in which the text around them is shown (UAX #9, §2). */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

// A flag, a family, a sign shown as a picture: joiners and selectors belong to what is seen. Written as text because
// the flag is newer than the language that is compiled to.
const EMOJI = new RegExp(String.raw`\p{RGI_Emoji}`, "gv");

export interface Hidden {
  /** `U+202E`. */
  readonly name: string;
  readonly isTurning: boolean;
  /** In UTF-16 units. */
  readonly index: number;
}

const nameOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;

/** Every hidden character of a text, in order. */
export function hiddenIn(text: string): readonly Hidden[] {
  // Most texts have none, and then nothing is to be looked at twice.
  if (text.search(HIDDEN) < 0) return [];
  const seen = text.replace(EMOJI, (emoji) => " ".repeat(emoji.length));
  return Array.from(seen.matchAll(HIDDEN), ({ 0: character, index }) => ({
    name: nameOf(character),
    isTurning: TURNING.test(character),
    index,
  }));
}

/** The text with each hidden character written out, as `\u{202e}`. @param kept characters that stay */
export function printable(text: string, kept = ""): string {
  let shown = "";
  let end = 0;
  for (const { index } of hiddenIn(text)) {
    const character = String.fromCodePoint(text.codePointAt(index)!);
    if (kept.includes(character)) continue;
    shown += `${text.slice(end, index)}\\u{${character.codePointAt(0)!.toString(16)}}`;
    end = index + character.length;
  }
  return shown + text.slice(end);
}

/** The text as one line in which everything is seen. */
export function visibleLine(text: string): string {
  let line = "";
  let end = 0;
  for (const { index } of hiddenIn(text)) {
    const character = String.fromCodePoint(text.codePointAt(index)!);
    line += text.slice(end, index) + (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\ufeff]/u.test(character) ? " " : "");
    end = index + character.length;
  }
  return (line + text.slice(end)).replace(/ {2,}/g, " ").trim();
}
