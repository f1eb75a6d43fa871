import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import PROBE from "../../src/accept/drill/probe.py";
import { temporaryFolder } from "../stack/temporary.ts";

interface State {
  readonly now: number;
  readonly heard: readonly number[];
}

/** An echo on loopback; once it is held up it gives back what it got one message after the other, oldest first. */
async function echo(): Promise<{ readonly port: number; holdUp(): void }> {
  let isHeldUp = false;
  const waiting: { readonly socket: Socket; readonly bytes: Buffer }[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      if (isHeldUp) waiting.push({ socket, bytes });
      else socket.write(bytes);
    });
  });
  const timer = setInterval(() => {
    const next = waiting.shift();
    if (next && !next.socket.destroyed) next.socket.write(next.bytes);
  }, 50);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    clearInterval(timer);
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, holdUp: () => (isHeldUp = true) };
}

test("a session that is only given back what it said long ago does not count as heard", async () => {
  const server = await echo();
  const folder = join(temporaryFolder(), "drill");
  const wanted = {
    paths: [{ address: "127.0.0.1", port: server.port }],
    every: 10,
    timeout: 900,
    folder,
    limit: 90,
    patience: 30,
  };
  // The program answers once its session is open, and that takes this process.
  const started = await new Promise<string>((resolve) => {
    const child = execFile("python3", ["-c", PROBE], (_error, stdout) => resolve(stdout));
    child.stdin!.end(JSON.stringify(wanted));
  });
  const { pid } = JSON.parse(started) as { pid: number };
  onTestFinished(() => {
    process.kill(pid);
  });
  const until = async (holds: (state: State) => boolean): Promise<State> => {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(20)) {
      if (!existsSync(join(folder, "state"))) continue;
      const state = JSON.parse(readFileSync(join(folder, "state"), "utf8")) as State;
      if (holds(state)) return state;
    }
    return expect.fail("not so in time");
  };
  const steady = await until((s) => s.heard[0]! > s.now - 300_000 && s.heard[0]! > 0);
  server.holdUp();
  // It hears something every 50 ms, and what it hears gets older.
  const held = await until((s) => s.heard[0]! > steady.heard[0]! && s.heard[0]! < s.now - 1_000_000);
  expect(held.now - steady.now).toBeGreaterThan(1_000_000);
});
