import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Clone, type Ran } from "./lab.ts";

/* Snapshot and reset by the commands, with the real engine; guests in memory, so what is shown is API and state. */

let clone: Clone;

beforeAll(async () => {
  clone = new Clone();
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
  (await ask<Record<string, unknown>>("/nodes/pve2/qemu/1014/config"))["memory"];

/** Kills a command with its whole group once it is at work. */
async function killed(args: readonly string[], afterMs: number): Promise<void> {
  const note = join(folder(), ".working.json");
  const ran = clone.maquette(args, {
    onSpawn: (pid) =>
      void (async () => {
        while (!existsSync(note)) await sleep(5);
        await sleep(afterMs);
        process.kill(-pid, "SIGKILL");
      })(),
  });
  expect((await ran).code).toBe(137);
  expect(existsSync(note)).toBe(true);
}

describe("snapshot and reset", () => {
  test("a snapshot is listed and holds all guests; a second one of the name is refused", async () => {
    const taken = JSON.parse((await good("snapshot", "lesson", "--json")).stdout) as { guests: string[] };
    expect(taken.guests).toHaveLength(15);
    const { snapshots } = JSON.parse((await good("snapshot", "--list", "--json")).stdout) as {
      snapshots: { name: string; planChanged: string[] }[];
    };
    expect(snapshots).toEqual([expect.objectContaining({ name: "lesson", planChanged: [] })]);
    const again = await clone.maquette(["snapshot", "lesson"]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("SNAPSHOT_EXISTS")]);
    expect((await ask<{ name: string }[]>("/nodes/pve1/qemu/1011/snapshot")).map((s) => s.name)).toContain("lesson");
  });

  test("after a change of the plan and an up, a reset undoes both in guests and state; it says what the plan has", async () => {
    const path = join(clone.root, "stacks/lab/hosts.yaml");
    const before = readFileSync(path, "utf8");
    writeFileSync(path, before.replace("memoryMiB: 4096", "memoryMiB: 6144"));
    await good("up", "--skip-preview");
    expect(String(await memoryOf())).toBe("6144");
    await ask("/nodes/pve1/qemu/1011/status/stop", { method: "POST" });
    const reset = JSON.parse((await good("reset", "lesson", "--json")).stdout) as { planChanged: string[] };
    expect(reset.planChanged).toEqual(["hosts.yaml"]);
    expect(String(await memoryOf())).toBe("4096");
    await good("status");
    const preview = JSON.parse((await good("preview", "--json")).stdout) as { changes: { name: string }[] };
    expect(preview.changes.map((c) => c.name)).toEqual(["mail"]);
    writeFileSync(path, before);
    await isEmptyPreview();
  });

  test("a reset that was killed half-way stops an up, says what to do, and finishes when it is run again", async () => {
    await killed(["reset", "lesson"], 30);
    const up = await clone.maquette(["up", "--skip-preview"]);
    expect([up.code, up.stderr]).toEqual([2, expect.stringContaining("RESET_INTERRUPTED")]);
    expect(up.stderr).toContain("maquette reset lesson");
    await good("reset", "lesson");
    await good("status");
    await isEmptyPreview();
  });

  test("a snapshot that was killed half-way is undone by the next command, and leaves no guest standing still", async () => {
    await killed(["snapshot", "second"], 10);
    const preview = await clone.maquette(["preview", "--expect-no-changes"]);
    expect(preview.stderr).toContain("recovering: undoing the snapshot second");
    expect(preview.code).toBe(0);
    const current = await ask<{ qmpstatus: string }>("/nodes/pve1/qemu/1011/status/current");
    expect(current.qmpstatus).toBe("running");
    expect((await ask<{ name: string }[]>("/nodes/pve1/qemu/1011/snapshot")).map((s) => s.name)).not.toContain(
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
    const path = join(clone.root, "stacks/lab/flows.yaml");
    const before = readFileSync(path, "utf8");
    writeFileSync(path, "flows: [\n");
    const reset = await good("reset", "lesson");
    expect(reset.stdout).toContain("flows.yaml");
    writeFileSync(path, before);
    await isEmptyPreview();
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
