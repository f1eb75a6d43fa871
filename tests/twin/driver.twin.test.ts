import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { guest, guestDriverContract } from "../pve/guest-driver-contract.ts";
import type { KnownPackages } from "../../src/twin/images/catalogue.ts";
import { roleLayers } from "../../src/roles/registry.ts";
import { findArchive } from "../../src/twin/images/archive.ts";
import { ImageStore } from "../../src/twin/images/store.ts";
import { driverHere, IMAGES, leftovers, whyNot } from "./machine.ts";

const reason = whyNot();
const silent = (): void => undefined;

describe.skipIf(reason !== undefined)(`guests that run${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  const made: Awaited<ReturnType<typeof driverHere>>[] = [];
  const ofItsOwn = async (): ReturnType<typeof driverHere> => {
    const here = await driverHere();
    made.push(here);
    onTestFinished(() => here.driver.close());
    return here;
  };
  guestDriverContract(
    "container",
    async () => {
      const here = await driverHere();
      made.push(here);
      return here.driver;
    },
    { canExec: true, timeoutMs: 60_000 },
  );

  it("a guest that is stopped in the middle of its own reboot stays off", { timeout: 60_000 }, async () => {
    const { driver } = await ofItsOwn();
    await driver.create(guest(100), silent);
    // Whenever it comes: before it has gone down, while nothing of it is there, and while it boots again.
    for (const afterMs of [0, 60, 120, 180, 240, 300, 400]) {
      await driver.start(guest(100), silent);
      await driver.exec(100, ["systemctl", "--force", "--force", "reboot"], "").catch(() => undefined);
      await sleep(afterMs);
      await driver.stop(100);
      expect((await driver.status([100])).get(100)?.power, `${afterMs} ms`).toBe("stopped");
    }
  });

  it("ended while guests start, a driver ends all the same", { timeout: 60_000 }, async () => {
    const { driver } = await ofItsOwn();
    for (const vmid of [100, 101, 102]) await driver.create(guest(vmid), silent);
    for (const afterMs of [0, 50, 150]) {
      const starting = [100, 101, 102].map((vmid) => driver.start(guest(vmid), silent).catch(() => undefined));
      await sleep(afterMs);
      await driver.close();
      await Promise.all(starting);
      const entries = [100, 101, 102].map((vmid) => ({ guest: guest(vmid), shouldRun: false, snapshots: [] }));
      await driver.reconcile(entries, silent);
      expect([...(await driver.status([100, 101, 102])).values()].map((s) => s.power)).toEqual(
        Array(3).fill("stopped"),
      );
    }
  });

  it("no snapshot or clone is lost to another guest's deletion meanwhile", { timeout: 60_000 }, async () => {
    const { driver } = await ofItsOwn();
    const kept = [100, 101, 102, 103];
    for (const vmid of kept) {
      await driver.create(guest(vmid), silent);
      await driver.start(guest(vmid), silent);
      await driver.exec(vmid, ["sh", "-c", `echo ${vmid} > /root/mine`], "");
    }
    const churn = (async () => {
      for (let n = 0; n < 40; n++) {
        await driver.create(guest(900), silent);
        await driver.destroy(900);
      }
    })();
    await Promise.all([
      churn,
      ...kept.map((vmid) => driver.snapshot(vmid, "before", { withMemory: false })),
      ...kept.map((vmid) => driver.clone({ vmid }, guest(vmid + 100), { isFull: true }, silent)),
    ]);
    for (const vmid of kept) {
      await driver.rollback(guest(vmid), "before");
      for (const id of [vmid, vmid + 100]) {
        await driver.start(guest(id), silent);
        expect((await driver.exec(id, ["cat", "/root/mine"], "")).stdout).toBe(`${vmid}\n`);
      }
    }
  });

  it(
    "a running guest gets what its roles have got since, and what is on its disk stays",
    { timeout: 600_000 },
    async () => {
      const packages: { -readonly [K in keyof KnownPackages]: KnownPackages[K] } = { router: [], roles: {} };
      const here = await driverHere({ packages });
      made.push(here);
      onTestFinished(() => here.driver.close());
      const inside = async (...argv: readonly string[]): Promise<string> => {
        const ran = await here.driver.exec(100, argv, "");
        return ran.exitCode === 0 ? ran.stdout : `exit ${ran.exitCode}`;
      };
      const own = guest(100, { tags: ["role-bastion"] });
      await here.driver.create(own, silent);
      await here.driver.start(own, silent);
      await inside("sh", "-c", "echo mine > /root/mine");
      packages.roles = roleLayers;
      const said: string[] = [];
      await here.driver.supply([{ vmid: 100, also: ["vpn"] }], (line) => said.push(line));
      expect(said).toEqual([expect.stringMatching(/^guest100: installing .*\bopenvpn\b/)]);
      expect(await inside("openvpn", "--version")).toMatch(/^OpenVPN /);
      expect(await inside("dpkg", "--audit")).toBe("");
      expect(await inside("cat", "/root/mine")).toBe("mine\n");
      expect(await inside("ls", "/var/cache")).not.toContain("maquette");
      // Off or there already: nothing is to be done.
      const guests = [100, 101].map((vmid) => ({ vmid, also: ["vpn"] }));
      await here.driver.supply(guests, (line) => said.push(line));
      expect(said).toHaveLength(1);
    },
  );

  it(
    "a package that somebody removed from the cache is fetched once more for a guest that lacks it",
    { timeout: 600_000 },
    async () => {
      const packages: { -readonly [K in keyof KnownPackages]: KnownPackages[K] } = { router: [], roles: {} };
      const said: string[] = [];
      const images = new ImageStore({
        folder: IMAGES,
        archive: () => findArchive(null),
        log: (line) => said.push(line),
      });
      const here = await driverHere({ packages, images });
      made.push(here);
      onTestFinished(() => here.driver.close());
      const own = guest(100, { tags: ["role-bastion"] });
      await here.driver.create(own, silent);
      await here.driver.start(own, silent);
      packages.roles = { bastion: [["hello"]] };
      await images.layersFor({ suite: "trixie", layers: [["hello"]] });
      const { folder, files } = await images.packageFiles({ suite: "trixie", layers: [["hello"]] });
      const hello = [...files].find(([name]) => name.startsWith("hello="))![1];
      await rm(join(folder, hello));
      await here.driver.supply([{ vmid: 100, also: [] }], silent);
      expect(said).toContainEqual(expect.stringMatching(/packages that it was built of are not there any more/));
      expect((await here.driver.exec(100, ["hello"], "")).stdout).toBe("Hello, world!\n");
    },
  );

  it("leaves no process, mount, control group or namespace on the machine", async () => {
    expect(await leftovers()).toEqual([]);
  });

  afterAll(async () => {
    for (const here of made) await here.remove();
  });
});
