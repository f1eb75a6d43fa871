/**
 * Text in lines no wider than `width` characters, broken between words, never at a no-break space; a word that is wider
 * stands in a line of its own.
 * @param first begins the first line, `rest` every other one; both count
 */
export function wrapped(text: string, width: number, first = "", rest = first): readonly string[] {
  const lines: string[] = [];
  let line = "";
  let lead = first;
  for (const word of text.split(/[ \t\r\n]+/).filter((w) => w !== "")) {
    if (line === "") line = word;
    else if (lead.length + line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(lead + line);
      [line, lead] = [word, rest];
    }
  }
  return [...lines, (lead + line).trimEnd()];
}
