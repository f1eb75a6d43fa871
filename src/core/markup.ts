/** What may not stand in a document at all, not even escaped (XML 1.0 §2.2): control characters, halves of characters. */
const IMPOSSIBLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text as SVG, HTML and XML take it, also between double quotes (XML 1.0 §2.4, HTML §13.1.2.3). */
export const escapeMarkup = (text: string): string =>
  text
    .replace(IMPOSSIBLE, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

/** @param body HTML, below the title @returns a whole page that asks nobody for anything: no script, no file of others */
export const htmlPage = (title: string, lang: "en" | "fr", style: string, body: string): string =>
  `<!doctype html>\n<html lang="${lang}">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>${escapeMarkup(title)}</title>\n<style>${style}</style>\n</head>\n<body>\n<main>\n<h1>${escapeMarkup(title)}</h1>\n${body}\n</main>\n</body>\n</html>\n`;
