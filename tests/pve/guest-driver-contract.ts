import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GuestDriverError } from "../../src/pve/simulator/index.ts";
import type { GuestDescription, GuestDriver } from "../../src/pve/simulator/index.ts";

/** A guest needs a moment until it answers: asks again until it does, within the test's own limit. */
async function eventually<T>(ask: () => Promise<T | undefined>, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && holds(answer)) return answer;
    await sleep(20);
  }
}

export interface ContractOptions {
  /** Has the driver a real guest that answers `exec`? */
  readonly canExec?: boolean;
  /** Milliseconds for one behaviour; default 60_000. */
  readonly timeoutMs?: number;
}

export function guest(vmid: number, change: Partial<GuestDescription> = {}): GuestDescription {
  return {
    vmid,
    node: "pve1",
    name: `guest${vmid}`,
    tags: ["lab"],
    isTemplate: false,
    memoryMiB: 256,
    cores: 1,
    isAgentEnabled: true,
    nics: [{ index: 0, model: "virtio", mac: "BC:24:11:00:00:01", bridge: "vmbr0", tag: 10, isLinkDown: false }],
    disks: [
      {
        slot: "scsi0",
        volume: `local-lvm:vm-${vmid}-disk-0`,
        sizeBytes: 2 ** 30,
        origin: { kind: "image", volume: "local:import/debian-13-genericcloud-amd64.qcow2" },
      },
    ],
    cdroms: [],
    cloudInit: { sshKeys: [], ipConfigs: { 0: "ip=192.0.2.10/24,gw=192.0.2.1" }, nameservers: [] },
    config: {},
    ...change,
  };
}

const silent = (): void => undefined;

/**
 * What every guest driver must do, whatever runs the guests.
 * @param makeDriver a driver without guests; called for each behaviour, closed after it
 */
