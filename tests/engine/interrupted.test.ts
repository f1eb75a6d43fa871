import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Clone, type Ran } from "./lab.ts";

/*
 * Whatever ends a run, the next `up` reaches the same lab: nothing twice, nothing by hand. Moments are drawn from
 * seeds; MAQUETTE_SEEDS=1,2,3… tries others.
 */

let clone: Clone;

beforeAll(async () => {
  clone = new Clone();
  const up = await clone.maquette(["up", "--skip-preview"], { deadlineMs: 1_700_000 });
  expect(up.code, up.stderr).toBe(0);
});

afterAll(async () => clone.dispose());

/** Processes below one, by the kernel's own account; a test ends only what it started. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((n) => /^\d+$/.test(n))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const found = [pid];
  for (let i = 0; i < found.length; i++)
    for (const [child, parent] of parents) if (parent === found[i]) found.push(child);
  return found;
}

const programOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
};

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
};

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}

/** Every guest, as the API lists it. */
const LISTED = `curl -sS --fail --cacert "$MAQUETTE_CA_FILE" -H "Authorization: PVEAPIToken=$(cat "$MAQUETTE_TOKEN_FILE")" "\${PROXMOX_VE_ENDPOINT}api2/json/cluster/resources?type=vm"`;

async function remove(hosts: readonly string[]): Promise<void> {
  const targets = hosts.map((h) => `--target '**maquette:lab:Guest*::${h}'`).join(" ");
  const gone = await clone.shell(
    `pulumi destroy --yes --skip-preview --non-interactive --target-dependents ${targets}`,
  );
  expect(gone.code, gone.stdout + gone.stderr).toBe(0);
}

/** The lab is whole, is what the state says, and has nothing twice. */
async function expectWhole(): Promise<void> {
  const up = await clone.maquette(["up", "--skip-preview", "--json"]);
  expect(up.code, up.stderr + up.stdout).toBe(0);
  const { guests } = JSON.parse(up.stdout) as { guests: { state: string }[] };
  expect(guests).toHaveLength(15);
  expect(guests.filter((g) => g.state !== "running")).toEqual([]);
  const preview = await clone.maquette(["preview", "--expect-no-changes"]);
  expect(preview.code, preview.stdout + preview.stderr).toBe(0);
  const listed = await clone.shell(LISTED);
  const { data } = JSON.parse(listed.stdout) as {
    data: { name: string; node: string; template?: number; lock?: string }[];
  };
  const names = data.map((v) => `${v.name} ${v.node}`);
  expect(new Set(names).size).toBe(names.length);
  expect(data.filter((v) => v.template !== 1)).toHaveLength(15);
  expect(data.filter((v) => v.lock !== undefined)).toEqual([]);
}

async function environmentOf(env: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  const asked = await clone.maquette(["env", "--json"], { env });
  expect(asked.code, asked.stderr).toBe(0);
  return JSON.parse(asked.stdout) as NodeJS.ProcessEnv;
}

/** Orders, lists or clears disturbances of the embedded API. */
async function disturb(
  environment: NodeJS.ProcessEnv,
  options: string,
): Promise<readonly { readonly struck: number }[]> {
  const answer = await clone.inEnvironment(
    environment,
    `curl -sS --fail --cacert "$MAQUETTE_CA_FILE" -H "Authorization: PVEAPIToken=$(cat "$MAQUETTE_TOKEN_FILE")" -H 'Content-Type: application/json' ${options} "\${PROXMOX_VE_ENDPOINT}maquette/faults"`,
  );
  expect(answer.code, answer.stderr).toBe(0);
  return JSON.parse(answer.stdout) as readonly { readonly struck: number }[];
}

/** mulberry32: a small generator, so that a seed names a moment. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Starts an up of a lab that lacks guests, and strikes once the engine works on some. */
async function strikeDuringUp(strike: (cli: number) => void, delayMs: number): Promise<Ran> {
  await remove(["pc1", "pc2", "vpn", "backup"]);
  return new Promise((resolve, reject) => {
    let pid = 0;
    const ran = clone.maquette(["up", "--skip-preview"], {
      // Tasks that take a while: there is something in flight to cut off.
      env: { MAQUETTE_TASK_MS: "300" },
      onSpawn: (p) => {
        pid = p;
        setTimeout(() => strike(pid), delayMs);
      },
    });
    ran.then(resolve, reject);
  });
}

const seeds = (process.env["MAQUETTE_SEEDS"] ?? "1,2").split(",").map(Number);

