import type { Diagnostic } from "../core/diagnostics.ts";

/** A plan's document is a few kilobytes; beyond this something else was named, and parsing it would only take long. */
export const MAX_BYTES = 1_048_576;

type Decoded = { readonly text: string } | { readonly error: Diagnostic };

/**
 * Bytes to text, UTF-8 only (RFC 3629), a byte order mark dropped. The place of the first byte that is wrong is given
 * as line and column.
 */
export function decode(file: string, bytes: Uint8Array): Decoded {
  if (bytes.length > MAX_BYTES) return { error: tooLarge(file, bytes.length) };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    const offset = firstBadByte(bytes);
    const before = new TextDecoder("utf-8").decode(bytes.subarray(0, offset));
    const lines = before.split("\n");
    const fact = `byte 0x${(bytes[offset] ?? 0).toString(16).padStart(2, "0")} is not UTF-8`;
    const hint = "Save the file as UTF-8 (in VS Code: the encoding in the status bar, Save with Encoding)";
    return { error: fileError(file, "PLAN_FILE_NOT_UTF8", fact, hint, lines.length, lines.at(-1)!.length + 1) };
  }
}

// The decoder does not say where it failed. A prefix that decodes as a stream may end inside a character, and nothing
// else is wrong with it: halve to the byte that no character can hold, then step back to where its character began.
function firstBadByte(bytes: Uint8Array): number {
  let sound = 0;
  let bad = bytes.length + 1;
  while (bad - sound > 1) {
    const middle = (sound + bad) >> 1;
    if (isUtf8(bytes.subarray(0, middle), true)) sound = middle;
    else bad = middle;
  }
  while (sound > 0 && !isUtf8(bytes.subarray(0, sound), false)) sound--;
  return sound;
}

function isUtf8(bytes: Uint8Array, stream: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

export const tooLarge = (file: string, size: number): Diagnostic => {
  const fact = `has ${size} bytes; a plan's document has at most ${MAX_BYTES}`;
  return fileError(file, "PLAN_FILE_TOO_LARGE", fact, "Is it the right file?", 1, 1);
};

/** A diagnostic about a file as a whole or about its text, before it has any structure. */
export const fileError = (
  file: string,
  code: Diagnostic["code"],
  fact: string,
  hint: string,
  line: number,
  column: number,
): Diagnostic => ({ code, severity: "error", place: { file, line, column }, path: "", fact, hint });
