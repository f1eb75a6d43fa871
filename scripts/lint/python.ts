import ruff from "@astral-sh/ruff-wasm-nodejs";
import type { Finding } from "./finding.ts";

/** As `ruff` is told in a file elsewhere; the package for Node takes an object. */
const ruffSettings = {
  "line-length": 120,
  // Debian 12's.
  "target-version": "py311",
  lint: {
    // Mistakes (E, F, W, PLE, PLW), traps (B, A, RUF), what is unsafe (S), order of imports (I), names (N), and what the
    // language has a plainer word for (C4, UP).
    select: ["E", "F", "W", "PLE", "PLW", "B", "A", "RUF", "S", "I", "N", "C4", "UP"],
    ignore: [
      // A list of words that goes to no shell, by a name that PATH finds, is what these programs are for. What does go to
      // a shell is still a finding (S602, S604, S605).
      "S603",
      "S607",
      // What ends a program in words is no error of its own: `Stop` reads as what it is.
      "N818",
      // Most of our texts are filled by `%`, as journald's, nft's and SIP's lines read best; both are right.
      "UP031",
    ],
  },
};

const workspace = new ruff.Workspace(ruffSettings, ruff.PositionEncoding.Utf16);

export const lintPython = (text: string): readonly Finding[] =>
  (workspace.check(text) as readonly ruff.Diagnostic[]).map(({ start_location, code, message }) => ({
    line: start_location.row,
    column: start_location.column,
    code: code ?? "syntax",
    message,
  }));

/** As `ruff format` lays it out. @throws where it is no Python */
export const formatPython = (text: string): string => workspace.format(text);
