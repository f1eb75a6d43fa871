/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access -- tests look into whatever the API answers */
import { mkdir, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Fault } from "../../src/core/fault.ts";
import { startSimulator } from "../../src/pve/simulator/index.ts";
import { StateStore } from "../../src/pve/simulator/state/store.ts";
import { Lab, TOKEN } from "./lab.ts";

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.end();
  lab = undefined;
});

/** What is on disk now, as a process that starts after a kill would find it. */
async function afterKill(from: Lab): Promise<Lab> {
  const copy = await mkdtemp(join(tmpdir(), "pve-sim-"));
  await writeFile(join(copy, "state.json"), await readFile(join(from.stateDir, "state.json")));
  return Lab.start({ stateDir: copy });
}

describe("after a restart", () => {
  it("everything is as it was: guests that ran run, the certificate and the instance are the same", async () => {
    lab = await Lab.start();
    await lab.createVm(100, { start: 1, cipassword: "pw" });
    await lab.createVm(101);
    await lab.ok("POST", "/pools", { poolid: "lab" });
    const before = [
      await lab.ok("GET", "/nodes/pve1/qemu/100/config"),
      lab.simulator.certificatePem,
      lab.simulator.instanceId,
    ];
    await lab.restart();
    expect([
      await lab.ok("GET", "/nodes/pve1/qemu/100/config"),
      lab.simulator.certificatePem,
      lab.simulator.instanceId,
    ]).toEqual(before);
    expect((await lab.ok("GET", "/nodes/pve1/qemu/100/status/current")).status).toBe("running");
    expect((await lab.ok("GET", "/nodes/pve1/qemu/101/status/current")).status).toBe("stopped");
    expect(await lab.ok("GET", "/pools")).toEqual([{ poolid: "lab" }]);
    expect(await lab.task("POST", "/nodes/pve1/qemu/101/status/start")).toBe("OK");
  });

  it("no two tasks ever have one UPID", async () => {
    lab = await Lab.start();
    const first = await lab.ok("PUT", "/nodes/pve1/network");
    await lab.restart();
    expect(await lab.ok("PUT", "/nodes/pve1/network")).not.toBe(first);
    expect(await lab.ok("GET", `/nodes/pve1/tasks/${encodeURIComponent(first as string)}/status`)).toMatchObject({
      exitstatus: "OK",
    });
  });

  it("an answered change is on disk, whatever happens to the process", async () => {
    lab = await Lab.start();
    await lab.ok("POST", "/pools", { poolid: "kept" });
    const other = await afterKill(lab);
    expect(await other.ok("GET", "/pools")).toEqual([{ poolid: "kept" }]);
    await other.end();
  });

  it("a kill in the middle of a creation leaves a locked guest and a failed task, which root can delete", async () => {
    lab = await Lab.start({ taskDurationMs: 60_000 });
    const upid = (await lab.ok("POST", "/nodes/pve1/qemu", { vmid: 100, scsi0: "local-lvm:4" })) as string;
    const other = await afterKill(lab);
    expect(await other.ok("GET", "/nodes/pve1/qemu/100/config")).toMatchObject({ lock: "create" });
    expect(await other.ended(upid)).toBe("interrupted by restart of the simulator");
    expect(await other.task("POST", "/nodes/pve1/qemu/100/status/start")).toBe("VM is locked (create)");
    expect(await other.task("DELETE", "/nodes/pve1/qemu/100")).toBe("VM is locked (create)");
    expect(await other.task("DELETE", "/nodes/pve1/qemu/100", { skiplock: 1 })).toBe("OK");
    expect(await other.ok("GET", "/cluster/resources", { type: "vm" })).toEqual([]);
    await other.end();
  });

  it("a stop in the middle of a creation removes what was begun, as an interrupted task does", async () => {
    lab = await Lab.start({ taskDurationMs: 60_000 });
    const upid = (await lab.ok("POST", "/nodes/pve1/qemu", { vmid: 100 })) as string;
    await lab.ok("DELETE", `/nodes/pve1/tasks/${encodeURIComponent(upid)}`);
    expect(await lab.ended(upid)).toBe("unable to create VM 100 - interrupted by signal");
    expect(await lab.ok("GET", "/cluster/resources", { type: "vm" })).toEqual([]);
  });
});

