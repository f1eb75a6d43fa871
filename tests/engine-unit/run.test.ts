import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../src/engine/run.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { isAlive, script, until } from "./programs.ts";

const program = (body: string): string => script(join(temporaryFolder(), "program"), body);

test("what a program wrote is told apart, with its exit code", async () => {
  const result = await run(program('printf "out"; printf "one\\ntwo" >&2; exit 3'), [], { deadlineMs: 60_000 });
  expect(result).toEqual({ code: 3, stdout: "out", stderr: "one\ntwo" });
});

test("each line of standard error is passed on as it comes, whole", async () => {
  const lines: string[] = [];
  const body = 'printf "on" >&2; printf "e\\ntw" >&2; printf "o\\n" >&2';
  await run(program(body), [], { deadlineMs: 60_000, onLine: (line) => lines.push(line) });
  expect(lines).toEqual(["one", "two"]);
});

test("of a flood the last 200 lines are kept", async () => {
  const result = await run(program("i=0; while [ $i -lt 300 ]; do echo $i >&2; i=$((i+1)); done"), [], {
    deadlineMs: 60_000,
  });
  expect(result.stderr.split("\n")).toHaveLength(200);
  expect(result.stderr).toMatch(/299$/);
});

test("a program that is not there is said by name", async () => {
  const fault = await faultOf(() => run("maquette-no-such-program", [], { deadlineMs: 60_000 }));
  expect(fault.code).toBe("ENGINE_NO_PROGRAM");
  expect(fault.message).toContain("maquette-no-such-program");
});

test("at its deadline a program ends together with its children, and its last lines are told", async () => {
  const body = 'sleep 60 & echo "child $!" >&2; wait';
  const pids: number[] = [];
  const onLine = (line: string): void => void pids.push(Number(line.split(" ")[1]));
  const fault = await faultOf(() => run(program(body), ["up"], { deadlineMs: 2_000, onLine }));
  expect(fault.code).toBe("ENGINE_DEADLINE");
  expect(fault.message).toMatch(/program up did not end within .*last lines: child \d+/);
  expect(pids).toHaveLength(1);
  // Its pipe closes while the kernel still takes it down: a moment in which it has a pid and is no zombie yet.
  await until(() => !isAlive(pids[0]!), "the child's end");
});

test("what was aborted before it began does not begin to count on its end", async () => {
  const fault = await faultOf(() => run(program("sleep 60"), [], { deadlineMs: 50_000, signal: AbortSignal.abort() }));
  expect(fault.code).toBe("ENGINE_INTERRUPTED");
});