describe("killed", () => {
  test.each(seeds)("all of its processes at once, at a moment of seed %i", async (seed) => {
    const delay = 1_000 + random(seed)() * 7_000;
    await strikeDuringUp((cli) => kill(descendants(cli)), delay);
    await expectWhole();
  });

  test("the CLI alone: the engine it started ends too, or is waited for", async () => {
    await strikeDuringUp((cli) => kill([cli]), 4_000);
    await expectWhole();
  });

  test("the provider plugin alone", async () => {
    const ran = await strikeDuringUp(
      (cli) => kill(descendants(cli).filter((p) => programOf(p).includes("pulumi-resource-proxmoxve"))),
      4_500,
    );
    expect(ran.stderr).not.toContain("CLI_DEFECT");
    await expectWhole();
  });

  test("the embedded API alone", async () => {
    const ran = await strikeDuringUp(() => kill(clone.daemons()), 4_000);
    expect(ran.stderr).not.toContain("CLI_DEFECT");
    await expectWhole();
  });
});

describe("a checkpoint", () => {
  const stacks = (): string => join(clone.states()[0]!, "..", "backend/.pulumi/stacks/maquette");

  test("is one file, which no kill can leave half written", () => {
    expect(readdirSync(stacks()).sort()).toEqual(["lab.json", "lab.json.bak"]);
  });

  test("beside which an engine of an earlier version was killed while it wrote the sidecar is read all the same", async () => {
    writeFileSync(join(stacks(), "lab.json.attrs"), "");
    writeFileSync(join(stacks(), "..", "..", "meta.yaml.attrs"), "");
    await expectWhole();
  });
});

describe("disturbed by", () => {
  const faults: readonly { readonly what: string; readonly rule: object }[] = [
    { what: "a 503 on a clone", rule: { kind: "http-error", match: "POST /nodes/[^/]+/qemu/\\d+/clone", times: 5 } },
    { what: "a task that fails", rule: { kind: "task-failure", match: "qmstart:", times: 2 } },
    {
      what: "connections that are reset",
      rule: { kind: "reset", match: "PUT /nodes/[^/]+/qemu/\\d+/config", times: 3 },
    },
    {
      what: "answers that hang",
      rule: { kind: "hang", match: "POST /nodes/[^/]+/qemu/\\d+/status/start", times: 2, forMs: 4_000 },
    },
    { what: "a lock that is held", rule: { kind: "lock", match: "PUT /nodes/[^/]+/qemu/\\d+/config", times: 2 } },
    { what: "a node that is down", rule: { kind: "node-down", node: "pve2", times: 12 } },
  ];

  test.each(faults)("$what", async ({ rule }) => {
    await remove(["pc1", "pc2", "vpn"]);
    // Asked for before: a node that is down must not stop a test from clearing its fault.
    const environment = await environmentOf();
    await disturb(environment, `-d '${JSON.stringify(rule)}'`);
    const ran = await clone.maquette(["up", "--skip-preview"]);
    expect(ran.stderr).not.toContain("CLI_DEFECT");
    if (ran.code !== 0) expect(ran.stderr).toMatch(/hint: /);
    await disturb(environment, "-X DELETE");
    await expectWhole();
  });
});