describe("the state folder", () => {
  it("is for its owner alone, and holds no secret of a token", async () => {
    lab = await Lab.start();
    await lab.createVm(100, { cipassword: "very secret" });
    expect((await stat(lab.stateDir)).mode & 0o777).toBe(0o700);
    for (const name of ["state.json", "certificate.key", "certificate.pem"])
      expect((await stat(join(lab.stateDir, name))).mode & 0o777, name).toBe(0o600);
    const text = await readFile(join(lab.stateDir, "state.json"), "utf8");
    expect(text).not.toContain(TOKEN.split("=")[1]);
    expect(text).not.toContain("very secret");
  });

  it("serves one simulator at a time, and a dead one's claim does not last", async () => {
    lab = await Lab.start();
    await expect(startSimulator({ stateDir: lab.stateDir, tokens: [TOKEN] })).rejects.toMatchObject({
      code: "PVE_STATE_IN_USE",
    });
    await lab.restart();
    await lab.halt();
    await writeFile(join(lab.stateDir, "in-use.sock"), "left by a kill");
    await lab.boot();
    expect((await lab.call("GET", "/version")).status).toBe(200);
  });

  it("that is damaged is not overwritten", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pve-sim-"));
    await writeFile(join(dir, "state.json"), "{ half");
    await expect(startSimulator({ stateDir: dir, tokens: [TOKEN] })).rejects.toMatchObject({
      code: "PVE_STATE_DAMAGED",
    });
    expect(await readFile(join(dir, "state.json"), "utf8")).toBe("{ half");
  });

  it("that cannot be written is a fault with a hint", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pve-sim-"));
    await writeFile(join(dir, "file"), "");
    const fault = await startSimulator({ stateDir: join(dir, "file", "below"), tokens: [TOKEN] }).catch(
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: "PVE_STATE_NOT_WRITABLE" });
  });

  it("on a full disk keeps the last whole document", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pve-sim-"));
    await mkdir(dir, { recursive: true });
    const document = { n: 1 };
    const store = await StateStore.open(dir, () => document);
    store.touch();
    await store.flush();
    document.n = 2;
    store.touch();
    store.writeFault = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    await expect(store.flush()).rejects.toMatchObject({
      code: "PVE_STATE_NOT_WRITABLE",
      hint: expect.stringContaining("disk is full") as string,
    });
    expect(await readFile(join(dir, "state.json"), "utf8")).toBe('{"n":1}');
    store.writeFault = undefined;
    await store.flush();
    expect(await readFile(join(dir, "state.json"), "utf8")).toBe('{"n":2}');
  });

  it("is written once for many that wait", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pve-sim-"));
    let reads = 0;
    const store = await StateStore.open(dir, () => ++reads);
    const flushes = Array.from({ length: 50 }, () => {
      store.touch();
      return store.flush();
    });
    await Promise.all(flushes);
    expect(reads).toBe(2);
    expect(await readFile(join(dir, "state.json"), "utf8")).toBe("2");
  });
});

describe("starting", () => {
  const start = (change: object): Promise<unknown> =>
    startSimulator({ stateDir: join(tmpdir(), "never"), tokens: [TOKEN], ...change });

  it("is refused anywhere but on loopback, without a token, with a wrong name", async () => {
    await expect(start({ host: "0.0.0.0" })).rejects.toMatchObject({ code: "PVE_NOT_LOOPBACK" });
    await expect(start({ tokens: [] })).rejects.toMatchObject({ code: "PVE_TOKEN_FORM" });
    await expect(start({ nodes: ["pve_1"] })).rejects.toMatchObject({ code: "PVE_NODE_NAME" });
    const fault = await start({ tokens: ["root@pam=topsecret"] }).catch((error: unknown) => String(error));
    expect(fault).not.toContain("topsecret");
  });

  it("says that a port is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const stateDir = await mkdtemp(join(tmpdir(), "pve-sim-"));
    await expect(startSimulator({ stateDir, tokens: [TOKEN], port })).rejects.toMatchObject({
      code: "PVE_PORT_IN_USE",
    });
    server.close();
  });
});
