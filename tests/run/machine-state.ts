import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** What a run of the tests must leave on the machine as it was: a line each, by what it is about. */
export type MachineState = ReadonlyMap<string, string>;

/**
 * Raised on purpose, said in the machine room's log, and only up: a lab's guests take more than the kernel's default
 * (src/twin/room.ts).
 */
const KEPT = new Set(["sysctl fs.inotify.max_user_instances"]);

/** Settings that the kernel itself moves, or that tell what is going on rather than what was set. */
const VOLATILE =
  /^(fs\.(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota\.)|kernel\.(ns_last_pid|pty\.nr|random\.|tainted|sched_|perf_event_max_sample_rate)|net\.netfilter\.nf_conntrack_(count|buckets)|vm\.)/;

/** The machine's name, links, addresses, mounts, named network namespaces, control groups of labs and sysctl(8) values. */
export function machineState(root = "/"): MachineState {
  const state = new Map<string, string>([["hostname", hostname()]]);
  const list = (what: string, argv: readonly [string, ...string[]], drop = /$^/): void => {
    const ran = spawnSync(argv[0], argv.slice(1), { encoding: "utf8" });
    // A machine without the program has nothing that it could show.
    if (ran.error !== undefined) return;
    for (const line of ran.stdout.split("\n"))
      if (line !== "") state.set(`${what} ${line.replace(drop, "").trim()}`, "");
  };
  list("link", ["ip", "-o", "link", "show"], /\bqlen \d+|\bstate \w+/g);
  list("address", ["ip", "-o", "address", "show"], /\bvalid_lft \S+|\bpreferred_lft \S+/g);
  list("route", ["ip", "route", "show", "table", "all"]);
  list("network namespace", ["ip", "netns", "list"]);
  for (const line of readFileSync(join(root, "proc/self/mounts"), "utf8").split("\n"))
    if (line !== "") state.set(`mount ${line.split(" ").slice(0, 3).join(" ")}`, "");
  for (const [name, value] of sysctls(join(root, "proc/sys"))) state.set(`sysctl ${name}`, value);
  return state;
}

function* sysctls(folder: string, prefix = ""): Generator<readonly [string, string]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    if (VOLATILE.test(name)) continue;
    if (entry.isDirectory()) yield* sysctls(join(folder, entry.name), `${name}.`);
    else {
      try {
        yield [name, readFileSync(join(folder, entry.name), "utf8").trim()];
      } catch {
        // Some can only be written.
      }
    }
  }
}

/** What is otherwise than before, in words; a setting that is new with a module that was loaded is none. */
export function machineChanges(before: MachineState, after: MachineState): readonly string[] {
  const changes: string[] = [];
  for (const [what, value] of before) {
    const now = after.get(what);
    if (now === undefined) changes.push(`${what} is gone`);
    else if (now !== value && !KEPT.has(what)) changes.push(`${what} was ${value} and is ${now}`);
  }
  for (const what of after.keys())
    if (!before.has(what) && !what.startsWith("sysctl ")) changes.push(`${what} was not there`);
  return changes;
}

/** The environment variable by which a run finds what it started, however it was detached. */
export const RUN_MARK = "MAQUETTE_TEST_RUN";

/** Processes that bear a run's mark and still live, in words. */
export function processesOf(run: string, proc = "/proc"): readonly string[] {
  const found: string[] = [];
  for (const pid of readdirSync(proc).filter((name) => /^\d+$/.test(name))) {
    try {
      const variables = readFileSync(join(proc, pid, "environ"), "utf8").split("\0");
      if (Number(pid) === process.pid || !variables.includes(`${RUN_MARK}=${run}`)) continue;
      const command = readFileSync(join(proc, pid, "cmdline"), "utf8")
        .replaceAll("\0", " ")
        .trim();
      if (command !== "") found.push(`process ${pid} still runs: ${command.slice(0, 160)}`);
    } catch {
      // It ended while we looked, or is not ours to look into.
    }
  }
  return found;
}
