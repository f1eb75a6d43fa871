import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";

/** Why tests that need namespaces of their own cannot run here; undefined when they can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return "network namespaces need root: run the tests of project twin as root";
  for (const tool of ["unshare", "nsenter", "nft", "ip"]) {
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) return `${tool} is not installed`;
  }
  return undefined;
}

export interface Namespace {
  /** Runs a shell command inside; throws with its output when it fails. */
  run(command: string, input?: string): string;
  /** Ends everything inside. */
  close(): Promise<void>;
  /** The process that holds it. */
  readonly pid: number;
}

/**
 * Network, mounts, name and processes of one's own, loopback up: nothing that is sent in it can leave, and nothing in it
 * outlives `close` or this process, which holds the pipe that its first process waits on.
 */
export async function openNamespace(): Promise<Namespace> {
  const flags = [
    "--net",
    "--mount",
    "--uts",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
  ];
  const holder = spawn("unshare", [...flags, "sh", "-c", START], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  const ready = new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("close", () => reject(new Error("unshare ended before the namespace was ready")));
  });
  await ready;
  const children = spawnSync("cat", [`/proc/${holder.pid}/task/${holder.pid}/children`], { encoding: "utf8" });
  const pid = Number(children.stdout.trim());
  return {
    pid,
    run: (command, input) => runIn(pid, command, input),
    close: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

const START =
  "mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && ip link set lo up && echo ready && cat >/dev/null; exit 0";

function runIn(pid: number, command: string, input: string | undefined): string {
  const args = ["-t", String(pid), "-n", "-m", "-u", "-p", "sh", "-ec", command];
  const done = spawnSync("nsenter", args, {
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 1 << 28,
    ...(input === undefined ? {} : { input }),
  });
  if (done.status === 0) return done.stdout;
  throw new Error(`${command}: exit ${done.status ?? done.signal ?? ""}\n${done.stdout}${done.stderr}`);
}

/** A process inside, in a network namespace made by `ip netns add`; its standard streams are pipes. */
export interface Inside {
  readonly process: ChildProcessWithoutNullStreams;
  /** Ends it at once and waits until it is gone. */
  kill(): Promise<void>;
}

export function spawnInside(ns: Namespace, netns: string, command: string): Inside {
  // The first line says the process's own number: killing nsenter would leave it alone.
  const script = `echo $$ >&2; exec ${command}`;
  const args = ["-t", String(ns.pid), "-n", "-m", "-u", "-p", "ip", "netns", "exec", netns, "sh", "-c", script];
  const child = spawn("nsenter", args, { stdio: ["pipe", "pipe", "pipe"] });
  const number = new Promise<string>((resolve) => {
    child.stderr.once("data", (d: Buffer) => resolve(/^\d+/.exec(d.toString())?.[0] ?? ""));
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    process: child,
    kill: async () => {
      if (child.exitCode === null && child.signalCode === null) ns.run(`kill -9 ${await number} || true`);
      await ended;
    },
  };
}
