import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { command, must } from "./command.ts";

/** As many user and group ids as a guest has: Samba, as a domain controller, gives numbers from 3,000,000 on. */
export const IDS = 2 ** 22;
/** Above what people and their containers have, below what some programs take for negative. */
const FIRST_SLOT = 2 ** 28 / IDS;
const SLOTS = 2 ** 31 / IDS - FIRST_SLOT;

/** The first of a guest's own ids on this machine: another for each guest of a lab, the same at each start. */
export function firstIdOf(lab: string, vmid: number): number {
  const start = createHash("sha256").update(lab).digest().readUInt32BE(0);
  return (FIRST_SLOT + ((start + vmid) % SLOTS)) * IDS;
}

/*
 * mount_setattr(2) with MOUNT_ATTR_IDMAP: what lies on the disk as id n is seen as first + n, and what is written
 * there as first + n lies as n. mount(8) has it since util-linux 2.39 only; Perl is there wherever mmdebstrap is. The
 * numbers of these calls are the same on every architecture. The map is a user namespace's, made for the moment.
 */
const SHIFT = `
use strict;
my ($first, $count, @mounts) = @ARGV;
my $pid = open(my $held, "|-", "unshare", "--user", "cat") or die "unshare: $!\\n";
my ($empty, $own) = ("", readlink("/proc/self/ns/user"));
for (1 .. 2000) {
  my $its = readlink("/proc/$pid/ns/user");
  last if defined $its && $its ne $own;
  select(undef, undef, undef, 0.005);
}
for my $kind ("uid", "gid") {
  open(my $map, ">", "/proc/$pid/$kind" . "_map") or die "$kind map: $!\\n";
  syswrite($map, "0 $first $count\\n") or die "$kind map: $!\\n";
}
open(my $ns, "<", "/proc/$pid/ns/user") or die "user namespace: $!\\n";
while (my ($from, $to) = splice(@mounts, 0, 2)) {
  my $tree = syscall(428, -100, $from, 1);
  die "open_tree $from: $!\\n" if $tree < 0;
  my $attributes = pack("Q4", 0x00100000, 0, 0, fileno($ns));
  die "mount_setattr $from: $!\\n" if syscall(442, $tree, $empty, 0x1000, $attributes, 32) < 0;
  die "move_mount $to: $!\\n" if syscall(429, $tree, $empty, -100, $to, 4) < 0;
}
`;

/*
 * fsopen(2) and what follows it: overlayfs acts on its folders as whoever mounted it, and who is to write there must
 * have an id that the shift knows. So it is mounted as the guest's root.
 * Names are relative: an option has at most 255 characters. Devices on a guest's disk open nothing.
 */
const OVERLAY = `
use strict;
my ($folder, $root, $source, $lower) = @ARGV;
chdir $folder or die "$folder: $!\n";
my ($type, $empty, $none) = ("overlay", "", 0);
my $fs = syscall(430, $type, 1);
die "fsopen: $!\n" if $fs < 0;
my @options = ("source", $source, "lowerdir", $lower, "upperdir", "0/up", "workdir", "0/wk");
while (my ($name, $value) = splice(@options, 0, 2)) {
  die "overlay $name=$value: $!\n" if syscall(431, $fs, 1, $name, $value, 0) < 0;
}
die "overlay: $!\n" if syscall(431, $fs, 6, $none, $none, 0) < 0;
my $mount = syscall(432, $fs, 1, 4);
die "fsmount: $!\n" if $mount < 0;
die "move_mount $root: $!\n" if syscall(429, $mount, $empty, -100, $root, 4) < 0;
`;

/** What overlayfs does in its folders on a guest's behalf, and nothing else. */
const POWERS = ["chown", "dac_override", "dac_read_search", "fowner", "fsetid", "mknod", "setfcap", "sys_admin"]
  .map((name) => `+${name}`)
  .join(",");

/** What makes a command the guest's root, with powers over files of this machine's (setpriv(1)). */
const asGuestRoot = (firstId: number): readonly string[] => [
  ...["setpriv", `--reuid=${firstId}`, `--regid=${firstId}`, "--clear-groups"],
  ...[`--inh-caps=${POWERS}`, `--ambient-caps=${POWERS}`, "--"],
];

/**
 * Mounts a guest's disk with its owners shifted.
 * @param folder an empty one for what comes in between: a number for each folder below
 * @param folders the disk's own (`up`, `wk`), then what it stands on, topmost first
 * @throws CommandFailed
 */
export async function mountShifted(
  enter: readonly string[],
  given: {
    readonly firstId: number;
    readonly source: string;
    readonly folder: string;
    readonly folders: readonly string[];
    readonly root: string;
  },
): Promise<void> {
  const { firstId, source, folder, folders, root } = given;
  const mounts = folders.flatMap((from, n) => [from, join(folder, String(n))]);
  await must([...enter, "perl", "-e", SHIFT, String(firstId), String(IDS), ...mounts]);
  const lower = folders.slice(1).map((_, n) => String(n + 1));
  const argv = ["perl", "-e", OVERLAY, folder, root, source, lower.join(":")];
  await must([...enter, ...asGuestRoot(firstId), ...argv]);
}

/**
 * Why guests cannot have user namespaces of their own under this folder: the kernel refuses them, or overlayfs on
 * shifted folders (before Linux 5.19), or the folder's file system shifts no owners; undefined when they can.
 */
export async function whyNotShifted(home: string): Promise<string | undefined> {
  const folder = join(home, "shift");
  const at = (...names: string[]): string => join(folder, ...names);
  const firstId = FIRST_SLOT * IDS;
  const setpriv = asGuestRoot(firstId).join(" ");
  const script = `perl -e "$1" ${firstId} ${IDS} ${at("disk")} ${at("m/0")} ${at("lower")} ${at("m/1")}
${setpriv} perl -e "$2" ${at("m")} ${at("root")} maquette-probe 1
${setpriv} sh -c ": > ${at("root/written")}"`;
  await rm(folder, { recursive: true, force: true });
  for (const name of ["lower", "disk/up", "disk/wk", "m/0", "m/1", "root"])
    await mkdir(at(name), { recursive: true, mode: 0o755 });
  try {
    const argv = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "maquette", SHIFT, OVERLAY];
    const { exitCode, stderr } = await command(argv);
    return exitCode === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? `exit ${exitCode}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
