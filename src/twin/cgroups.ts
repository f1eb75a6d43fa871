import { existsSync, readdirSync, realpathSync, watch, type FSWatcher } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, Fault } from "../core/fault.ts";

/** Where the kernel's control groups are (cgroups(7)): version 2 alone, or beside version 1 ("hybrid"). */
interface Hierarchies {
  readonly unified: string;
  /** Version 1 folders by name; none on a pure version 2 machine, where `unified` has all controllers. */
  readonly v1: Readonly<Record<string, string>>;
}

const ROOT = "/sys/fs/cgroup";
const GONE = new Set(["ENOENT", "ENODEV"]);
const KILL_DEADLINE_MS = 15_000;

/** @throws Fault TWIN_CGROUPS when the kernel has no version 2 hierarchy that may be written */
function findHierarchies(root = ROOT): Hierarchies {
  if (existsSync(join(root, "cgroup.controllers"))) return { unified: root, v1: {} };
  const unified = join(root, "unified");
  if (existsSync(join(unified, "cgroup.procs"))) {
    // All that are mounted, also those that limit nothing here: a guest that is in the top group of one could mount it
    // whole, and its release_agent runs as the machine's root. Two names of one hierarchy are one (cpu, cpuacct).
    const names = readdirSync(root).filter((n) => n !== "unified" && existsSync(join(root, n, "cgroup.procs")));
    return { unified, v1: Object.fromEntries(names.map((n) => [n, realpathSync(join(root, n))])) };
  }
  throw new Fault(
    "TWIN_CGROUPS",
    "This kernel shows no cgroup version 2 hierarchy under /sys/fs/cgroup, without which a guest cannot be ended as a whole.",
    "Boot with systemd.unified_cgroup_hierarchy=1, or mount it (mount -t cgroup2 none /sys/fs/cgroup/unified); or run without root: guests are then in memory only.",
  );
}

/** The control groups of one lab, under one name in each hierarchy. */
export class Cgroups {
  readonly #hierarchies: Hierarchies;
  /** `maquette-<key>`. */
  readonly name: string;
  /** Guests that start at once wait for the whole of it. */
  #devices: Promise<void> | undefined;

  constructor(name: string, hierarchies = findHierarchies()) {
    this.name = name;
    this.#hierarchies = hierarchies;
  }

