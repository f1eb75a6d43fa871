import { expect, it } from "vitest";
import { MemoryDriver } from "../../src/pve/simulator/index.ts";
import { guest, guestDriverContract } from "./guest-driver-contract.ts";

guestDriverContract("memory", () => new MemoryDriver());

it("a memory guest can be made to ignore a polite shutdown", async () => {
  const driver = new MemoryDriver({ ignoresShutdown: (vmid) => vmid === 100 });
  await driver.create(guest(100), () => undefined);
  await driver.start(guest(100));
  expect(await driver.shutdown(100, { timeoutMs: 1000 }, () => undefined)).toBe(false);
  expect((await driver.status([100])).get(100)?.power).toBe("running");
});

it("a memory guest runs no commands and says so", async () => {
  const driver = new MemoryDriver();
  await driver.create(guest(100), () => undefined);
  await expect(driver.exec(100)).rejects.toThrow("a memory guest runs no commands");
});
