import pc from "picocolors";

/** Where a command writes: results on standard output, everything else on standard error. */
export interface Io {
  readonly isTerminal: boolean;
  readonly colours: ReturnType<typeof pc.createColors>;
  out(text: string): void;
  err(text: string): void;
  /** One line that the next one replaces on a terminal; a plain line without one. */
  progress(text: string): void;
  close(): void;
}

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
    colours: pc.createColors(pc.isColorSupported && isTerminal),
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