describe("killed in the first seconds of a first up", () => {
  const slow = { MAQUETTE_TASK_MS: "4000" };
  const pending = (): string[] => (clone.checkpoint()?.pending ?? []).map((p) => p.resource.type.split(":").pop()!);

  /**
   * Strikes some time after `isTime`. The embedded API, its tasks and its disturbances stay if it ran with these
   * settings before; one that this run starts anew is among its descendants, and dies as in a power cut.
   */
  async function strikeWhen(
    isTime: () => Promise<boolean> | boolean,
    env: NodeJS.ProcessEnv,
    delayMs = 0,
  ): Promise<void> {
    const up = { pid: 0, hasEnded: false };
    const ran = clone
      .maquette(["up", "--skip-preview"], { env, onSpawn: (pid) => (up.pid = pid) })
      .finally(() => (up.hasEnded = true));
    while (!up.hasEnded && !(await isTime())) await sleep(10);
    await sleep(delayMs);
    expect(up.hasEnded, up.hasEnded ? (await ran).stderr : "").toBe(false);
    kill(descendants(up.pid));
    await ran;
  }

  async function begin(): Promise<void> {
    const gone = await clone.maquette(["destroy", "--yes"]);
    expect(gone.code, gone.stderr).toBe(0);
  }

  test.each(seeds)("at a moment of seed %i", async (seed) => {
    await begin();
    await strikeWhen(() => pending().length > 0, { MAQUETTE_TASK_MS: "300" }, random(seed + 100)() * 2_500);
    await expectWhole();
  });

  test("while pool, bridges and image are made and not recorded", async () => {
    await begin();
    const environment = await environmentOf(slow);
    // Each was made when the question after it is left without an answer; the download is a long task.
    const hangs = ["GET /pools", "GET /nodes/pve1/network", "GET /nodes/pve2/network"];
    for (const match of hangs) await disturb(environment, `-d '${JSON.stringify({ kind: "hang", match })}'`);
    await strikeWhen(
      async () =>
        (await disturb(environment, "")).every((f) => f.struck > 0) &&
        ["PoolLegacy", "File", "Bridge"].every((type) => pending().includes(type)),
      slow,
    );
    await disturb(environment, "-X DELETE");
    const preview = await clone.maquette(["preview"], { env: slow });
    expect(preview.code, preview.stderr).toBe(0);
    expect(preview.stderr).toMatch(/recovering: deleting the pool lab/);
    expect(preview.stderr).toMatch(/recovering: deleting the bridge vmbr9 on pve1/);
    expect(preview.stderr).toMatch(/recovering: deleting the bridge vmbr9 on pve2/);
    expect(preview.stderr).toMatch(/recovering: stopping the download of local:import\/lab-/);
    await expectWhole();
  });

  /** Cut off while pc1 is cloned; then it has neither name nor mark. */
  async function cutOffClone(): Promise<void> {
    await remove(["pc1"]);
    const environment = await environmentOf(slow);
    await strikeWhen(
      async () => (await clone.inEnvironment(environment, LISTED)).stdout.includes('"lock":"clone"'),
      slow,
      // By then the API has it on disk too.
      300,
    );
  }

  test("while a guest is cloned, with no name or mark yet", async () => {
    await cutOffClone();
    const preview = await clone.maquette(["preview"], { env: slow });
    expect(preview.code, preview.stderr).toBe(0);
    expect(preview.stderr).toMatch(/recovering: waiting for qmclone \d+ on pve/);
    expect(preview.stderr).toMatch(/recovering: deleting \d+ "pc1" on pve/);
    await expectWhole();
  });

  test("while a guest is cloned, and the embedded API with it: what it leaves is nobody's else", async () => {
    await cutOffClone();
    kill(clone.daemons());
    const preview = await clone.maquette(["preview"], { env: slow });
    expect(preview.code, preview.stderr).toBe(0);
    expect(preview.stderr).toMatch(/recovering: deleting (\d+) "VM \1" on pve/);
    await expectWhole();
  });
});

describe("nothing of an engine that is killed alone stays", () => {
  /** Kills the engine below `pid` once its plugins and the program are there; returns their pids and its own. */
  async function killEngine(pid: number): Promise<number[]> {
    const parts = ["pulumi-language-nodejs", "pulumi-resource-proxmoxve", "plugin/main.js", "/cmd/run"];
    return vi.waitUntil(
      () => {
        const engine = descendants(pid).find((p) => programOf(p).endsWith("/pulumi"));
        const all = engine === undefined ? [] : descendants(engine);
        if (!parts.every((part) => all.some((p) => commandOf(p).includes(part)))) return undefined;
        kill([engine!]);
        return all;
      },
      { timeout: 120_000, interval: 10 },
    );
  }

  const isGone = (pid: number): boolean => programOf(pid) === "";

  test("by the CLI", async () => {
    await remove(["pc1"]);
    let left: Promise<number[]> = Promise.resolve([]);
    await clone.maquette(["up", "--skip-preview"], {
      env: { MAQUETTE_TASK_MS: "300" },
      onSpawn: (p) => void (left = killEngine(p)),
    });
    await vi.waitUntil(async () => (await left).every(isGone), { timeout: 10_000 });
    await expectWhole();
  });

  test("by hand", async () => {
    await remove(["pc1"]);
    const environment = await environmentOf();
    let left: Promise<number[]> = Promise.resolve([]);
    await clone.inEnvironment(environment, "pulumi up --yes --skip-preview --non-interactive; true", {
      onSpawn: (p) => void (left = killEngine(p)),
    });
    await vi.waitUntil(async () => (await left).every(isGone), { timeout: 10_000 });
    await expectWhole();
  });
});
