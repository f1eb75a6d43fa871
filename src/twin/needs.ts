import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that running guests takes, and the Debian package that holds it. */
export interface Need {
  readonly program: string;
  readonly package: string;
}

/** What running guests takes. */
export const NEEDS: readonly Need[] = [
  { program: "systemd-nspawn", package: "systemd-container" },
  { program: "mmdebstrap", package: "mmdebstrap" },
  { program: "arch-test", package: "arch-test" },
  { program: "apt-get", package: "apt" },
  { program: "ip", package: "iproute2" },
  { program: "unshare", package: "util-linux" },
  { program: "nsenter", package: "util-linux" },
  { program: "flock", package: "util-linux" },
  { program: "setpriv", package: "util-linux" },
  { program: "perl", package: "perl-base" },
  { program: "mount", package: "mount" },
  { program: "find", package: "findutils" },
];

/** Where root's programs are, whatever the user's PATH says. */
const FOLDERS: readonly string[] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Debian packages that are missing on this machine for guests to run. */
export function missingPackages(
  path = process.env["PATH"] ?? "",
  roots: readonly string[] = FOLDERS,
  needs: readonly Need[] = NEEDS,
): readonly string[] {
  const folders = [...path.split(delimiter), ...roots].filter((folder) => folder !== "");
  const isThere = (program: string): boolean =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  return [...new Set(needs.filter((need) => !isThere(need.program)).map((need) => need.package))];
}

/** What the kernel or the machine lacks, in words; undefined when guests can run once their packages are there. */
export function whyNoGuests(platform = process.platform): string | undefined {
  if (platform !== "linux") return "guests run on Linux alone";
  const filesystems = readFileSync("/proc/filesystems", "utf8");
  // A module is loaded by the first mount; only a kernel that names neither cannot.
  if (!/\boverlay$/m.test(filesystems) && !existsSync("/lib/modules")) return "this kernel has no overlayfs";
  for (const [file, what] of [
    ["/proc/self/ns/net", "network"],
    ["/proc/self/ns/pid", "pid"],
    ["/proc/self/ns/mnt", "mount"],
  ] as const)
    if (!existsSync(file)) return `this kernel has no ${what} namespaces`;
  const isUnified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  if (!isUnified && !existsSync("/sys/fs/cgroup/unified/cgroup.procs")) return "there is no cgroup version 2 hierarchy";
  return undefined;
}

/** Whether apt-get of Debian's kind installs packages here (os-release(5)). */
export function hasApt(osRelease = "/etc/os-release"): boolean {
  const text = existsSync(osRelease) ? readFileSync(osRelease, "utf8") : "";
  return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(text);
}