  #folders(guest: string): string[] {
    const { unified, v1 } = this.#hierarchies;
    const others = Object.entries(v1).flatMap(([n, f]) => (n === "systemd" ? [] : [f]));
    return [...new Set([unified, ...others])].map((f) => join(f, this.name, guest));
  }

  #unified(guest: string): string {
    return join(this.#hierarchies.unified, this.name, guest);
  }

  /** A fresh group with limits; one that was killed before is never used again (services in it would be killed at start). */
  async make(guest: string, limits: { readonly memoryMiB: number; readonly cores: number }): Promise<void> {
    await this.kill(guest);
    await this.remove(guest);
    if (Object.keys(this.#hierarchies.v1).length === 0) {
      await mkdir(this.#unified(""), { recursive: true });
      for (const folder of [this.#hierarchies.unified, this.#unified("")])
        for (const controller of ["memory", "cpu", "pids"])
          // Where a controller is not to be had its limit is not set; `limits` says so.
          await writeFile(join(folder, "cgroup.subtree_control"), `+${controller}`).catch(() => undefined);
    }
    const { v1 } = this.#hierarchies;
    if (v1["cpuset"] !== undefined) await openCpuset(v1["cpuset"], this.name);
    if (v1["devices"] !== undefined) await (this.#devices ??= limitDevices(join(v1["devices"], this.name)));
    for (const folder of this.#folders(guest)) await mkdir(folder, { recursive: true });
    if (v1["cpuset"] !== undefined) await openCpuset(join(v1["cpuset"], this.name), guest);
    await this.limit(guest, limits);
  }

  /** Memory in MiB; CPU as whole cores of time. */
  async limit(guest: string, limits: { readonly memoryMiB: number; readonly cores: number }): Promise<void> {
    const bytes = String(limits.memoryMiB * 1024 * 1024);
    const { v1 } = this.#hierarchies;
    const set = (folder: string | undefined, file: string, value: string): Promise<void> =>
      folder === undefined
        ? Promise.resolve()
        : writeFile(join(folder, this.name, guest, file), value).catch((error: unknown) => {
            if (!["ENOENT", "EACCES", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
          });
    if (Object.keys(v1).length === 0) {
      await set(this.#hierarchies.unified, "memory.max", bytes);
      await set(this.#hierarchies.unified, "cpu.max", `${limits.cores * 100_000} 100000`);
      return;
    }
    await set(v1["memory"], "memory.limit_in_bytes", bytes);
    await set(v1["cpu"], "cpu.cfs_quota_us", String(limits.cores * 100_000));
  }

  /** Files to which a process writes its pid to belong to the guest. */
  joinFiles(guest: string): string[] {
    return this.#folders(guest).map((f) => join(f, "cgroup.procs"));
  }

  /** The guest's own init, as this process numbers it; undefined before it is there. */
  async leader(guest: string): Promise<number | undefined> {
    // systemd's cgroup delegation: nspawn's payload, in it the init's scope.
    for (const path of ["payload/init.scope", "init.scope"]) {
      try {
        const pids = await readFile(join(this.#unified(guest), path, "cgroup.procs"), "utf8");
        const first = pids.split("\n").find((line) => line !== "" && line !== "0");
        if (first !== undefined) return Number(first);
      } catch (error) {
        if (!GONE.has(errnoOf(error) ?? "")) throw error;
      }
    }
    return undefined;
  }

  async usage(guest: string): Promise<{ readonly memoryBytes: number; readonly cpuMicroseconds: number }> {
    const { v1, unified } = this.#hierarchies;
    const number = async (...paths: string[]): Promise<number> =>
      Number(await readFile(join(...paths), "utf8").catch(() => "0"));
    if (v1["memory"] !== undefined && v1["cpuacct"] !== undefined) {
      return {
        memoryBytes: await number(v1["memory"], this.name, guest, "memory.usage_in_bytes"),
        cpuMicroseconds: (await number(v1["cpuacct"], this.name, guest, "cpuacct.usage")) / 1000,
      };
    }
    const stat = await readFile(join(unified, this.name, guest, "cpu.stat"), "utf8").catch(() => "");
    return {
      memoryBytes: await number(unified, this.name, guest, "memory.current"),
      cpuMicroseconds: Number(/^usage_usec (\d+)/m.exec(stat)?.[1] ?? 0),
    };
  }

  async freeze(guest: string, isFrozen: boolean): Promise<void> {
    const folder = this.#unified(guest);
    await writeFile(join(folder, "cgroup.freeze"), isFrozen ? "1" : "0");
    if (isFrozen) await this.#until(folder, (events) => events.includes("frozen 1"));
  }

  /** Every process of the guest ends at once; returns when none is left. */
  async kill(guest: string): Promise<void> {
    const folder = this.#unified(guest);
    try {
      await writeFile(join(folder, "cgroup.kill"), "1");
    } catch (error) {
      if (GONE.has(errnoOf(error) ?? "")) return;
      throw error;
    }
    await this.#until(folder, (events) => events.includes("populated 0"));
  }

  async #until(folder: string, holds: (events: string) => boolean): Promise<void> {
    const file = join(folder, "cgroup.events");
    const deadline = Date.now() + KILL_DEADLINE_MS;
    const read = (): Promise<string | undefined> => readFile(file, "utf8").catch(() => undefined);
    let wake: () => void = () => undefined;
    const watcher = watchOf(file, () => wake());
    try {
      for (;;) {
        // The next change is awaited from before the look, so that none is missed.
        const changed = new Promise<void>((resolve) => (wake = resolve));
        const events = await read();
        if (events === undefined || holds(events)) return;
        if (Date.now() > deadline)
          throw new Fault(
            "TWIN_WONT_END",
            `The processes of ${folder} did not end within ${KILL_DEADLINE_MS / 1000} s.`,
            "A process in an uninterruptible wait (ps axo pid,stat,wchan) holds it; end what it waits for.",
          );
        const timer = new AbortController();
        await Promise.race([
          changed,
          sleep(watcher ? 250 : 10, undefined, { signal: timer.signal }).catch(() => undefined),
        ]);
        timer.abort();
      }
    } finally {
      watcher?.close();
    }
  }

  /** The guest's folders, in every hierarchy. Processes must have ended. */
  async remove(guest: string): Promise<void> {
    const { v1 } = this.#hierarchies;
    const folders = [
      ...this.#folders(guest),
      // nspawn's copy.
      ...(v1["systemd"] === undefined ? [] : [join(v1["systemd"], this.name, guest)]),
    ];
    await Promise.all(folders.map(removeTree));
  }

  /** Everything of this lab; its processes are killed. */
  async removeAll(): Promise<void> {
    const names = await readdir(this.#unified(""), { withFileTypes: true }).catch(() => []);
    for (const entry of names) {
      if (!entry.isDirectory()) continue;
      await this.kill(entry.name);
      await this.remove(entry.name);
    }
    const { unified, v1 } = this.#hierarchies;
    this.#devices = undefined;
    await Promise.all([...new Set([unified, ...Object.values(v1)])].map((f) => removeTree(join(f, this.name))));
  }
}

/** A new group of cpuset(7) version 1 has no processor and no memory, and takes no process. */
async function openCpuset(above: string, name: string): Promise<void> {
  await mkdir(join(above, name), { recursive: true });
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    await writeFile(join(above, name, file), await readFile(join(above, file)));
}

/** Standard devices, terminals, tunnels and FUSE: what a container's /dev has (devices.allow of cgroup version 1). */
const DEVICES: readonly string[] = [
  ...["c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm"],
  ...["c 136:* rwm", "c 10:200 rwm", "c 10:229 rwm"],
];

/** For the lab as a whole: a guest's own group, whose files its root can reach, gets no more than its parent has. */
async function limitDevices(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Refused where guests run under it already (an earlier room's): their group has it then.
  if ((await readdir(folder, { withFileTypes: true })).some((entry) => entry.isDirectory())) return;
  await writeFile(join(folder, "devices.deny"), "a");
  for (const device of DEVICES) await writeFile(join(folder, "devices.allow"), device);
}

/** The kernel tells of a change (inotify(7)); undefined where this user has no instance of it left. */
function watchOf(file: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(file, onChange);
    watcher.on("error", onChange);
    return watcher;
  } catch {
    return undefined;
  }
}

/** rmdir, deepest first: a group's files are the kernel's. EBUSY passes once the last process is reaped. */
async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  const deadline = Date.now() + 5_000;
  for (;;) {
    try {
      await rmdir(folder);
      return;
    } catch (error) {
      const code = errnoOf(error) ?? "";
      if (GONE.has(code)) return;
      if (code !== "EBUSY" || Date.now() > deadline) throw error;
      await sleep(5);
    }
  }
}
