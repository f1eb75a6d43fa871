import pc from "picocolors";

/** Where a command writes: results on standard output, everything else on standard error. */
export interface Io {
  readonly isTerminal: boolean;
  /** Characters a line of standard output; a file takes some more than a terminal's usual 80. */
  readonly width: number;
  readonly colours: Colours;
  /** Of what goes to standard output, which may be a file while the other is a terminal. */
  readonly outColours: Colours;
  out(text: string): void;
  err(text: string): void;
  /** One line that the next one replaces on a terminal; a plain line without one. */
  progress(text: string): void;
  close(): void;
}

export type Colours = ReturnType<typeof pc.createColors>;

export function makeIo(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Io {
  const isTerminal = stderr.isTTY && process.env["TERM"] !== "dumb";
  let isLineOpen = false;
  // `maquette status | head` closes the pipe early: that is not a failure.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const clear = (): void => {
    if (!isLineOpen) return;
    stderr.write("\r\u001b[2K");
    isLineOpen = false;
  };
  return {
    isTerminal,
    get width() {
      return stdout.isTTY ? Math.max(40, stdout.columns || 80) : 100;
    },
    colours: pc.createColors(pc.isColorSupported && isTerminal),
    outColours: pc.createColors(pc.isColorSupported && stdout.isTTY && process.env["TERM"] !== "dumb"),
    out(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    err(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!isTerminal) {
        stderr.write(`${text}\n`);
        return;
      }
      clear();
      stderr.write(text.slice(0, Math.max(20, (stderr.columns || 80) - 1)));
      isLineOpen = true;
    },
    close: clear,
  };
}
