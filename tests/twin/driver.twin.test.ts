import { guestDriverContract } from "../pve/guest-driver-contract.ts";
import { describe } from "vitest";
import { afterAll, expect, it } from "vitest";
import { driverHere, leftovers, whyNot } from "./machine.ts";

const reason = whyNot();

describe.skipIf(reason !== undefined)(`guests that run${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  const made: { remove(): Promise<void> }[] = [];
  guestDriverContract(
    "container",
    async () => {
      const here = await driverHere();
      made.push(here);
      return here.driver;
    },
    { canExec: true, timeoutMs: 60_000 },
  );

  it("leaves no process, mount, control group or namespace on the machine", async () => {
    expect(await leftovers()).toEqual([]);
  });

  afterAll(async () => {
    for (const here of made) await here.remove();
  });
});
