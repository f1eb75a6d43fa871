import { describe, expect, test } from "vitest";
import { whileRunning } from "../../src/cli/lab-door.ts";
import { Fault } from "../../src/core/fault.ts";
import type { Host } from "../../src/plan/types.ts";

describe("what a host is asked", () => {
  const on = { running: () => Promise.resolve({} as Host) };

  test("is answered by what it says", async () => {
    expect(await whileRunning(on, "pc1", Promise.resolve("hello"), 1)).toBe("hello");
    await expect(whileRunning(on, "pc1", Promise.reject(new Error("no route")), 1)).rejects.toThrow("no route");
  });

  test("ends with the reason when it loses its power meanwhile, though it never answers", async () => {
    let asked = 0;
    const dying = {
      running: () =>
        ++asked < 3
          ? Promise.resolve({} as Host)
          : Promise.reject(new Fault("DOOR_GUEST_OFF", "pc1 is powered off: nothing in it answers.", "x")),
    };
    await expect(whileRunning(dying, "pc1", new Promise(() => undefined), 1)).rejects.toThrow("powered off");
  });

  test("is not watched once it has answered", async () => {
    let asked = 0;
    const counted = { running: () => (asked++, Promise.resolve({} as Host)) };
    await whileRunning(counted, "pc1", Promise.resolve(), 1);
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(before);
  });
});
