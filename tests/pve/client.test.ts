import { createServer } from "node:https";
import { createServer as createPlain } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answers, PveClient, PveError } from "../../src/pve/client/index.ts";
import { stopTask, tasksOf, untilNoneIsMade } from "../../src/pve/client/tasks.ts";
import { destroyVm } from "../../src/pve/client/guests.ts";
import { Held } from "./held.ts";
import { z } from "zod";
import { Lab, TOKEN } from "./lab.ts";

let lab: Lab;
let client: PveClient;
const clientOf = (change: Partial<ConstructorParameters<typeof PveClient>[0]> = {}): PveClient =>
  new PveClient({
    endpoint: lab.simulator.url,
    token: TOKEN,
    tls: { ca: lab.simulator.certificatePem },
    timeoutMs: 60_000,
    ...change,
  });
const failureOf = async (work: Promise<unknown>): Promise<PveError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PveError);
  return error as PveError;
};

beforeAll(async () => {
  lab = await Lab.start();
  client = clientOf();
});
afterAll(async () => {
  await client.close();
  await lab.end();
});

describe("the client", () => {
  it("trusts the simulator's own certificate, and lists guests with their tags", async () => {
    await lab.createVm(101, { tags: "b;a", start: 1 });
    await lab.createVm(100);
    expect(await client.version()).toMatchObject({ release: "9.0" });
    expect(await client.listVms()).toMatchObject([
      { vmid: 100, node: "pve1", status: "stopped", tags: [], template: false },
      { vmid: 101, name: "vm101", status: "running", tags: ["a", "b"] },
    ]);
  });

  it("uploads a file, finds it and waits for tasks, with their log", async () => {
    await client.upload("pve1", "local", "iso", "seed.iso", Buffer.from("seed"));
    expect(await client.hasVolume("pve1", "local", "local:iso/seed.iso")).toBe(true);
    expect(await client.hasVolume("pve1", "local", "local:iso/other.iso")).toBe(false);
    const lines: string[] = [];
    const upid = await client.post("/nodes/pve1/qemu/100/clone", answers.upid, { newid: 102, full: true });
    await client.waitTask(upid, { onLog: (line) => lines.push(line) });
    expect(lines.at(-1)).toBe("TASK OK");
  });

  it("tells a failed task with the end of its log", async () => {
    const upid = await client.post("/nodes/pve1/qemu/101/status/start", answers.upid);
    const error = await failureOf(client.waitTask(upid));
    expect(error.code).toBe("PVE_TASK_FAILED");
    expect(error.message).toContain("VM 101 already running");
  });

  it("knows that a thing is missing", async () => {
    const error = await failureOf(client.get("/nodes/pve1/qemu/999/config", answers.nothing));
    expect(error).toMatchObject({ status: 500, isMissing: true });
  });

  it("says of an answer that it does not understand which call, which field, and what stands there", async () => {
    const odd = z.object({ release: z.number(), gone: z.string() });
    const error = await failureOf(client.get("/version", odd));
    expect(error.code).toBe("PVE_UNEXPECTED_ANSWER");
    expect(error.message).toMatch(/^GET \/version answers .*release is "9\.0": .*; gone is missing: /);
  });

  it("gives reasons by parameter", async () => {
    const error = await failureOf(client.post("/pools", answers.nothing, { poolid: "a b" }));
    expect(error).toMatchObject({ code: "PVE_BAD_PARAMETERS", status: 400 });
    expect(error.errors["poolid"]).toContain("invalid characters");
  });
});

describe("guests of a cluster whose figures lag behind", () => {
  it("are listed as they are now, by the word of their own node", async () => {
    const slow = await Lab.start({ statisticsPeriodMs: 600_000, nodes: ["pve1", "pve2"] });
    const asking = clientOf({ endpoint: slow.simulator.url, tls: { ca: slow.simulator.certificatePem } });
    await asking.listVms();
    await slow.createVm(100, { start: 1 });
    await slow.createVm(101, { tags: "mine" }, "pve2");
    expect(await slow.ok("GET", "/cluster/resources", { type: "vm" })).toMatchObject([
      { status: "unknown" },
      { status: "unknown" },
    ]);
    expect(await asking.listVms()).toMatchObject([
      { vmid: 100, name: "vm100", status: "running" },
      { vmid: 101, name: "vm101", status: "stopped", tags: ["mine"] },
    ]);
    await slow.raw("POST", "/maquette/faults", { kind: "node-down", node: "pve2" });
    expect(await asking.listVms()).toMatchObject([{ status: "running" }, { vmid: 101, status: "unknown" }]);
    await asking.close();
    await slow.end();
  });
});

describe("a guest that an interrupted task left locked", () => {
  it("is deleted where the API takes the lock off; else it is said how, before anything is done", async () => {
    await lab.createVm(110, { lock: "clone", start: 0 });
    const real = Object.assign(clientOf(), { unlock: () => Promise.resolve(false) });
    await expect(destroyVm(real, "pve1", 110)).rejects.toMatchObject({
      code: "PVE_LOCKED",
      hint: expect.stringContaining("qm unlock 110") as string,
    });
    await real.close();
    expect((await client.listVms()).map((vm) => vm.vmid)).toContain(110);
    await destroyVm(client, "pve1", 110);
    expect((await client.listVms()).map((vm) => vm.vmid)).not.toContain(110);
  });
});

