import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { clearLocks, parseCheckpoint, type LockHolder } from "../../src/engine/checkpoint.ts";
import { foldersOf, type Folders } from "../../src/stack/folders.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

const resources = [{ urn: "urn:a", type: "t", id: "1", inputs: { vmId: 1011 } }];
const pending = [{ type: "creating", resource: { urn: "urn:b", type: "t" } }];

function backend(): Folders {
  const folder = temporaryFolder();
  return foldersOf(folder, "lab", { XDG_STATE_HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder });
}

describe("a checkpoint", () => {
  test("is read as `pulumi stack export` prints it, and as the backend keeps it", () => {
    const latest = { resources, pending_operations: pending, manifest: {} };
    const parsed = { resources, pending };
    expect(parseCheckpoint(JSON.stringify({ version: 3, deployment: latest }))).toEqual(parsed);
    expect(parseCheckpoint(JSON.stringify({ version: 3, checkpoint: { stack: "lab", latest } }))).toEqual(parsed);
  });

  test.each(['{"version":3,"deployment":{}}', '{"checkpoint":{"latest":null}}', '{"deployment":{"resources":null}}'])(
    "of a stack that was only made (%s) is empty",
    (text) => {
      expect(parseCheckpoint(text)).toEqual({ resources: [], pending: [] });
    },
  );
});

describe("locks", () => {
  function lock(folders: Folders, name: string, content: string | Partial<LockHolder>): string {
    const file = join(folders.backend, ".pulumi/locks/organization/maquette/lab", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      typeof content === "string" ? content : JSON.stringify({ timestamp: "2026-01-01", ...content }),
    );
    return file;
  }
  const silent = (): undefined => undefined;
  const here = hostname();
  /** A process that has ended, so that nobody has its id. */
  const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

  test("are none where no run ever was", async () => {
    expect(await clearLocks(backend(), "lab", silent)).toBe(0);
  });

  test("of dead runs and half-written ones are removed, and counted", async () => {
    const folders = backend();
    lock(folders, "dead.json", { pid: deadPid(), hostname: here });
    lock(folders, "half.json", '{"pid": 1');
    lock(folders, "empty.json", "");
    expect(await clearLocks(folders, "lab", silent)).toBe(3);
    expect(readdirSync(join(folders.backend, ".pulumi/locks/organization/maquette/lab"))).toEqual([]);
  });

  test("of a process id that now is another program's are those of a dead run", async () => {
    const folders = backend();
    lock(folders, "reused.json", { pid: process.pid, hostname: here });
    expect(await clearLocks(folders, "lab", silent)).toBe(1);
  });

  test("of another machine are believed, and its holder is named with what to do", async () => {
    const folders = backend();
    const file = lock(folders, "far.json", { pid: 7, hostname: "far.example", timestamp: "2026-02-03T04:05:06Z" });
    const waits: LockHolder[] = [];
    const fault = await faultOf(() => clearLocks(folders, "lab", (h) => waits.push(h), 0));
    expect(fault.code).toBe("STATE_LOCKED");
    expect(fault.message).toMatch(/process 7 on far\.example since 2026-02-03T04:05:06Z/);
    expect(fault.hint).toMatch(/pulumi cancel/);
    expect(waits).toHaveLength(1);
    expect(existsSync(file)).toBe(true);
  });

  const isLinux = process.platform === "linux";
  test.skipIf(!isLinux)(
    `of a living run are waited for, until it ends${isLinux ? "" : " (skipped: no /proc)"}`,
    async () => {
      const folders = backend();
      const program = join(temporaryFolder(), "pulumi");
      copyFileSync(process.execPath, program);
      const { chmodSync } = await import("node:fs");
      chmodSync(program, 0o755);
      const run = spawn(program, ["-e", "process.stdin.resume(); process.stdout.write('up')"], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      onTestFinished(() => void run.kill("SIGKILL"));
      await new Promise((resolve) => run.stdout.once("data", resolve));
      lock(folders, "living.json", { pid: run.pid!, hostname: here });
      const waited: LockHolder[] = [];
      const cleared = clearLocks(folders, "lab", (holder) => {
        waited.push(holder);
        run.kill("SIGKILL");
      });
      expect(await cleared).toBe(1);
      expect(waited.map((h) => h.pid)).toEqual([run.pid]);
    },
  );
});
