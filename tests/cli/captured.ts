import pc from "picocolors";
import { vi } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { Io } from "../../src/cli/io.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the CLI in this process, and takes what it writes. */
export async function maquette(...args: string[]): Promise<Said> {
  let [out, err] = ["", ""];
  const take = (add: (text: string) => void) => (text: unknown) => {
    add(String(text));
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(take((t) => (out += t))),
    vi.spyOn(process.stderr, "write").mockImplementation(take((t) => (err += t))),
  ];
  const before = process.stdout.listeners("error");
  try {
    return { code: await main(args), out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
    // One a process is what the CLI listens with; here many runs share one.
    for (const listener of process.stdout.listeners("error"))
      if (!before.includes(listener)) process.stdout.off("error", listener as () => void);
  }
}

/** An Io that keeps what was said. */
export function listening(isTerminal = false): Io & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (kind: string) => (text: string) => void lines.push(`${kind} ${text}`);
  return {
    lines,
    isTerminal,
    width: 80,
    colours: pc.createColors(false),
    outColours: pc.createColors(false),
    out: keep("out"),
    err: keep("err"),
    progress: keep("progress"),
    close: () => undefined,
  };
}
