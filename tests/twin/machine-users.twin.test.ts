import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GuestDescription } from "../../src/pve/simulator/index.ts";
import { iso9660 } from "../../src/provision/iso9660.ts";
import { RemoteDriver } from "../../src/twin/remote-driver.ts";
import { openRoom, type Room } from "../../src/twin/room.ts";
import { pathsUnder, processesOf, whatGets } from "./local-account.ts";
import { IMAGES, keyFor, leftovers, whyNot } from "./machine.ts";
import { planLab, type PlanLab } from "./plan-lab.ts";

/*
 * Who gets in on the machine: an account without rights there, and root in a guest. What they must not get they get
 * nowhere, whatever the guest did to its own files.
 */

const reason = whyNot();
const silent = (): void => undefined;
/** Nobody; a number that no account has; the number of the first person of a guest and of most machines. */
const ACCOUNTS = [65_534, 54_321, 1000];
/** Whose lab it is. */
const USER = 54_322;

describe.skipIf(reason !== undefined)(
  `the machine's own users${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let folder: string;
    let room: Room;
    let driver: RemoteDriver;
    let lab: PlanLab;
    let pc1: GuestDescription;
    let vmid: number;
    const places = (): Readonly<Record<"home" | "run", string>> => ({
      home: join(folder, "lib", "d"),
      run: join(folder, "run", "d"),
    });
    const open = async (): Promise<void> => {
      const { home, run } = places();
      room = await openRoom(
        {
          ...{ key: keyFor(folder), home, images: IMAGES, run, uid: USER, gid: USER, build: "test", archive: null },
          ...{ roles: {}, firmware: null },
        },
        silent,
        silent,
      );
      driver = new RemoteDriver(join(run, "twin.sock"));
    };
    const inGuest = async (script: string): Promise<string> => {
      const ran = await driver.exec(vmid, ["sh", "-c", script], "");
      return `${ran.stdout}${ran.stderr}`.trim();
    };

    /** Until its boot is over: before that there is nobody to ask how far it is. */
    const settled = async (): Promise<void> => {
      for (const deadline = Date.now() + 600_000; ; await sleep(100)) {
        const state = await inGuest("systemctl is-system-running").catch(String);
        if (/^(running|degraded)$/.test(state)) return;
        if (Date.now() > deadline) throw new Error(`the guest does not settle: ${state}`);
      }
    };

    beforeAll(async () => {
      // Where everybody may go: behind a folder that is root's alone nothing would be shown of what lies in it.
      folder = await mkdtemp("/var/tmp/maquette-users-");
      // Nothing above it hides what is in it.
      await chmod(folder, 0o755);
      await open();
      const from = { create: driver.create.bind(driver), start: driver.start.bind(driver) };
      lab = await planLab({ ...from, sockets: join(places().run, "g") }, folder);
      pc1 = await lab.describe("pc1");
      vmid = pc1.vmid;
      await chown(pc1.cdroms[0]!.hostPath!, USER, USER);
      await driver.create(pc1, silent);
      await driver.start(pc1, silent);
      await settled();
    });
    afterAll(async () => {
      await driver.destroy(vmid, silent);
      await driver.close();
      await room.close();
      await rm(folder, { recursive: true, force: true });
      expect(await leftovers()).toEqual([]);
    });

    /** Everything of the lab that lies on this machine, by name: an account may know them all. */
    const everything = async (): Promise<readonly string[]> => {
      const { home, run } = places();
      const pids = await processesOf(`maquette-${keyFor(folder)}/`);
      const ofProcesses = await Promise.all(
        pids.map(async (pid) => [
          ...["root/", "root/etc/shadow", "root/bin/sh", "cwd/", "environ", "maps", "mem"].map(
            (name) => `/proc/${pid}/${name}`,
          ),
          ...(await pathsUnder(`/proc/${pid}/fd`, 0)),
        ]),
      );
      const lists = await Promise.all([pathsUnder(home, 5), pathsUnder(IMAGES, 4), pathsUnder(run, 5)]);
      return [...lists.flat(), ...ofProcesses.flat()];
    };

    it("an account of the machine gets nothing of a guest, whatever root in the guest has left open", async () => {
      const left = await inGuest(`set -e
        cp /bin/sh /root/shell; chmod 4755 /root/shell; chmod 755 /root
        cp /bin/sh /run/host/unix-export/shell; chmod 4755 /run/host/unix-export/shell; chmod 777 /run/host/unix-export
        chmod 777 /home/maquette
        systemd-run -q --uid=maquette --property=WorkingDirectory=/ sleep 1000
        chmod 666 /run/host/unix-export/ssh 2>/dev/null || :; echo left`);
      expect(left).toBe("left");
      const paths = await everything();
      // The walk is one: root gets what is there, the setuid shells too.
      const asRoot = await whatGets(0, paths);
      for (const what of ["up/root/shell", ".guests/1020/shell".replace("1020", String(vmid)), "/etc/shadow", "cwd/"])
        expect([what, asRoot.some((got) => got.endsWith(what))]).toEqual([what, true]);
      for (const uid of ACCOUNTS) {
        const got = (await whatGets(uid, paths)).filter((line) => !isEverybodys(line));
        expect([uid, got]).toEqual([uid, []]);
      }
    });

    it("the lab's user alone reaches the room and a guest's socket, and can put nothing in their place", async () => {
      const { run } = places();
      const sockets = [join(run, "twin.sock"), join(run, "g", String(vmid), "ssh")];
      expect(await whatGets(USER, [run, join(run, "g"), join(run, "g", String(vmid)), ...sockets])).toEqual(
        sockets.map((path) => `connects to ${path}`),
      );
    });

    it("what is no socket is not published, though it bears a socket's name", async () => {
      const before = await inGuest(
        "cd /run/host/unix-export; systemctl stop sshd-unix-export.socket; rm -f ssh; cp /bin/sh ssh; chmod 4755 ssh; ls",
      );
      expect(before).toContain("ssh");
      await driver.reboot(pc1, silent);
      await settled();
      const published = await pathsUnder(join(places().run, "g", String(vmid)), 0);
      expect(published.filter((path) => path.endsWith(".new"))).toEqual([]);
    });

    it("folders that an earlier version left open are tightened at the next start, and its guests run on", async () => {
      const { home } = places();
      const open_ = [home, join(home, "g"), join(home, "s"), join(home, "g", String(vmid))];
      await mkdir(join(home, "s"), { recursive: true });
      for (const path of open_) await chmod(path, 0o755);
      await inGuest("echo kept > /root/kept");
      await room.close();
      await driver.close();
      await open();
      await driver.reconcile([{ guest: pc1, shouldRun: true, snapshots: [] }], silent);
      expect(await inGuest("cat /root/kept")).toBe("kept");
      for (const uid of ACCOUNTS)
        expect(await whatGets(uid, [...open_, join(home, "g", String(vmid), "up/root/shell")])).toEqual([]);
    });

    it("root in a guest reaches nothing of the machine", async () => {
      const got = await inGuest(ATTACKS);
      expect(got.split("\n").filter((line) => line.startsWith("GOT"))).toEqual([]);
      expect(got.split("\n")).toContain("all tried");
      expect(await readFile("/proc/sys/kernel/core_pattern", "utf8")).not.toContain("maquette-attack");
    });

    it("a seed's keys lie nowhere in a guest's /run, and what a CD held is gone when it is taken out", async () => {
      expect(await inGuest("grep -rsl 'PRIVATE KEY' /run; ls /run/maquette 2>&1 | grep -c seed")).toBe("0");
      // Not a seed's: a CD that the guest itself reads.
      const image = join(folder, "other.iso");
      await writeFile(image, iso9660("other", new Map([["secret", Buffer.from("hidden")]])));
      await chown(image, USER, USER);
      const cd = { slot: "ide2", volume: "local:iso/other.iso", hostPath: image };
      const withCd = { ...pc1, cdroms: [...pc1.cdroms, cd] };
      await driver.reboot(withCd, silent);
      await settled();
      expect(await inGuest("cat /run/maquette/media/ide2/*; ls /run/maquette/media")).toBe("hiddenide2");
      await driver.update(pc1, silent);
      expect(await inGuest("ls -A /run/maquette/media/ide2")).toBe("");
    });

    it("the accounts that a seed makes are whole: the system's own checks find nothing", async () => {
      expect(await inGuest("grpck -r && pwck -rq; echo $?")).toBe("0");
      expect(await inGuest("getent gshadow maquette | cut -d: -f1,2; stat -c %a:%U:%G /etc/shadow /etc/gshadow")).toBe(
        "maquette:!\n640:root:shadow\n640:root:shadow",
      );
    });

    it("its sources name the release's security suite beside it", async () => {
      expect(await inGuest("cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null")).toMatch(
        /^deb \S+ trixie-security main$/m,
      );
    });
  },
);

/** What anybody sees of any process; and names of folders that are passed through. */
const isEverybodys = (line: string): boolean => /^(lists|reads) \/proc\/\d+\/(task|status|stat|cmdline)/.test(line);

/** Ways out of a container that are known, each of which says GOT when it leads somewhere. */
const ATTACKS = `
m=$(mktemp -d)
for c in cpu cpuacct cpuset memory devices freezer blkio pids net_cls net_prio perf_event hugetlb none,name=systemd none,name=maquette-attack; do
  mount -t cgroup -o $c none $m 2>/dev/null || continue
  [ -e $m/release_agent ] && sh -c "cat $m/release_agent > $m/release_agent" 2>/dev/null && echo "GOT release_agent of $c"
  [ -e $m/devices.allow ] && sh -c "echo a > $m/devices.allow" 2>/dev/null && grep -q '^a ' $m/devices.list && echo "GOT all devices"
  umount $m
done
if mount -t proc proc $m 2>/dev/null; then
  for f in kernel/core_pattern kernel/modprobe kernel/hostname vm/drop_caches fs/protected_hardlinks kernel/sysrq; do
    [ -e $m/sys/$f ] && [ $f != kernel/hostname ] && sh -c ": >> $m/sys/$f" 2>/dev/null && echo "GOT /proc/sys/$f"
  done
  sh -c ": > $m/sysrq-trigger" 2>/dev/null && echo "GOT sysrq"
  umount $m
fi
for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do sh -c ": >> $f" 2>/dev/null && echo "GOT $f"; done
for t in devtmpfs debugfs tracefs securityfs configfs efivarfs pstore; do mount -t $t x $m 2>/dev/null && { echo "GOT $t"; umount $m; }; done
if mount -t sysfs sysfs $m 2>/dev/null; then
  for f in kernel/uevent_helper power/state kernel/mm/ksm/run block/vda/uevent; do [ -e $m/$f ] && sh -c ": >> $m/$f" 2>/dev/null && echo "GOT /sys/$f"; done
  umount $m
fi
i=0
for d in $(cat /sys/block/*/dev 2>/dev/null) 1:1 ; do
  i=$((i + 1)); kind=b; [ $d = 1:1 ] && kind=c
  for at in /root /dev; do
    mknod $at/attack$i $kind \${d%:*} \${d#*:} 2>/dev/null && head -c 1 $at/attack$i >/dev/null 2>&1 && echo "GOT device $d"
    rm -f $at/attack$i
  done
done
cat /dev/kmsg >/dev/null 2>&1 < /dev/null & sleep 0; kill $! 2>/dev/null
for p in $(ls -d /proc/[0-9]*); do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -E '^(unshare|node)' | sed "s|^|GOT process |"; done
hostname maquette-attack 2>/dev/null; hostname -F /etc/hostname
echo "all tried"
`;
