import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContainerDriver, type ContainerDriverOptions } from "../../src/twin/driver.ts";
import { findArchive } from "../../src/twin/images/archive.ts";
import { ImageStore } from "../../src/twin/images/store.ts";

/** When no file that takes running guests may begin any more, in seconds since 1970: what has begun goes on to its end. */
const UNTIL = "MAQUETTE_GUESTS_UNTIL";

/** Why a file's guests are not run here and now, in words; undefined when they are. */
export function whyNot(): string | undefined {
  const until = process.env[UNTIL];
  if (until !== undefined && Date.now() / 1000 > Number(until)) return "the run's time was over before this file began";
  if (process.platform !== "linux") return "guests run on Linux alone";
  if (process.getuid?.() !== 0) return "it takes root to make namespaces and mounts";
  const missing = ["systemd-nspawn", "mmdebstrap", "unshare", "nsenter", "ip"].filter(
    (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0,
  );
  return missing.length === 0 ? undefined : `${missing.join(", ")} not installed`;
}

/** Images shared by all runs, as on a user's machine. */
export const IMAGES = process.env["MAQUETTE_IMAGES"] ?? "/var/cache/maquette/images";

/** Who else tests on this machine has another prefix. */
const OWN = `z${process.pid.toString(36)}`;

/** A lab's key: this test process's own, and apart from its other labs. */
export const keyFor = (folder: string): string => `${OWN}${folder.slice(-4).toLowerCase()}`;

/** A driver with folders of its own under the temporary folder. */
export async function driverHere(change: Partial<ContainerDriverOptions> = {}): Promise<{
  readonly driver: ContainerDriver;
  readonly home: string;
  remove(): Promise<void>;
}> {
  const home = await mkdtemp(join(tmpdir(), "maquette-twin-"));
  const driver = new ContainerDriver({
    key: keyFor(home),
    home: join(home, "d"),
    sockets: join(home, "s"),
    owner: { uid: 0, gid: 0 },
    images: new ImageStore({ folder: IMAGES, archive: () => findArchive(null), log: () => undefined }),
    firmware: null,
    packages: { router: [], roles: {} },
    log: () => undefined,
    ...change,
  });
  return { driver, home, remove: () => rm(home, { recursive: true, force: true }) };
}

/** Everything on this machine that bears the lab's name and should be gone: `key` of one lab, or any test's. */
export async function leftovers(key = OWN): Promise<string[]> {
  const found: string[] = [];
  const bears = new RegExp(`maquette-(pod-|twin-)?${key}`);
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    if (Number(pid) !== process.pid && bears.test(command)) found.push(`process ${pid}: ${command.slice(0, 80)}`);
  }
  const mounts = await readFile("/proc/self/mounts", "utf8");
  for (const line of mounts.split("\n")) if (/^maquette-/.test(line)) found.push(`mount ${line}`);
  const groups = spawnSync("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-name", `maquette-${key}*`], {
    encoding: "utf8",
  });
  for (const line of groups.stdout.split("\n").filter((l) => l !== "")) found.push(`control group ${line}`);
  const namespaces = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  for (const line of namespaces.stdout.split("\n")) if (/^g\d+/.test(line)) found.push(`network namespace ${line}`);
  return found;
}
