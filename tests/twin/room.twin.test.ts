import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { RemoteDriver } from "../../src/twin/remote-driver.ts";
import { openRoom, type Room } from "../../src/twin/room.ts";
import { guest, guestDriverContract } from "../pve/guest-driver-contract.ts";
import { IMAGES, keyFor, leftovers, whyNot } from "./machine.ts";

const reason = whyNot();
const silent = (): void => undefined;

describe.skipIf(reason !== undefined)(`the machine room${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  const folders: string[] = [];
  const rooms: Room[] = [];

  async function open(home?: string): Promise<{ readonly room: Room; readonly home: string; readonly socket: string }> {
    const folder = home ?? (await mkdtemp(join(tmpdir(), "maquette-room-")));
    if (home === undefined) folders.push(folder);
    const room = await openRoom(
      {
        key: keyFor(folder),
        home: join(folder, "lib", "d"),
        images: IMAGES,
        run: join(folder, "run"),
        uid: 0,
        gid: 0,
        build: "test",
        archive: null,
        roles: {},
        firmware: null,
      },
      silent,
      silent,
    );
    rooms.push(room);
    return { room, home: folder, socket: join(folder, "run", "twin.sock") };
  }

  // A driver lets go of its room, which keeps its guests: its end is the test's.
  afterEach(async () => {
    for (const room of rooms.splice(0)) await room.close();
  });
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  guestDriverContract("container, through the machine room", async () => new RemoteDriver((await open()).socket), {
    canExec: true,
    timeoutMs: 60_000,
  });

  it("when it is killed its guests are without power, and one that comes back starts those that ran", async () => {
    const first = await open();
    const driver = new RemoteDriver(first.socket);
    const power: [number, boolean][] = [];
    driver.onPower((vmid, isOn) => power.push([vmid, isOn]));
    await driver.create(guest(100), silent);
    await driver.create(guest(101), silent);
    await driver.start(guest(100), silent);
    await driver.exec(100, ["sh", "-c", "echo kept > /root/kept"], "");
    await first.room.close();
    expect((await driver.status([100, 101])).get(100)?.power).toBe("stopped");
    expect(power).toEqual([[100, false]]);
    await expect(driver.exec(100, ["true"], "")).rejects.toThrow(/sudo/);
    await open(first.home);
    expect((await driver.status([100, 101])).get(100)?.power).toBe("running");
    expect(power).toEqual([
      [100, false],
      [100, true],
    ]);
    expect((await driver.exec(100, ["cat", "/root/kept"], "")).stdout).toBe("kept\n");
    await driver.close();
  });

  it("reads no CD image that is not the lab's user's, and takes no name that could be a command", async () => {
    const { socket } = await open();
    const driver = new RemoteDriver(socket);
    await expect(
      driver.create(guest(100, { nics: [{ ...guest(100).nics[0]!, bridge: "vmbr0; reboot" }] }), silent),
    ).rejects.toThrow(/nics\.0\.bridge/);
    await expect(
      driver.create(
        guest(100, { cdroms: [{ slot: "ide3", volume: "local:iso/x.iso", hostPath: "/dev/null" }] }),
        silent,
      ),
    ).rejects.toThrow(/not a file of the lab's user/);
    await driver.close();
  });

  it("leaves nothing on the machine", async () => {
    expect(await leftovers()).toEqual([]);
  });
});
