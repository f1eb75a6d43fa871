import { mkdtemp, readFile, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../src/stack/root.ts";
import { PROTOCOL, type RoomArguments } from "../../src/twin/protocol.ts";
import { askRoom, RemoteDriver } from "../../src/twin/remote-driver.ts";
import { guest } from "../pve/guest-driver-contract.ts";
import { IMAGES, keyFor, leftovers, whyNot } from "./machine.ts";

const reason = whyNot();
const silent = (): void => undefined;
const root = repositoryRoot();
const { bundled } = (await import(join(root, "bin/load.js"))) as {
  bundled: (root: string, name: string) => Promise<string>;
};
const { startRoom } = (await import(join(root, "bin/rooter.js"))) as {
  startRoom: (wanted: object) => Promise<{ readonly kind: string; readonly message?: string }>;
};

describe.skipIf(reason !== undefined)(
  `a machine room as a process${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    const undo: (() => unknown)[] = [];
    afterEach(async () => {
      for (const step of undo.splice(0).reverse()) await step();
      expect(await leftovers()).toEqual([]);
    });

    async function settings(): Promise<RoomArguments> {
      const folder = await mkdtemp(join(tmpdir(), "maquette-killed-"));
      undo.push(() => rm(folder, { recursive: true, force: true }));
      const home = join(folder, "lib", "d");
      const run = join(folder, "run");
      const key = keyFor(folder);
      return { key, home, images: IMAGES, run, uid: 0, gid: 0, build: "b", archive: null, roles: {}, firmware: null };
    }
    async function start(given: RoomArguments): Promise<number> {
      const file = await bundled(root, "twin");
      expect(await startRoom({ file, settings: given, logFile: join(given.home, "room.log") })).toEqual({
        kind: "ready",
      });
      const hello = await askRoom(join(given.run, "twin.sock"), "hello", [{ protocol: PROTOCOL, build: "" }]);
      return (hello as { readonly pid: number }).pid;
    }
    async function ended(pid: number): Promise<void> {
      // A process that is not our child tells us nothing when it ends.
      while (existsSync(`/proc/${pid}`)) await sleep(10);
    }
    async function stop(given: RoomArguments, pid: number): Promise<void> {
      await askRoom(join(given.run, "twin.sock"), "shutdownAll", []).catch(silent);
      await ended(pid);
    }

    it("killed while guests run: they lose power with it, and the next one starts them with their disks", async () => {
      const given = await settings();
      const first = await start(given);
      const driver = new RemoteDriver(join(given.run, "twin.sock"));
      undo.push(() => driver.close());
      await driver.create(guest(100), silent);
      await driver.start(guest(100), silent);
      await driver.exec(100, ["sh", "-c", "echo kept > /root/kept; sync"], "");
      const { pid } = (await driver.status([100])).get(100)!;
      process.kill(first, "SIGKILL");
      await ended(first);
      await ended(pid);
      // What stays of it is empty: no process, no mount, no namespace.
      expect((await leftovers(given.key)).filter((line) => !line.startsWith("control group"))).toEqual([]);
      expect((await driver.status([100])).get(100)?.power).toBe("stopped");
      const second = await start(given);
      undo.push(() => stop(given, second));
      expect((await driver.status([100])).get(100)?.power).toBe("running");
      expect((await driver.exec(100, ["cat", "/root/kept"], "")).stdout).toBe("kept\n");
      await driver.destroy(100, silent);
    });

    it("told to end, it leaves disks where there are any, and nothing at all where there are none", async () => {
      const given = await settings();
      const first = await start(given);
      const driver = new RemoteDriver(join(given.run, "twin.sock"));
      await driver.create(guest(100), silent);
      await driver.start(guest(100), silent);
      await stop(given, first);
      expect(existsSync(join(given.home, "g", "100", "disk.json"))).toBe(true);
      expect(existsSync(given.run)).toBe(false);
      const second = await start(given);
      const again = new RemoteDriver(join(given.run, "twin.sock"));
      undo.push(() => Promise.all([driver.close(), again.close()]));
      await again.reconcile([{ guest: guest(100), shouldRun: false, snapshots: [] }], silent);
      await again.destroy(100, silent);
      await stop(given, second);
      expect(existsSync(given.home)).toBe(false);
    });

    it("two labs of one machine do not see each other", async () => {
      const labs = [await settings(), await settings()];
      for (const given of labs) {
        const pid = await start(given);
        undo.push(() => stop(given, pid));
      }
      const drivers = labs.map((given) => new RemoteDriver(join(given.run, "twin.sock")));
      undo.push(() => Promise.all(drivers.map((d) => d.close())));
      await Promise.all(
        drivers.map(async (driver, n) => {
          await driver.create(guest(100), silent);
          await driver.start(guest(100), silent);
          await driver.exec(100, ["sh", "-c", `echo lab${n} > /root/whose`], "");
        }),
      );
      for (const [n, driver] of drivers.entries()) {
        expect((await driver.exec(100, ["cat", "/root/whose"], "")).stdout).toBe(`lab${n}\n`);
        await driver.destroy(100, silent);
      }
    });

    it("its memory and CPU limits are the guest's own", async () => {
      const given = await settings();
      const pid = await start(given);
      undo.push(() => stop(given, pid));
      const driver = new RemoteDriver(join(given.run, "twin.sock"));
      undo.push(() => driver.close());
      await driver.create(guest(100, { memoryMiB: 96 }), silent);
      await driver.start(guest(100, { memoryMiB: 96 }), silent);
      await driver.exec(100, ["systemctl", "is-system-running", "--wait"], "");
      // More than it has: the kernel ends that process, not the guest.
      const hungry = await driver.exec(100, ["python3", "-c", "x = bytearray(300 * 1024 * 1024); print(len(x))"], "");
      expect(hungry.exitCode).not.toBe(0);
      expect((await driver.status([100])).get(100)?.power).toBe("running");
      expect((await driver.status([100])).get(100)!.memoryBytes).toBeLessThanOrEqual(96 * 1024 * 1024);
      await driver.destroy(100, silent);
      expect(await readFile("/proc/mounts", "utf8")).not.toContain("maquette-100");
    });
  },
);
