import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PeerStates, type StatesMessage } from "../../../src/twin/router/agent/peer-states.ts";

/** Two routers on a wire that loses nothing; each notes what its conntrackd was asked. */
function pair(isFresh: { readonly a: boolean; readonly b: boolean }, bytesReceived = 0) {
  const told: Readonly<Record<StatesMessage, string>> = { ask: "asked", hand: "handed", none: "none" };
  const asked = { a: [] as string[], b: [] as string[] };
  const conntrackd = (who: "a" | "b") => (flag: string) => {
    asked[who].push(flag);
    return Promise.resolve(flag === "-s" ? `${bytesReceived} Bytes recv\n` : "");
  };
  const a: PeerStates = new PeerStates(
    { send: (op) => queueMicrotask(() => b.onEvent(told[op])), conntrackd: conntrackd("a") },
    isFresh.a,
  );
  const b: PeerStates = new PeerStates(
    { send: (op) => queueMicrotask(() => a.onEvent(told[op])), conntrackd: conntrackd("b") },
    isFresh.b,
  );
  return { a, b, asked };
}

const spent = async (work: Promise<unknown>): Promise<number> => {
  const started = Date.now();
  let isDone = false;
  void work.then(() => (isDone = true));
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the callback sets it
  while (!isDone) await vi.advanceTimersByTimeAsync(10);
  return Date.now() - started;
};

describe("a router that starts", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("beside another one that has only just started waits for nothing, whichever asks first", async () => {
    const { a, b, asked } = pair({ a: true, b: true });
    expect(await spent(b.receive())).toBeLessThan(150);
    expect(await spent(a.receive())).toBeLessThan(150);
    expect(asked).toEqual({ a: [], b: [] });
  });

  it("beside one that carries is handed its states, and waits until they have come", async () => {
    const { a, b, asked } = pair({ a: true, b: true }, 4096);
    b.onMaster();
    expect(await spent(a.receive())).toBeGreaterThanOrEqual(1_000);
    expect(asked.b).toEqual(["-R"]);
    expect(asked.a.slice(0, 2)).toEqual(["-n", "-s"]);
  });

  it("beside one whose program alone was started again is handed what the kernel kept", async () => {
    const { a, asked } = pair({ a: true, b: false }, 4096);
    await spent(a.receive());
    expect(asked.b).toEqual(["-R"]);
  });

  it("holds copies once it was handed any, and hands them on", async () => {
    const { a, b, asked } = pair({ a: true, b: true }, 4096);
    b.onMaster();
    await spent(a.receive());
    await spent(b.receive());
    expect(asked.a).toContain("-R");
  });

  it("again, before the other one took over, is handed what that one holds for it", async () => {
    const { a, b, asked } = pair({ a: true, b: true }, 4096);
    await spent(b.receive());
    await spent(a.receive());
    a.onMaster();
    await vi.advanceTimersByTimeAsync(5_000);
    // Started anew: as a says now, b still as backup.
    await spent(a.receive());
    expect(asked.b).toEqual(["-R"]);
  });

  it("alone gives up after two seconds and once more two", async () => {
    const lonely = new PeerStates({ send: () => undefined, conntrackd: () => Promise.resolve("0 Bytes recv\n") }, true);
    const ms = await spent(lonely.receive());
    expect(ms).toBeGreaterThanOrEqual(4_000);
    expect(ms).toBeLessThan(4_500);
  });
});
