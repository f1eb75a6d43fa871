import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../core/fault.ts";
import { command, must, type CommandOptions, type CommandResult } from "./command.ts";

const START_DEADLINE_MS = 10_000;
const TUNNEL = "/run/netns/.tun";

/**
 * The namespaces (net, mount, pid, ipc, uts; namespaces(7)) in which a whole lab lives: bridges, guests' networks
 * and mounts. The machine's own namespaces see none of them, and all of them end with this process: the pod's init
 * waits on a pipe that we hold.
 */
export class Pod {
  readonly #process: ChildProcess;
  readonly #bridges = new Map<string, Promise<void>>();
  /** The pod's init as this process numbers it. */
  readonly pid: number;
  /** Settles when the pod has ended, however it did. */
  readonly ended: Promise<void>;

  private constructor(process: ChildProcess, pid: number) {
    this.#process = process;
    this.pid = pid;
    this.ended = new Promise((resolve) => process.once("exit", () => resolve()));
  }

  /** @param label what `ps` shows, such as `maquette-pod-3f2a` @throws Fault TWIN_POD */
  static async start(label: string): Promise<Pod> {
    const unshare = spawn(
      "unshare",
      [
        ...["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"],
        ...["--propagation", "private", "sh", "-c", "cat >/dev/null; exit 0", label],
      ],
      { stdio: ["pipe", "ignore", "pipe"], detached: true },
    );
    let words = "";
    unshare.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
    // A program that is not there: the deadline below tells in words.
    unshare.once("error", (error) => (words = error.message));
    const deadline = Date.now() + START_DEADLINE_MS;
    for (;;) {
      const pid = unshare.pid === undefined ? undefined : await initOf(unshare.pid);
      if (pid !== undefined) {
        const pod = new Pod(unshare, pid);
        await pod.#prepare();
        return pod;
      }
      if (unshare.exitCode !== null || unshare.pid === undefined || Date.now() > deadline) {
        unshare.kill("SIGKILL");
        throw new Fault(
          "TWIN_POD",
          `No namespaces of its own could be made for the lab: ${words.trim() || "unshare gave no reason"}.`,
          "It takes root and a kernel with network, mount and pid namespaces; in a container, run it privileged. Without root guests are in memory only.",
        );
      }
      // The kernel sends no event for the birth of a grandchild.
      await sleep(2);
    }
  }

  async #prepare(): Promise<void> {
    await this.sh(
      `mkdir -p /run/netns; mount -t tmpfs -o mode=755 maquette-netns /run/netns; ip link set lo up
# nspawn asks udev whether it may take a cable in, unless /sys is read-only; there is no udev here.
mount -o remount,bind,ro /sys
# For a VPN's tunnel: this machine's own may be for its root alone, which a guest's root is not.
if [ -e /dev/net/tun ]; then mknod -m 666 ${TUNNEL} c 10 200; fi
for f in /proc/sys/net/bridge/bridge-nf-call-iptables /proc/sys/net/bridge/bridge-nf-call-ip6tables /proc/sys/net/bridge/bridge-nf-call-arptables; do
  if [ -e $f ]; then echo 0 > $f; fi
done`,
    );
  }

  /** What to put before a command so that it runs in the pod (nsenter(1)). */
  get enter(): readonly string[] {
    return ["nsenter", "-t", String(this.pid), "-n", "-m", "-p", "-i", "-u"];
  }

  /** The device of tunnels, in the pod; undefined on a machine whose kernel has none. */
  get tunnelDevice(): string | undefined {
    return existsSync("/dev/net/tun") ? TUNNEL : undefined;
  }

  /** A path of the pod's mount namespace as this process can open it. */
  path(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return command([...this.enter, ...argv], options);
  }

  /** A script that stops at its first failure. @throws CommandFailed */
  sh(script: string, options?: CommandOptions): Promise<string> {
    return must([...this.enter, "sh", "-ec", script], options);
  }

  /**
   * The plain bridge that stands for one VLAN of one of the hypervisor's bridges: this kernel may have neither
   * VLAN-aware bridges nor 8021q. No spanning tree and no snooping, which would delay or drop CARP.
   * @returns its name in the pod
   */
  async bridge(bridge: string, tag: number | undefined): Promise<string> {
    const name = bridgeName(bridge, tag);
    let made = this.#bridges.get(name);
    if (made === undefined) {
      made = this.sh(
        `ip link show ${name} >/dev/null 2>&1 || ip link add ${name} type bridge forward_delay 0 stp_state 0 mcast_snooping 0; ip link set ${name} up`,
      ).then(() => undefined);
      this.#bridges.set(name, made);
      // A failed attempt is tried again by the next caller.
      made.catch(() => this.#bridges.delete(name));
    }
    await made;
    return name;
  }

  /** Ends everything in the pod. */
  async close(): Promise<void> {
    this.#process.stdin?.destroy();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 2_000);
    await this.ended;
    clearTimeout(timer);
  }
}

/** At most 15 characters (IFNAMSIZ), the same for the same pair. */
function bridgeName(bridge: string, tag: number | undefined): string {
  const plain = tag === undefined ? bridge : `${bridge}.${tag}`;
  return plain.length <= 15 ? plain : `br${createHash("sha256").update(plain).digest("hex").slice(0, 12)}`;
}

/** The child of unshare that is the pod's init: once it runs the shell, its namespaces are whole. */
async function initOf(pid: number): Promise<number | undefined> {
  try {
    const child = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
    if (child === "") return undefined;
    const comm = (await readFile(`/proc/${child}/comm`, "utf8")).trim();
    return comm === "sh" ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}
