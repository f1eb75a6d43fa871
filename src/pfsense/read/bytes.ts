import { quote } from "./findings.ts";
import type { Findings } from "./findings.ts";

/** pfSense's own files stay far below this, RRD backups included; more is not a configuration. */
export const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Turns bytes into text, or finds why not: `PFSENSE_XML_TOO_LARGE`, `PFSENSE_XML_UTF16`, `PFSENSE_XML_UTF8`,
 * `PFSENSE_XML_ENCODING`, `PFSENSE_XML_EMPTY`, `PFSENSE_ENCRYPTED`. pfSense writes UTF-8 without a mark of order.
 * @returns undefined when an error was found
 */
export function decodeBytes(input: Uint8Array | string, findings: Findings): string | undefined {
  // A string's length in UTF-16 units never exceeds its length in bytes, so this bound is safe for both.
  if (input.length > MAX_BYTES) {
    const size = (input.length / 1048576).toFixed(1);
    findings.error("PFSENSE_XML_TOO_LARGE", undefined, "", `the file has ${size} MiB`, "At most 32 MiB are read.");
    return undefined;
  }
  const text = typeof input === "string" ? input : decodeUtf8(input, findings);
  if (text === undefined) return undefined;
  if (text.trim() === "") {
    findings.error("PFSENSE_XML_EMPTY", undefined, "", "the file is empty", "Export it anew: Diagnostics, Backup.");
    return undefined;
  }
  if (/^\s*-+ BEGIN/.test(text)) {
    const hint = "Take a backup without encryption, or decrypt this one in pfSense first.";
    findings.error("PFSENSE_ENCRYPTED", { line: 1, column: 1 }, "", "the file is an encrypted backup", hint);
    return undefined;
  }
  const declared = /^\uFEFF?<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{0,40})["']/i.exec(text)?.[1];
  if (declared !== undefined && !/^(utf-?8|us-ascii|ascii)$/i.test(declared)) {
    const fact = `the file declares the encoding ${quote(declared)}`;
    findings.error(
      "PFSENSE_XML_ENCODING",
      { line: 1, column: 1 },
      "",
      fact,
      "Convert it to UTF-8 and declare nothing.",
    );
    return undefined;
  }
  return text;
}

function decodeUtf8(bytes: Uint8Array, findings: Findings): string | undefined {
  if (looksLikeUtf16(bytes)) {
    const hint = "Convert it to UTF-8, without a byte order mark.";
    findings.error("PFSENSE_XML_UTF16", { line: 1, column: 1 }, "", "the file is UTF-16 or UTF-32", hint);
    return undefined;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const at = placeOfInvalidByte(bytes);
    const hint = "Convert it to UTF-8; accents in another encoding are the usual cause.";
    findings.error("PFSENSE_XML_UTF8", at, "", "the file is not UTF-8 here", hint);
    return undefined;
  }
}

function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  if ((a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe)) return true;
  // XML begins with "<" and an ASCII character: a zero beside it tells the width of the encoding.
  return a === 0 && (b === 0x3c || b === 0) ? true : a === 0x3c && b === 0 && c !== undefined && d !== undefined;
}

/** Line and column (counted in characters) of the first byte that breaks UTF-8. */
function placeOfInvalidByte(bytes: Uint8Array): { line: number; column: number } {
  // Halving finds the longest decodable prefix: `stream` accepts a sequence cut at the end.
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (decodesSoFar(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  const before = new TextDecoder("utf-8").decode(bytes.subarray(0, good), { stream: true });
  const lastBreak = before.lastIndexOf("\n");
  const line = before.split("\n").length;
  return { line, column: before.length - lastBreak };
}

function decodesSoFar(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
