import { describe, expect, it } from "vitest";
import { untilBooted } from "../../src/provision/booted.ts";
import type { ConsoleRun } from "../../src/provision/console.ts";

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
});
