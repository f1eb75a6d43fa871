/* eslint-disable @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access -- tests look into whatever the API answers */
import { Held } from "./held.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Lab } from "./lab.ts";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.start({ nodes: ["pve1", "pve2"], lockTimeoutMs: 60 });
});
afterEach(() => lab.end());

const order = (fields: Record<string, string | number>) => lab.raw("POST", "/maquette/faults", fields);

describe("an ordered fault", () => {
  it("answers with an error as often as it is told, then no more", async () => {
    await order({ kind: "http-error", match: "^GET /version", status: 503, message: "try later", times: 2 });
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await lab.call("GET", "/version")).phrase);
    expect(statuses).toEqual(["try later", "try later", "OK"]);
    expect((await lab.raw("GET", "/maquette/faults")).data).toMatchObject([{ kind: "http-error", struck: 2, left: 0 }]);
  });

  it("makes a task fail in the middle; what it began is cleaned up", async () => {
    await order({ kind: "task-failure", match: "^qmcreate:100$", message: "no space", times: 1 });
    expect(await lab.createVm(100)).toBe("unable to create VM 100 - no space");
    expect(await lab.ok("GET", "/nodes/pve1/storage/local-lvm/content")).toEqual([]);
    expect(await lab.createVm(100)).toBe("OK");
  });

  it("resets a connection", async () => {
    await order({ kind: "reset", match: "^GET /nodes$", times: 1 });
    await expect(lab.call("GET", "/nodes")).rejects.toThrow();
    expect((await lab.call("GET", "/nodes")).status).toBe(200);
  });

  it("lets a request hang for a time, or until the simulator closes, which waits for none", async () => {
    await order({ kind: "hang", match: "^GET /nodes$", forMs: 50, times: 1 });
    const from = performance.now();
    expect((await lab.call("GET", "/nodes")).status).toBe(200);
    expect(performance.now() - from).toBeGreaterThan(45);
    await order({ kind: "hang", match: "^GET /nodes$" });
    const hanging = lab.call("GET", "/nodes").catch(() => "gone");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await lab.simulator.close();
    expect(await hanging).toBe("gone");
  });

  it("takes a node down for everybody", async () => {
    await order({ kind: "node-down", node: "pve2" });
    expect(await lab.call("GET", "/nodes/pve2/status")).toMatchObject({ status: 595 });
    expect((await lab.ok("GET", "/nodes"))[1]).toMatchObject({ node: "pve2", status: "offline" });
    await lab.raw("DELETE", "/maquette/faults");
    expect((await lab.call("GET", "/nodes/pve2/status")).status).toBe(200);
  });

  it("pretends that a lock is held", async () => {
    await order({ kind: "lock", match: "/clone$", times: 1 });
    await lab.createVm(100);
    expect((await lab.call("POST", "/nodes/pve1/qemu/100/clone", { newid: 101 })).phrase).toContain("got timeout");
    expect(await lab.task("POST", "/nodes/pve1/qemu/100/clone", { newid: 101 })).toBe("OK");
  });

  it("that makes no sense is refused with a reason", async () => {
    expect((await order({ kind: "earthquake" })).status).toBe(400);
    expect((await order({ kind: "hang", match: "(" })).errors).toHaveProperty("match");
  });
});

describe("a guest that is busy", () => {
  it("makes others wait for its lock, and give up as with Proxmox", async () => {
    await lab.createVm(100);
    const held = new Held();
    await lab.restart({ taskUntil: held.taskUntil, lockTimeoutMs: 60 });
    held.hold();
    const upid = (await lab.ok("POST", "/nodes/pve1/qemu/100/status/start")) as string;
    const answer = await lab.call("PUT", "/nodes/pve1/qemu/100/config", { name: "x" });
    expect(answer).toMatchObject({
      status: 500,
      phrase: "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
    });
    expect((await lab.ok("GET", `/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`)).status).toBe("running");
    held.release();
    expect(await lab.ended(upid)).toBe("OK");
  });

  it("shows the lock of a creation that goes on", async () => {
    const held = new Held();
    await lab.restart({ taskUntil: held.taskUntil });
    held.hold();
    const upid = (await lab.ok("POST", "/nodes/pve1/qemu", { vmid: 100 })) as string;
    expect(await lab.ok("GET", "/nodes/pve1/qemu/100/status/current")).toMatchObject({ lock: "create" });
    expect(
      (await lab.ok("GET", "/nodes/pve1/tasks", { source: "active" })).map((t: { upid: string }) => t.upid),
    ).toEqual([upid]);
    held.release();
    expect(await lab.ended(upid)).toBe("OK");
    expect(await lab.ok("GET", "/nodes/pve1/qemu/100/status/current")).not.toHaveProperty("lock");
  });
});