describe("tasks that somebody else waited for", () => {
  const owner = TOKEN.split("=")[0]!;
  const held = new Held();
  const waitedFor = async (token: string): Promise<string[]> => {
    const told: string[] = [];
    await untilNoneIsMade(client, token, (task, node) => {
      told.push(`${task.type} ${task.id} ${node}`);
      held.release();
    });
    return told;
  };

  it("are waited for while they make a guest, and no longer", async () => {
    await lab.createVm(110);
    await lab.restart({ taskUntil: held.taskUntil });
    client = clientOf();
    held.hold();
    await client.post("/nodes/pve1/qemu/110/clone", answers.upid, { newid: 111, name: "made", full: true });
    expect(await client.listVms()).toContainEqual(expect.objectContaining({ vmid: 111, name: "VM 111" }));
    expect(await waitedFor(owner)).toEqual(["qmclone 110 pve1"]);
    expect(await client.listVms()).toContainEqual(expect.objectContaining({ vmid: 111, name: "made" }));
    expect(await waitedFor(owner)).toEqual([]);
  });

  it("are nobody's concern when they do something else, or are another token's", async () => {
    held.hold();
    await client.post("/nodes/pve1/qemu/111/status/start", answers.upid);
    expect(await waitedFor(owner)).toEqual([]);
    await client.post("/nodes/pve1/qemu/110/clone", answers.upid, { newid: 112, full: true });
    expect(await waitedFor("other@pve!token")).toEqual([]);
    expect(await waitedFor(owner)).toEqual(["qmclone 110 pve1"]);
  });

  it("that failed are over too", async () => {
    held.hold();
    const upid = await client.post("/nodes/pve1/qemu/110/clone", answers.upid, { newid: 113, full: true });
    const [running] = await tasksOf(client, "pve1", owner, { source: "active" });
    expect(running).toMatchObject({ upid, type: "qmclone", id: "110", owner, endedAt: undefined });
    await Promise.all([stopTask(client, upid), waitedFor(owner)]);
    expect(await tasksOf(client, "pve1", owner, { source: "active" })).toEqual([]);
  });
});

describe("what is wrong with the way there", () => {
  it.each([
    ["a wrong token", () => clientOf({ token: "root@pam!test=no" }), "PVE_TOKEN_REFUSED"],
    ["a certificate that nobody vouches for", () => clientOf({ tls: { ca: "" } }), "PVE_UNTRUSTED"],
  ])("%s has a message and a cure of its own", async (_name, make, code) => {
    const other = make();
    const error = await failureOf(other.version());
    expect(error.code).toBe(code);
    expect(error.hint).not.toBe("");
    expect(error.message).not.toContain(TOKEN.split("=")[1]);
    await other.close();
  });

  it("a port where nobody listens", async () => {
    const server = createPlain().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const other = clientOf({ endpoint: `https://127.0.0.1:${port}` });
    expect((await failureOf(other.version())).code).toBe("PVE_REFUSED");
    await other.close();
  });

  it("a missing privilege names it", async () => {
    await lab.raw("POST", "/maquette/faults", {
      kind: "http-error",
      match: "^GET /nodes$",
      status: 403,
      message: "Permission check failed (/nodes, Sys.Audit)",
      times: 1,
    });
    const error = await failureOf(client.get("/nodes", answers.nothing));
    expect(error.code).toBe("PVE_NOT_PERMITTED");
    expect(error.message).toContain("Sys.Audit");
  });

  it("a web page is no Proxmox", async () => {
    const [cert, key] = await Promise.all(
      ["certificate.pem", "certificate.key"].map((name) => readFile(join(lab.stateDir, name))),
    );
    const server = createServer({ cert: cert!, key: key! }, (_request, response) =>
      response.end("<html>hello</html>"),
    ).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const other = clientOf({ endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect((await failureOf(other.version())).code).toBe("PVE_NOT_PROXMOX");
    await other.close();
    server.close();
  });

  it("plain http is no TLS; an endpoint without https is refused at once", async () => {
    const server = createPlain((_request, response) => response.end()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const other = clientOf({ endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect(["PVE_NOT_TLS", "PVE_CONNECTION", "PVE_RESET"]).toContain((await failureOf(other.version())).code);
    await other.close();
    server.close();
    expect(() => clientOf({ endpoint: "http://127.0.0.1:8006" })).toThrow("no https address");
  });

  it("an answer that never comes ends at the time limit", async () => {
    await lab.raw("POST", "/maquette/faults", { kind: "hang", match: "^GET /version$", times: 1 });
    const other = clientOf({ timeoutMs: 1_000 });
    expect((await failureOf(other.version())).code).toBe("PVE_TIMEOUT");
    await other.close();
  });
});
