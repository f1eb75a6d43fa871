import { readFile } from "node:fs/promises";

export interface ProcessState {
  /** When it started, in clock ticks since the boot: with the pid it names one process (proc(5), field 22 of stat). */
  readonly start: string;
  /** It has ended, and nobody has waited for it yet. */
  readonly isZombie: boolean;
}

/** What the kernel tells of a process by its id; undefined where there is none, or where nothing tells. */
export async function processState(pid: number): Promise<ProcessState | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name before it may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { start: fields[19] ?? "", isZombie: /^[ZX]/.test(fields[0] ?? "") };
}
