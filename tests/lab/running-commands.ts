import { readdirSync, readFileSync } from "node:fs";

/** The command line of every process of this machine, guests' too. */
export function* runningCommands(): Generator<string> {
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      yield readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      // It has ended meanwhile.
    }
  }
}
