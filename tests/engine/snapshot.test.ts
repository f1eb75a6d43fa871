import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { Clone, type Ran } from "./lab.ts";

/* Snapshot and reset by the commands, with the real engine; guests in memory, so what is shown is API and state. */

const PLAN = "tests/plans/few";
let clone: Clone;

beforeAll(async () => {
  clone = new Clone({ plan: PLAN });
  const up = await clone.maquette(["up", "--skip-preview"], { deadlineMs: 1_700_000 });
  expect(up.code, up.stderr).toBe(0);
});
afterAll(async () => clone.dispose());

async function ask<T>(path: string, init: { method?: string; body?: string } = {}): Promise<T> {
  const answer = await clone.shell(
    `curl -sS --cacert "$MAQUETTE_CA_FILE" -H "Authorization: PVEAPIToken=$(cat "$MAQUETTE_TOKEN_FILE")" -X ${init.method ?? "GET"} ${init.body === undefined ? "" : `-d '${init.body}'`} "\${PROXMOX_VE_ENDPOINT}api2/json${path}"`,
  );
  expect(answer.code, answer.stderr).toBe(0);
  return (JSON.parse(answer.stdout) as { data: T }).data;
}

const folder = (): string => join(clone.states()[0]!, "snapshots");
const isEmptyPreview = async (): Promise<void> => {
  const preview = await clone.maquette(["preview", "--expect-no-changes"]);
  expect(preview.code, preview.stdout + preview.stderr).toBe(0);
};
const good = async (...args: readonly string[]): Promise<Ran> => {
  const ran = await clone.maquette(args);
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
};
const memoryOf = async (): Promise<unknown> =>
  (await ask<Record<string, unknown>>("/nodes/pve2/qemu/1016/config"))["memory"];

const tasks = z.array(z.object({ type: z.string(), status: z.string().optional() }));

/** Kills a command with its whole group once it has begun with a guest, and before it can have done with all. */
async function killed(args: readonly string[], task: string): Promise<void> {
  const note = join(folder(), ".working.json");
  // Tasks that take a while; an embedded API that has them so, before there is something to begin.
  const env = { MAQUETTE_TASK_MS: "2000" };
  expect((await clone.maquette(["env"], { env })).code).toBe(0);
  const api = clone.api();
  const running = async (): Promise<readonly string[]> =>
    (await api.get("/cluster/tasks", tasks)).filter((t) => t.status === undefined).map((t) => t.type);
  const hasBegun = async (): Promise<boolean> => existsSync(note) && (await running()).includes(task);
  const ran = clone.maquette(args, {
    env,
    onSpawn: (pid) =>
      void vi.waitUntil(hasBegun, { timeout: 120_000, interval: 10 }).then(() => process.kill(-pid, "SIGKILL")),
  });
  expect((await ran).code).toBe(137);
  expect(existsSync(note)).toBe(true);
  // What a guest has begun it ends, whoever asked for it.
  await vi.waitUntil(async () => (await running()).length === 0, { timeout: 60_000 });
  await api.close();
}

describe("snapshot and reset", () => {
  test("a snapshot is listed and holds all guests; a second one of the name is refused", async () => {
    const taken = JSON.parse((await good("snapshot", "lesson", "--json")).stdout) as { guests: string[] };
    expect(taken.guests).toHaveLength(5);
    const { snapshots } = JSON.parse((await good("snapshot", "--list", "--json")).stdout) as {
      snapshots: { name: string; planChanged: string[] }[];
    };
    expect(snapshots).toEqual([expect.objectContaining({ name: "lesson", planChanged: [] })]);
    const again = await clone.maquette(["snapshot", "lesson"]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("SNAPSHOT_EXISTS")]);
    expect((await ask<{ name: string }[]>("/nodes/pve1/qemu/1031/snapshot")).map((s) => s.name)).toContain("lesson");
  });

  test("after a change of the plan and an up, a reset undoes both in guests and state; it says what the plan has", async () => {
    const putBack = clone.edit(`${PLAN}/hosts.yaml`, (text) => text.replace("memoryMiB: 4096", "memoryMiB: 6144"));
    await good("up", "--skip-preview");
    expect(String(await memoryOf())).toBe("6144");
    await ask("/nodes/pve1/qemu/1031/status/stop", { method: "POST" });
    const reset = JSON.parse((await good("reset", "lesson", "--json")).stdout) as { planChanged: string[] };
    expect(reset.planChanged).toEqual(["hosts.yaml"]);
    expect(String(await memoryOf())).toBe("4096");
    await good("status");
    const preview = JSON.parse((await good("preview", "--json")).stdout) as { changes: { name: string }[] };
    expect(preview.changes.map((c) => c.name)).toEqual(["backup"]);
    putBack();
    await isEmptyPreview();
  });

  test("a reset that was killed half-way is told by preview, and finished by up or by the same reset", async () => {
    await killed(["reset", "lesson"], "qmrollback");
    const preview = await clone.maquette(["preview"]);
    expect([preview.code, preview.stderr]).toEqual([2, expect.stringContaining("RESET_INTERRUPTED")]);
    expect(preview.stderr).toContain("maquette reset lesson");
    const up = await good("up");
    expect(up.stderr).toContain("recovering: finishing the reset to lesson");
    await good("status");
    await isEmptyPreview();
    await killed(["reset", "lesson"], "qmrollback");
    await good("reset", "lesson");
    await good("status");
    await isEmptyPreview();
  });

  test("a snapshot that was killed half-way is undone by the next command, and leaves no guest standing still", async () => {
    await killed(["snapshot", "second"], "qmsnapshot");
    const preview = await clone.maquette(["preview", "--expect-no-changes"]);
    expect(preview.stderr).toContain("recovering: undoing the snapshot second");
    expect(preview.code).toBe(0);
    const current = await ask<{ qmpstatus: string }>("/nodes/pve1/qemu/1031/status/current");
    expect(current.qmpstatus).toBe("running");
    expect((await ask<{ name: string }[]>("/nodes/pve1/qemu/1031/snapshot")).map((s) => s.name)).not.toContain(
      "second",
    );
    await good("snapshot", "second");
    await good("snapshot", "second", "--delete");
  });

  test("an unknown name is answered with the near one", async () => {
    const reset = await clone.maquette(["reset", "leson"]);
    expect([reset.code, reset.stderr]).toEqual([2, expect.stringContaining('Did you mean "lesson"?')]);
  });

  test("a reset works with a plan that has become unsound", async () => {
    const putBack = clone.edit(`${PLAN}/flows.yaml`, () => "flows: [\n");
    const reset = await good("reset", "lesson");
    expect(reset.stdout).toContain("flows.yaml");
    putBack();
  });

  test("one guest that was made anew since stops a reset before anything is touched", async () => {
    await ask("/nodes/pve1/qemu/1031/status/stop", { method: "POST" });
    await ask("/nodes/pve1/qemu/1031", { method: "DELETE" });
    await good("up", "--skip-preview");
    const reset = await clone.maquette(["reset", "lesson"]);
    expect([reset.code, reset.stderr]).toEqual([2, expect.stringContaining("SNAPSHOT_GUESTS")]);
    expect(reset.stderr).toContain("pc1");
    await good("status");
    await isEmptyPreview();
  });

  test("destroy copes with snapshots and forgets them", async () => {
    await good("destroy", "--yes");
    expect(existsSync(folder()) ? readdirSync(folder()) : []).toEqual([]);
  });
});
