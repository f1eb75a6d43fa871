import { expect, test } from "vitest";
import { SOCKETS } from "../../src/provision/environment.ts";
import { hostsInTurn, type InTurn } from "../../src/provision/turns.ts";

/** The most that were at work at once, of 20. */
async function atOnce(inTurn: InTurn): Promise<number> {
  let [now, most] = [0, 0];
  const works = Array.from({ length: 20 }, (_, n) =>
    inTurn(async () => {
      most = Math.max(most, ++now);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      now--;
      return n;
    }),
  );
  expect(await Promise.all(works)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  return most;
}

test("hosts of this machine are worked on a few at a time, whose own processors are another's all at once", async () => {
  expect(await atOnce(hostsInTurn({ [SOCKETS]: "/run/lab" }, 2))).toBe(6);
  expect(await atOnce(hostsInTurn({ [SOCKETS]: "" }, 2))).toBe(20);
  expect(await atOnce(hostsInTurn({}, 2))).toBe(20);
});

test("one that fails gives its turn to the next", async () => {
  const inTurn = hostsInTurn({ [SOCKETS]: "/run/lab" }, 1);
  const failed = Array.from({ length: 9 }, () => inTurn(() => Promise.reject(new Error("no"))));
  expect((await Promise.allSettled(failed)).every((f) => f.status === "rejected")).toBe(true);
  expect(await inTurn(() => Promise.resolve("done"))).toBe("done");
});