export function guestDriverContract(
  name: string,
  makeDriver: () => GuestDriver | Promise<GuestDriver>,
  options: ContractOptions = {},
): void {
  describe(`the ${name} driver`, { timeout: options.timeoutMs ?? 60_000 }, () => {
    let driver: GuestDriver;
    const power = async (vmid: number): Promise<string | undefined> => (await driver.status([vmid])).get(vmid)?.power;
    const running = async (vmid: number, change: Partial<GuestDescription> = {}): Promise<GuestDescription> => {
      const made = guest(vmid, change);
      await driver.create(made, silent);
      await driver.start(made, silent);
      return made;
    };

    beforeEach(async () => {
      driver = await makeDriver();
    });
    afterEach(() => driver.close());

    it("knows no guest at first", async () => {
      expect((await driver.status([100, 101])).size).toBe(0);
    });

    it("creates a guest powered off", async () => {
      await driver.create(guest(100), silent);
      expect((await driver.status([100])).get(100)).toEqual({
        power: "stopped",
        uptimeSeconds: 0,
        memoryBytes: 0,
        cpu: 0,
        pid: 0,
      });
    });

    it("refuses a vmid that is taken", async () => {
      await driver.create(guest(100), silent);
      await expect(driver.create(guest(100), silent)).rejects.toBeInstanceOf(GuestDriverError);
    });

    it("starts a guest, which then has a process, an uptime and memory", async () => {
      await running(100);
      const status = (await driver.status([100])).get(100)!;
      expect(status.power).toBe("running");
      expect(status.pid).toBeGreaterThan(0);
      expect(status.uptimeSeconds).toBeGreaterThan(0);
      expect(status.memoryBytes).toBeGreaterThan(0);
    });

    it("refuses to start what runs, and what is a template", async () => {
      const made = await running(100);
      await expect(driver.start(made, silent)).rejects.toBeInstanceOf(GuestDriverError);
      await driver.create(guest(101), silent);
      const template = guest(101, { isTemplate: true });
      await driver.update(template, silent);
      await expect(driver.start(template, silent)).rejects.toBeInstanceOf(GuestDriverError);
    });

    it("stops a guest at once, and does not mind one that is off", async () => {
      await running(100);
      await driver.stop(100, silent);
      expect(await power(100)).toBe("stopped");
      await driver.stop(100, silent);
    });

    it("shuts a guest down politely", async () => {
      await running(100);
      expect(await driver.shutdown(100, { timeoutMs: 30_000 }, silent)).toBe(true);
      expect(await power(100)).toBe("stopped");
    });

    it("reboots a running guest only", async () => {
      const made = await running(100);
      await driver.reboot(made, silent);
      expect(await power(100)).toBe("running");
      await driver.stop(100, silent);
      await expect(driver.reboot(made, silent)).rejects.toBeInstanceOf(GuestDriverError);
    });

    it("pauses and resumes", async () => {
      await running(100);
      await driver.pause(100);
      expect(await power(100)).toBe("paused");
      await driver.resume(100);
      expect(await power(100)).toBe("running");
    });

    it("destroys a guest, running or not, and does not mind one that is gone", async () => {
      await running(100);
      await driver.destroy(100, silent);
      expect((await driver.status([100])).size).toBe(0);
      await driver.destroy(100, silent);
      await driver.create(guest(100), silent);
    });

    it("clones a guest powered off; the source stays as it is", async () => {
      await running(100);
      await driver.clone({ vmid: 100 }, guest(101), { isFull: true }, silent);
      expect(await power(100)).toBe("running");
      expect(await power(101)).toBe("stopped");
      await driver.start(guest(101), silent);
      expect(await power(101)).toBe("running");
    });

    it("clones neither what is not there nor to a vmid that is taken", async () => {
      await expect(driver.clone({ vmid: 100 }, guest(101), { isFull: false }, silent)).rejects.toBeInstanceOf(
        GuestDriverError,
      );
      await driver.create(guest(100), silent);
      await expect(driver.clone({ vmid: 100 }, guest(100), { isFull: false }, silent)).rejects.toBeInstanceOf(
        GuestDriverError,
      );
      await expect(
        driver.clone({ vmid: 100, snapshot: "nope" }, guest(102), { isFull: true }, silent),
      ).rejects.toBeInstanceOf(GuestDriverError);
    });

    it("rolls back to a snapshot powered off, as often as is asked", async () => {
      const made = await running(100);
      await driver.snapshot(100, "before", { withMemory: false }, silent);
      await driver.rollback(made, "before", silent);
      expect(await power(100)).toBe("stopped");
      await driver.start(made, silent);
      await driver.rollback(made, "before", silent);
      expect(await power(100)).toBe("stopped");
    });

    it("forgets a snapshot that is deleted, and refuses one that is not there or there already", async () => {
      await driver.create(guest(100), silent);
      await driver.snapshot(100, "one", { withMemory: false }, silent);
      await expect(driver.snapshot(100, "one", { withMemory: false }, silent)).rejects.toBeInstanceOf(GuestDriverError);
      await driver.deleteSnapshot(100, "one", silent);
      await expect(driver.deleteSnapshot(100, "one", silent)).rejects.toBeInstanceOf(GuestDriverError);
      await expect(driver.rollback(guest(100), "one", silent)).rejects.toBeInstanceOf(GuestDriverError);
    });

    it("has an agent only while the guest runs and only where it is enabled", async () => {
      await driver.create(guest(100), silent);
      expect(await driver.agent(100)).toBeUndefined();
      await driver.start(guest(100), silent);
      const info = await eventually(
        () => driver.agent(100),
        (said) => said.hostname === "guest100",
      );
      expect(info.interfaces.some((nic) => nic.mac.toUpperCase() === "BC:24:11:00:00:01")).toBe(true);
      await running(101, { isAgentEnabled: false });
      expect(await driver.agent(101)).toBeUndefined();
    });

    it("pulls and plugs the cable of a NIC that is there", async () => {
      await running(100);
      const hasAddresses = (count: number): Promise<unknown> =>
        eventually(
          () => driver.agent(100),
          (said) =>
            said.interfaces.find((nic) => nic.mac.toUpperCase() === "BC:24:11:00:00:01")?.addresses.length === count,
        );
      await hasAddresses(1);
      await driver.setLink(100, 0, false);
      await hasAddresses(0);
      await driver.setLink(100, 0, true);
      await hasAddresses(1);
      await expect(driver.setLink(100, 7, false)).rejects.toBeInstanceOf(GuestDriverError);
    });

    it("keeps a console of lines", async () => {
      await running(100);
      const lines = await driver.console(100, { tailLines: 5 });
      expect(lines.length).toBeLessThanOrEqual(5);
    });

    const why = options.canExec === true ? "" : " (skipped: guests in memory run no command)";
    it.runIf(options.canExec === true)(`runs a command in the guest and tells how it ended${why}`, async () => {
      await running(100);
      await eventually(
        () => driver.exec(100, ["true"], "").catch(() => undefined),
        (done) => done.exitCode === 0,
      );
      expect(await driver.exec(100, ["sh", "-c", "cat; echo no >&2; exit 3"], "hello")).toEqual({
        exitCode: 3,
        stdout: "hello",
        stderr: "no\n",
      });
      // One that takes longer than it was given is ended, inside as well.
      await expect(driver.exec(100, ["sleep", "4711"], "", 500)).rejects.toThrow(
        "VM 100: sleep did not end within 0.5 s, and was ended",
      );
      const left = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 471[1]'";
      expect((await driver.exec(100, ["sh", "-c", left], "")).stdout).toBe("0\n");
    });

    it("says in words that a guest is not there", async () => {
      for (const call of [
        driver.stop(9, silent),
        driver.pause(9),
        driver.snapshot(9, "s", { withMemory: false }, silent),
        driver.exec(9, ["true"], ""),
      ])
        await expect(call).rejects.toBeInstanceOf(GuestDriverError);
    });

    it("brings back after a restart what ran, and only that", async () => {
      const entries = [
        { guest: guest(100), shouldRun: true, snapshots: [] },
        { guest: guest(101), shouldRun: false, snapshots: ["before"] },
      ];
      for (const entry of entries) await driver.create(entry.guest, silent);
      for (const entry of entries)
        for (const snapshot of entry.snapshots)
          await driver.snapshot(entry.guest.vmid, snapshot, { withMemory: false }, silent);
      await driver.close();
      await driver.reconcile(entries, silent);
      expect(await power(100)).toBe("running");
      expect(await power(101)).toBe("stopped");
      await driver.rollback(entries[1]!.guest, "before", silent);
    });

    it("works on many guests at the same time", async () => {
      const vmids = Array.from({ length: 5 }, (_, n) => 200 + n);
      await Promise.all(vmids.map((vmid) => running(vmid)));
      expect([...(await driver.status(vmids)).values()].every((status) => status.power === "running")).toBe(true);
    });
  });
}
