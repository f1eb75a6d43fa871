import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkSnapshotName, GuestSnapshots, type SnapshotGuest } from "../../src/provision/snapshots.ts";
import { PveClient } from "../../src/pve/client/index.ts";
import { Lab, TOKEN } from "../pve/lab.ts";
import { faultOf } from "../stack/temporary.ts";

/* Against the API simulator, guests in memory: what the API lets happen to a lab of three. */

const MARK = "lab-0badcafe";
const guests: readonly SnapshotGuest[] = [
  { host: "rtr-a", role: "router", vmId: 101 },
  { host: "dc1", role: "dc", vmId: 111 },
  { host: "dc2", role: "dc", vmId: 112 },
];

let lab: Lab;
let client: PveClient;
let snapshots: GuestSnapshots;

const vm = (vmId: number): string => `/nodes/pve1/qemu/${vmId}`;
const make = async (vmId: number, name: string, tags = `maquette;${MARK}`): Promise<void> => {
  await lab.createVm(vmId, { name, tags });
  await lab.task("POST", `${vm(vmId)}/status/start`);
};
const names = async (vmId: number): Promise<string[]> =>
  ((await lab.ok("GET", `${vm(vmId)}/snapshot`)) as { name: string }[]).map((s) => s.name);
const state = async (vmId: number): Promise<string> =>
  ((await lab.ok("GET", `${vm(vmId)}/status/current`)) as { qmpstatus: string }).qmpstatus;
const tasks = async (): Promise<string[]> =>
  ((await lab.ok("GET", "/nodes/pve1/tasks", { source: "all", limit: 500 })) as { type: string; id: string }[])
    .map((t) => `${t.type} ${t.id}`)
    .reverse();

beforeEach(async () => {
  lab = await Lab.start({ nodes: ["pve1"] });
  client = new PveClient({ endpoint: lab.simulator.url, token: TOKEN, tls: { ca: lab.simulator.certificatePem } });
  snapshots = new GuestSnapshots(client, MARK, guests);
  for (const g of guests) await make(g.vmId, g.host);
});
afterEach(async () => {
  await client.close();
  await lab.end();
});

describe("a snapshot of a lab", () => {
  test("is taken of every guest, the servers standing still before the first one and until after the last", async () => {
    const before = (await tasks()).length;
    await snapshots.take("lesson", "x");
    for (const g of guests) expect(await names(g.vmId)).toEqual(["lesson", "current"]);
    const done = (await tasks()).slice(before);
    const at = (type: string, ids: readonly number[]): number[] => ids.map((id) => done.indexOf(`${type} ${id}`));
    const taken = at("qmsnapshot", [101, 111, 112]);
    expect(Math.max(...at("qmpause", [111, 112]))).toBeLessThan(Math.min(...taken));
    expect(Math.min(...at("qmresume", [111, 112]))).toBeGreaterThan(Math.max(...taken));
    expect(done.filter((t) => t.endsWith(" 101"))).toEqual(["qmsnapshot 101"]);
    for (const g of guests) expect(await state(g.vmId)).toBe("running");
  });

  test("leaves a guest off that is off, and one paused that somebody had paused", async () => {
    await lab.task("POST", `${vm(111)}/status/stop`);
    await lab.task("POST", `${vm(112)}/status/suspend`);
    await snapshots.take("lesson", "x");
    expect([await state(111), await state(112)]).toEqual(["stopped", "paused"]);
  });

  test("that one guest refuses is on none, and all run on", async () => {
    await lab.task("POST", `${vm(112)}/snapshot`, { snapname: "lesson", description: "by hand" });
    expect((await faultOf(() => snapshots.take("lesson", "x"))).code).toBe("SNAPSHOT_NOT_OURS");
    expect(await names(111)).toEqual(["current"]);
    expect(await names(112)).toEqual(["lesson", "current"]);
    for (const g of guests) expect(await state(g.vmId)).toBe("running");
  });

  test("that a killed run left half taken is undone: guests go on, and the next one of the name takes its place", async () => {
    await lab.task("POST", `${vm(111)}/snapshot`, { snapname: "lesson", description: "maquette lesson" });
    await lab.task("POST", `${vm(112)}/status/suspend`);
    await snapshots.undo("lesson");
    expect(await names(111)).toEqual(["current"]);
    expect(await state(112)).toBe("running");
    await snapshots.take("lesson", "x");
    expect(await names(112)).toEqual(["lesson", "current"]);
  });

  test("of a lab that lacks a guest, or has a stranger in its place, is refused", async () => {
    await lab.ok("PUT", `${vm(112)}/config`, { tags: "somebody-else" });
    const fault = await faultOf(() => snapshots.take("lesson", "x"));
    expect([fault.code, fault.message]).toEqual(["SNAPSHOT_NO_GUEST", expect.stringContaining("dc2")]);
    expect(await names(111)).toEqual(["current"]);
  });

  test("is deleted from every guest", async () => {
    await snapshots.take("lesson", "x");
    await snapshots.remove("lesson");
    for (const g of guests) expect(await names(g.vmId)).toEqual(["current"]);
  });
});

describe("going back", () => {
  test("turns every guest off before the first one goes back, and starts none before the last one has", async () => {
    await snapshots.take("lesson", "x");
    await lab.ok("PUT", `${vm(111)}/config`, { description: "changed" });
    const before = (await tasks()).length;
    const left: number[] = [];
    await snapshots.checkRestorable("lesson");
    await snapshots.restore("lesson", (n) => left.push(n));
    expect(left).toEqual([2, 1, 0]);
    for (const g of guests) expect(await state(g.vmId)).toBe("stopped");
    await snapshots.start();
    const done = (await tasks()).slice(before).map((t) => t.split(" ")[0]);
    expect(done.lastIndexOf("qmstop")).toBeLessThan(done.indexOf("qmrollback"));
    expect(done.lastIndexOf("qmrollback")).toBeLessThan(done.indexOf("qmstart"));
    expect(await lab.ok("GET", `${vm(111)}/config`)).not.toHaveProperty("description");
    for (const g of guests) expect(await state(g.vmId)).toBe("running");
  });

  test("is refused as a whole when one guest was made anew, or one came later", async () => {
    await snapshots.take("lesson", "x");
    await lab.task("POST", `${vm(112)}/status/stop`);
    await lab.task("DELETE", vm(112));
    await make(112, "dc2");
    await make(113, "dc3");
    const fault = await faultOf(() => snapshots.checkRestorable("lesson"));
    expect(fault.code).toBe("SNAPSHOT_GUESTS");
    expect(fault.message).toMatch(/dc2 have no snapshot lesson/);
    expect(fault.message).toMatch(/dc3 \(113\) came later/);
  });

  test("takes no snapshot for ours that somebody made by hand", async () => {
    for (const g of guests) await lab.task("POST", `${vm(g.vmId)}/snapshot`, { snapname: "lesson" });
    expect((await faultOf(() => snapshots.checkRestorable("lesson"))).code).toBe("SNAPSHOT_GUESTS");
  });
});

test.each(["", "a", "1abc", "a b", "current", "pending", "a/b", "../x", "x".repeat(41), "é1"])(
  "%j is no name for a snapshot",
  async (name) => expect((await faultOf(() => checkSnapshotName(name))).code).toBe("CLI_USAGE"),
);
