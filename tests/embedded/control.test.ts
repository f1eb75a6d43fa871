import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ensureEmbedded, findEmbedded, stopEmbedded, type EmbeddedOptions } from "../../src/embedded/control.ts";
import { clientFor } from "../../src/pve/client/environment.ts";
import { foldersOf, type Folders } from "../../src/stack/folders.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { isAlive, until } from "../engine-unit/programs.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

interface Record {
  readonly pid: number;
  readonly port: number;
}

const load = join(repositoryRoot(), "bin/load.js");
const { bundled } = (await import(load)) as { bundled: (root: string, name: string) => Promise<string> };
const daemonFile = await bundled(repositoryRoot(), "daemon");

/** A stack of its own; whatever daemon it has is ended with the test. */
function stack(): { folders: Folders; options: EmbeddedOptions; record: () => Record } {
  const folder = temporaryFolder();
  const folders = foldersOf(folder, "lab", { XDG_STATE_HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder });
  onTestFinished(async () => stopEmbedded(folders));
  const record = (): Record => JSON.parse(readFileSync(join(folders.run, "daemon.json"), "utf8")) as Record;
  return { folders, options: { folders, nodes: ["pve1"], daemonFile, room: null }, record };
}

/** Takes a port as soon as the kernel has taken it from a process that was killed. */
async function listen(port: number): Promise<Server> {
  for (const deadline = Date.now() + 60_000; ;) {
    const server = createServer((socket) => socket.destroy());
    const error = await new Promise<Error | undefined>((resolve) =>
      server.once("error", resolve).listen(port, "127.0.0.1", () => resolve(undefined)),
    );
    if (!error) return server;
    if (Date.now() > deadline) throw error;
  }
}

test("the embedded API is started once, found by whoever comes next, and leaves nothing running when it is stopped", async () => {
  const { folders, options, record } = stack();
  expect(await findEmbedded(folders)).toBeUndefined();
  const [one, two] = await Promise.all([ensureEmbedded(options), ensureEmbedded(options)]);
  expect(two).toEqual(one);
  const { pid, port } = record();
  expect(one.url).toBe(`https://127.0.0.1:${port}/`);
  expect(await ensureEmbedded(options)).toEqual(one);
  expect(await findEmbedded(folders)).toMatchObject({ ...one, record: { pid } });
  const client = await clientFor(one, false);
  expect(await client.listVms()).toEqual([]);
  await client.close();
  for (const name of ["token", "daemon.json", "ca.pem", "daemon.log"])
    expect(statSync(join(folders.run, name)).mode & 0o077, name).toBe(0);
  expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(
    readFileSync(join(folders.run, "token"), "utf8").trim().split("=")[1]!,
  );

  await stopEmbedded(folders);
  expect(isAlive(pid)).toBe(false);
  expect(await findEmbedded(folders)).toBeUndefined();
  expect(existsSync(join(folders.run, "daemon.json"))).toBe(false);
  await stopEmbedded(folders);
});

test("killed, it is started again on its port; that port taken, on another, with the same token", async () => {
  const { folders, options, record } = stack();
  const first = await ensureEmbedded(options);
  const before = record();
  const token = readFileSync(first.tokenFile, "utf8");
  process.kill(before.pid, "SIGKILL");
  await until(() => !isAlive(before.pid), "its end");
  expect(await findEmbedded(folders)).toBeUndefined();
  expect(await ensureEmbedded(options)).toEqual(first);
  expect(record().pid).not.toBe(before.pid);

  const again = record().pid;
  process.kill(again, "SIGKILL");
  await until(() => !isAlive(again), "its end");
  const server = await listen(before.port);
  onTestFinished(() => void server.close());
  expect(await findEmbedded(folders)).toBeUndefined();
  const moved = await ensureEmbedded(options);
  expect(record().port).not.toBe(before.port);
  expect(moved.url).toBe(`https://127.0.0.1:${record().port}/`);
  expect(readFileSync(moved.tokenFile, "utf8")).toBe(token);
});

