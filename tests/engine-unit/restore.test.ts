import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { clearLocks, holdStack, readDeployment, writeDeployment } from "../../src/engine/checkpoint.ts";
import { stateAfterReset, type Deployment } from "../../src/engine/restore.ts";
import { foldersOf, type Folders } from "../../src/stack/folders.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";

const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const stack = { urn: "urn::stack", type: "pulumi:pulumi:Stack", custom: false };
const provider = (id: string) => ({ urn: "urn::proxmox", type: "pulumi:providers:proxmoxve", custom: true, id });
const bridge = (comment: string) => ({
  urn: "urn::vmbr9",
  type: "proxmoxve:network/linux/bridge:Bridge",
  custom: true,
  parent: "urn::stack",
  inputs: { comment },
});
const guest = (memory: number, on = "p1") => ({
  urn: "urn::dc1",
  type: VM,
  custom: true,
  provider: `urn::proxmox::${on}`,
  dependencies: ["urn::vmbr9"],
  inputs: { vmId: 1011, memory },
});
const template = (name: string) => ({ urn: "urn::tpl", type: VM, custom: true, inputs: { vmId: 9000, name } });
const steps = (digest: string) => ({
  urn: "urn::dc1-role",
  type: "provision:index:Role",
  custom: true,
  dependencies: ["urn::dc1"],
  inputs: { digest },
});
const rule = (comment: string) => ({
  urn: "urn::rule",
  type: "proxmoxve:index/harule:Harule",
  custom: true,
  propertyDependencies: { resources: ["urn::dc1"] },
  inputs: { comment },
});

const urns = (d: Deployment): string[] => (d.resources ?? []).map((r) => r.urn);
const find = (d: Deployment, urn: string) => d.resources!.find((r) => r.urn === urn)!;
const ids = new Set([1011]);

describe("the state after a reset", () => {
  test("tells of guests and what was done in them as then, of everything else as now", () => {
    const then = { resources: [stack, provider("p1"), bridge("then"), template("then"), guest(1), steps("then")] };
    const now = {
      manifest: { version: "v3" },
      resources: [stack, provider("p1"), bridge("now"), template("now"), guest(2), steps("now"), rule("now")],
      pending_operations: [{}],
    };
    const after = stateAfterReset(then, now, ids);
    expect(find(after, "urn::vmbr9").inputs).toEqual({ comment: "now" });
    expect(find(after, "urn::tpl").inputs).toEqual({ vmId: 9000, name: "now" });
    expect(find(after, "urn::dc1").inputs).toEqual({ vmId: 1011, memory: 1 });
    expect(find(after, "urn::dc1-role").inputs).toEqual({ digest: "then" });
    expect(after).toMatchObject({ manifest: { version: "v3" }, pending_operations: [] });
  });

  test("forgets what was done in guests since", () => {
    const then = { resources: [stack, provider("p1"), bridge("x"), guest(1)] };
    const now = { resources: [stack, provider("p1"), bridge("x"), guest(1), steps("now")] };
    expect(urns(stateAfterReset(then, now, ids))).not.toContain("urn::dc1-role");
  });

  test("names each thing after what it needs, and the provider that is there now", () => {
    const then = { resources: [stack, provider("p1"), bridge("x"), guest(1)] };
    const now = { resources: [rule("now"), guest(2, "p2"), bridge("x"), provider("p2"), stack] };
    const after = stateAfterReset(then, now, ids);
    expect(find(after, "urn::dc1").provider).toBe("urn::proxmox::p2");
    const order = urns(after);
    for (const [first, second] of [
      ["urn::stack", "urn::vmbr9"],
      ["urn::proxmox", "urn::dc1"],
      ["urn::vmbr9", "urn::dc1"],
      ["urn::dc1", "urn::rule"],
    ] as const)
      expect(order.indexOf(first)).toBeLessThan(order.indexOf(second));
    expect(new Set(order).size).toBe(order.length);
  });

  test("cannot be when what guests stood on is gone, or a replacement is half done", async () => {
    const then = { resources: [stack, provider("p1"), bridge("x"), guest(1)] };
    const gone = await faultOf(() => stateAfterReset(then, { resources: [stack, provider("p1"), guest(1)] }, ids));
    expect(gone.code).toBe("SNAPSHOT_STATE");
    expect(gone.message).toMatch(/dc1 stood on vmbr9/);
    const half = { resources: [...then.resources, { ...guest(2), delete: true }] };
    expect((await faultOf(() => stateAfterReset(then, half, ids))).code).toBe("SNAPSHOT_STATE");
  });
});

describe("this clone's own backend", () => {
  function backend(): Folders {
    const folder = temporaryFolder();
    return foldersOf(folder, "lab", { XDG_STATE_HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder });
  }
  const locks = (f: Folders): string => join(f.backend, ".pulumi/locks/organization/maquette/lab");

  test("takes another state in place of its own and keeps what stands around it", async () => {
    const folders = backend();
    const file = join(folders.backend, ".pulumi/stacks/maquette/lab.json");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ version: 3, checkpoint: { stack: "s", latest: { resources: [stack] } } }));
    expect(await readDeployment(folders, "lab")).toEqual({ resources: [stack] });
    await writeDeployment(folders, "lab", { resources: [provider("p")] });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      version: 3,
      checkpoint: { stack: "s", latest: { resources: [provider("p")] } },
    });
  });

  test("is held by one at a time; a living holder is waited for, and a dead one's lock is removed", async () => {
    const folders = backend();
    const release = await holdStack(folders, "lab", () => undefined);
    expect(readdirSync(locks(folders))).toHaveLength(1);
    const waits: number[] = [];
    const second = clearLocks(folders, "lab", (h) => {
      waits.push(h.pid);
      void release();
    });
    await second;
    expect(waits).toEqual([process.pid]);
    // The same process id, started at another time: somebody else's.
    const dead = { pid: process.pid, hostname: (await import("node:os")).hostname(), timestamp: "x", start: "1" };
    writeFileSync(join(locks(folders), "dead.json"), JSON.stringify(dead));
    expect(await clearLocks(folders, "lab", () => expect.fail("it is dead"))).toBe(1);
  });

  test("of several that begin at once is held by each in turn", async () => {
    const folders = backend();
    let inside = 0;
    let most = 0;
    const one = async (): Promise<void> => {
      const release = await holdStack(folders, "lab", () => undefined);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
      await release();
    };
    await Promise.all([one(), one(), one()]);
    expect(most).toBe(1);
  });
});
