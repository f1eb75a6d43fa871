import { describe, expect, test } from "vitest";
import { whilePowered } from "../../../src/provision/steps/powered.ts";
import { FakePve, vm } from "../fake-client.ts";

const MARK = "lab-12345678";
const role = {
  host: "mail",
  vmId: 1014,
  mark: MARK,
  reach: {
    os: "debian" as const,
    way: "inside" as const,
    address: "10.20.20.14",
    bastion: { host: "bastion", vmId: 1003, address: null },
  },
};
const labOf = (...off: readonly number[]): FakePve => {
  const pve = new FakePve();
  pve.vms = [vm(1014, "mail", [MARK]), vm(1003, "bastion", [MARK])].map((v) => ({
    ...v,
    status: off.includes(v.vmid) ? "stopped" : "running",
  }));
  return pve;
};
const never = (): Promise<never> => new Promise(() => undefined);

describe("work on a host", () => {
  test("is waited for while both have power, and what it says counts", async () => {
    const pve = labOf();
    const work = async (): Promise<string> => {
      await expect.poll(() => pve.calls.length).toBeGreaterThan(3);
      return "done";
    };
    expect(await whilePowered(role, pve.connect, work(), 1)).toBe("done");
    await expect(whilePowered(role, pve.connect, Promise.reject(new Error("no")), 1)).rejects.toThrow("no");
  });

  test("ends with the reason when the host, or the bastion before it, is off", async () => {
    await expect(whilePowered(role, labOf(1014).connect, never(), 1)).rejects.toMatchObject({
      code: "STEP_GUEST_OFF",
      message: "mail has lost its power.",
    });
    await expect(whilePowered(role, labOf(1003).connect, never(), 1)).rejects.toThrow(
      "bastion has lost its power, and mail is reached through it.",
    );
  });

  test("lives through a restart, and through an API that does not answer", async () => {
    const pve = labOf(1014);
    let looks = 0;
    const listVms = pve.listVms.bind(pve);
    pve.listVms = () => {
      looks++;
      // Off whenever it is looked at first, on the next time.
      if (looks % 3 === 0) return Promise.reject(new Error("down"));
      return looks % 3 === 1 ? listVms() : labOf().listVms();
    };
    const work = async (): Promise<string> => {
      await expect.poll(() => looks).toBeGreaterThan(9);
      return "done";
    };
    expect(await whilePowered(role, pve.connect, work(), 1)).toBe("done");
  });
});
