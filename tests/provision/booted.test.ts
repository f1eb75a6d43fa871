import { describe, expect, it } from "vitest";
import { Fault } from "../../src/core/fault.ts";
import { untilBooted } from "../../src/provision/booted.ts";
import type { ConsoleRun } from "../../src/provision/console.ts";
import { GUEST_OFF, ROOM_GONE } from "../../src/twin/protocol.ts";

/** A guest that gives these answers in turn, the last one for ever. */
function guest(...answers: readonly (string | Error)[]): ConsoleRun {
  let next = 0;
  return (argv) => {
    if (argv.includes("list-units")) {
      const line = "nginx.service loaded failed failed A web server\n";
      return Promise.resolve({ exitCode: 0, stdout: line, stderr: "" });
    }
    const answer = answers[Math.min(next++, answers.length - 1)]!;
    return answer instanceof Error
      ? Promise.reject(answer)
      : Promise.resolve({ exitCode: 0, stdout: `${answer}\n`, stderr: "" });
  };
}

describe("guests that boot", () => {
  it("are asked again until each is up, whatever they said before", async () => {
    const up: string[] = [];
    const booted = await untilBooted(
      [
        { host: "a", run: guest(new Error("its init is not there yet"), "", "starting", "running") },
        { host: "b", run: guest("degraded") },
      ],
      (host, left) => up.push(`${host} ${left}`),
    );
    expect(booted).toEqual([
      { host: "a", state: "running", failedUnits: [] },
      { host: "b", state: "degraded", failedUnits: ["nginx.service"] },
    ]);
    expect(up).toEqual(["b 1", "a 0"]);
  });

  it("that do not come up are named together, with what each said last", async () => {
    const asked = untilBooted(
      [
        { host: "a", run: guest("maintenance") },
        { host: "b", run: guest(new Error("VM 7 not running")) },
        { host: "c", run: guest("running") },
      ],
      () => undefined,
      300,
    );
    await expect(asked).rejects.toMatchObject({ code: "GUESTS_NOT_UP" });
    await expect(asked).rejects.toThrow(/a \(maintenance\), b \(VM 7 not running\)/);
  });

  const off = new Fault(GUEST_OFF, "VM 7 not running.", "x");

  it("that lost their power meanwhile are started again, once", async () => {
    let started = 0;
    const asked: (string | Error)[] = [off];
    const a = {
      host: "a",
      run: ((argv, input) => guest(...asked)(argv, input)) satisfies ConsoleRun,
      start: () => {
        started++;
        asked[0] = "running";
        return Promise.resolve();
      },
    };
    expect(await untilBooted([a], () => undefined, 60_000, 1)).toMatchObject([{ host: "a", state: "running" }]);
    expect(started).toBe(1);
  });

  it("whose machine room has ended are not waited for, where nobody starts them", async () => {
    const gone = new Fault(ROOM_GONE, "The machine room of this lab does not answer.", "x");
    const asked = untilBooted([{ host: "a", run: guest(gone) }], () => undefined, 60_000, 1);
    await expect(asked).rejects.toThrow(/a \(it has lost its power, and does not keep it\)/);
  });

  it("that do not keep their power are not waited for", async () => {
    const start = (): Promise<void> => Promise.resolve();
    const asked = untilBooted([{ host: "a", run: guest(off), start }], () => undefined, 60_000, 1);
    await expect(asked).rejects.toThrow(/a \(it has lost its power, and does not keep it\)/);
  });
});