test("from other sources, or for other nodes, it is replaced and keeps its state and port", async () => {
  const { folders, options, record } = stack();
  const lines: string[] = [];
  const told = { ...options, onProgress: (line: string): void => void lines.push(line) };
  await ensureEmbedded(told);
  const before = record();
  const file = join(folders.stack, "daemon.js");
  writeFileSync(file, `await import(${JSON.stringify(daemonFile)});\n`);
  await ensureEmbedded({ ...told, daemonFile: file });
  expect(isAlive(before.pid)).toBe(false);
  expect(record()).toMatchObject({ port: before.port });
  expect(record().pid).not.toBe(before.pid);
  expect(lines).toHaveLength(1);
});

describe("what stands in its way is said in words", () => {
  test("a run folder that is a file", async () => {
    const { folders, options } = stack();
    mkdirSync(folders.stack, { recursive: true });
    writeFileSync(folders.run, "");
    const fault = await faultOf(() => ensureEmbedded(options));
    expect(fault.code).toBe("DISK_NOT_A_FOLDER");
    rmSync(folders.run);
  });

  test("a daemon that dies while it starts: its log is named, and no record is left", async () => {
    const { folders, options } = stack();
    const file = join(temporaryFolder(), "daemon.js");
    writeFileSync(file, "console.error('why'); process.exit(3);\n");
    const fault = await faultOf(() => ensureEmbedded({ ...options, daemonFile: file }));
    expect(fault.code).toBe("EMBEDDED_DIED");
    expect(fault.message).toContain("exit 3");
    expect(fault.hint).toContain("daemon.log");
    expect(readFileSync(join(folders.run, "daemon.log"), "utf8")).toBe("why\n");
    expect(readdirSync(folders.run)).not.toContain("daemon.json");
  });

  test("a refusal by the simulator comes through with its code", async () => {
    const { options } = stack();
    const file = join(temporaryFolder(), "daemon.js");
    writeFileSync(file, `process.send({kind:"failed",code:"PVE_STATE_DAMAGED",message:"what",hint:"cure"});\n`);
    const fault = await faultOf(() => ensureEmbedded({ ...options, daemonFile: file }));
    expect([fault.code, fault.message, fault.hint]).toEqual(["PVE_STATE_DAMAGED", "what", "cure"]);
  });

  test("a second one that starts on the same folder", async () => {
    const { folders, options } = stack();
    await ensureEmbedded(options);
    const kept = readFileSync(join(folders.run, "daemon.json"), "utf8");
    rmSync(join(folders.run, "daemon.json"));
    const fault = await faultOf(() => ensureEmbedded(options));
    expect(fault.code).toBe("PVE_STATE_IN_USE");
    expect(fault.message).toContain(folders.pve);
    writeFileSync(join(folders.run, "daemon.json"), kept);
  });
});

test("a process that now has a dead daemon's id is not ended for it", async () => {
  const { folders, options, record } = stack();
  await ensureEmbedded(options);
  const { pid } = record();
  process.kill(pid, "SIGKILL");
  await until(() => !isAlive(pid), "its end");
  const file = join(folders.run, "daemon.json");
  writeFileSync(file, JSON.stringify({ ...record(), pid: process.pid }));
  await ensureEmbedded(options);
  expect(record().pid).not.toBe(process.pid);
});

test("one whose starter was killed before it could take note of it is found all the same", async () => {
  const { folders, options, record } = stack();
  const { url } = await ensureEmbedded(options);
  // The very command line of a daemon that the control started, run again by nobody who listens.
  const argv = readFileSync(`/proc/${record().pid}/cmdline`, "utf8").split("\0").slice(1, -1);
  await stopEmbedded(folders);
  const orphan = spawn(process.execPath, argv, { stdio: "ignore", detached: true });
  orphan.unref();
  await until(() => existsSync(join(folders.run, "daemon.json")), "its record");
  await ensureEmbedded(options);
  expect(record().pid).toBe(orphan.pid);
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:/);
});
