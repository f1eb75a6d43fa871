import { spawnSync } from "node:child_process";
import type { Ends } from "../door/index.ts";
import type { Io } from "./io.ts";

/** This process's own streams, for a command of another host. */
export const ownEnds = (io: Io, options: { readonly hasInput: boolean }): Ends => {
  // What was shown of our own progress ends before another's words begin.
  io.close();
  return {
    input: options.hasInput ? process.stdin : null,
    output: process.stdout,
    errors: process.stderr,
    ...(process.stdin.isTTY ? { setRaw } : {}),
  };
};

/** As ssh(1) has a terminal: the far side's line discipline does it all. */
function setRaw(isRaw: boolean): void {
  process.stdin.setRawMode(isRaw);
  // libuv leaves the output's translation of line ends on, which breaks what draws by moving the cursor; when raw mode
  // ends it puts back all that was.
  if (isRaw) spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
}

/** Until Ctrl-C or a polite kill: what runs elsewhere is asked to end, and may say its last words. */
export async function untilStopped<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}
