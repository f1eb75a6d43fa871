import { Duplex, PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SshConnection } from "../../../src/door/index.ts";
import { debianRunner } from "../../../src/provision/steps/index.ts";
import type { SentRole } from "../../../src/provision/steps/runner.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A host that says what it is told to, and then nothing. */
function host(): { readonly connection: SshConnection; readonly say: (event: object) => void } {
  const down = new PassThrough();
  const channel = Object.assign(Duplex.from({ writable: new PassThrough().resume(), readable: down }), {
    stderr: new PassThrough(),
    close: () => down.end(),
  });
  const session = { channel, exit: new Promise<number>(() => undefined) };
  const connection = { target: { name: "dc1" }, session: () => Promise.resolve(session) } as unknown as SshConnection;
  return { connection, say: (event) => void down.write(`${JSON.stringify(event)}\n`) };
}

const slow = {
  ...{ kind: "command" as const, name: "slow", seconds: 300 },
  ...{ unless: { argv: ["false"], input: "" }, run: { argv: ["true"], input: "" } },
};
const roles = [{ role: "dc", steps: [slow] }] as unknown as readonly SentRole[];

test("a host that says that a step is at work is waited for; one that falls silent is told, with the step", async () => {
  const { connection, say } = host();
  const seen: string[] = [];
  const running = debianRunner(connection).apply(roles, ({ event }) => void seen.push(event));
  let failure: unknown;
  const ended = running.catch((error: unknown) => (failure = error));
  say({ event: "hello", instance: "x", now: 0 });
  say({ event: "begin", role: "dc", step: 0 });
  await vi.waitFor(() => expect(seen).toEqual(["hello", "begin"]));
  for (let n = 2; n < 12; n++) {
    await vi.advanceTimersByTimeAsync(100_000);
    say({ event: "wait" });
    await vi.waitFor(() => expect(seen).toHaveLength(n + 1));
  }
  expect(failure).toBeUndefined();
  await vi.advanceTimersByTimeAsync(3_600_000);
  await ended;
  expect(failure).toMatchObject({
    code: "STEP_HUNG",
    message: expect.stringMatching(/^dc1 has said nothing for \d+ s, at the step "slow" of the role dc\.$/) as string,
  });
});

test("one that never says a word is given up too", async () => {
  const { connection } = host();
  const ended = expect(debianRunner(connection).apply(roles, () => undefined)).rejects.toMatchObject({
    code: "STEP_HUNG",
    message: expect.stringContaining("before the first step") as string,
  });
  await vi.advanceTimersByTimeAsync(3_600_000);
  await ended;
});
