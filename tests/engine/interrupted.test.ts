import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { upid } from "../../src/pve/client/answers.ts";
import type { PveClient } from "../../src/pve/client/index.ts";
import { Clone, type Ran } from "./lab.ts";
import { commandOf, descendants, kill } from "./processes.ts";
import { random } from "../../src/core/random.ts";

/*
 * Whatever ends a run, the next `up` reaches the same lab: nothing twice, nothing by hand. Moments are drawn from
 * seeds; MAQUETTE_SEEDS=1,2,3… tries others. Each run that is struck begins from a state that was kept: nothing yet, or
 * a lab that lacks two of its guests. What it must come to is the record of a lab that was never struck, of which the
 * engine says that it has nothing to change.
 */

let clone: Clone;
/** The record of the whole lab, as `recorded` gives it. */
let whole: ReturnType<typeof recorded>;
const GUESTS = 5;
const NOTHING_YET = "nothing yet";
/** Without backup and pc1. */
const LACKING = "lacking";

beforeAll(async () => {
  clone = new Clone({ plan: "tests/plans/few" });
  const env = await clone.maquette(["env"], { deadlineMs: 1_700_000 });
  expect(env.code, env.stderr).toBe(0);
  await clone.keep(NOTHING_YET);
  const up = await clone.maquette(["up", "--skip-preview"]);
  expect(up.code, up.stderr).toBe(0);
  whole = recorded();
  const targets = ["pc1", "backup"].map((h) => `--target '**maquette:lab:Guest*::${h}'`).join(" ");
  const gone = await clone.shell(
    `pulumi destroy --yes --skip-preview --non-interactive --target-dependents ${targets}`,
  );
  expect(gone.code, gone.stdout + gone.stderr).toBe(0);
  await clone.keep(LACKING);
});

afterAll(async () => clone.dispose());

/** What there is and what was asked of it: what a preview compares the plan with. */
function recorded(): readonly unknown[] {
  const { resources, pending } = clone.checkpoint()!;
  expect(pending).toEqual([]);
  // What begins so is the engine's own; a secret is another text each time that it is written.
  const declared = (key: string, value: unknown): unknown =>
    key.startsWith("__") || key === "ciphertext" ? undefined : value;
  return resources
    .map(({ urn, inputs, initErrors }) => [urn, initErrors ?? [], JSON.stringify(inputs, declared)])
    .sort(([x], [y]) => (x! < y! ? -1 : 1));
}

const programOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
};

async function vms(): ReturnType<PveClient["listVms"]> {
  const api = clone.api();
  try {
    return await api.listVms();
  } finally {
    await api.close();
  }
}

/** The lab is whole, is what the state says, and has nothing twice; by a run that reached it, or one that does now. */
async function expectWhole(reached?: Ran): Promise<void> {
  const up = reached ?? (await clone.maquette(["up", "--skip-preview"]));
  expect(up.code, up.stderr + up.stdout).toBe(0);
  expect(recorded()).toEqual(whole);
  const listed = await vms();
  const names = listed.map((v) => `${v.name} ${v.node}`);
  expect(new Set(names).size).toBe(names.length);
  const guests = listed.filter((v) => !v.template);
  expect(guests.map((v) => v.status)).toEqual(Array.from({ length: GUESTS }, () => "running"));
  expect(listed.filter((v) => v.lock !== undefined)).toEqual([]);
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

const pending = (): string[] => (clone.checkpoint()?.pending ?? []).map((p) => p.resource.type.split(":").pop()!);
/** The engine waits for the API, and has not recorded what comes of it. */
const isMaking = (): boolean => pending().length > 0;

interface Running {
  readonly pid: number;
  /** All that the CLI has said. */
  readonly said: string;
}

/**
 * Starts an `up` and strikes when it is time. Tasks take a while, so that there is something in flight to cut off.
 * @param env of this run: an embedded API that runs with these settings stays as it is, with its tasks and disturbances;
 *   one that this run starts anew is among its descendants, and dies with them as in a power cut
 */
async function strikeWhen(
  isTime: (up: Running) => Promise<boolean> | boolean,
  strike: (cli: number) => void,
  env: NodeJS.ProcessEnv = { MAQUETTE_TASK_MS: "300" },
): Promise<Ran> {
  const up = { pid: 0, said: "", hasEnded: false };
  const ran = clone
    .maquette(["up", "--skip-preview"], {
      env,
      onSpawn: (pid) => (up.pid = pid),
      onSaid: (text) => (up.said = text),
    })
    .finally(() => (up.hasEnded = true));
  while (!up.hasEnded && !(await isTime(up))) await sleep(10);
  expect(up.hasEnded, up.hasEnded ? (await ran).stderr : "").toBe(false);
  strike(up.pid);
  return ran;
}

/**
 * A moment of an `up`: some of what it makes is made, and a part of a second has passed since. Drawn from a seed.
 * @param most of how many things, so that it has not made all by then
 */
function momentOf(seed: number, most: number): (up: Running) => Promise<boolean> {
  const draw = random(seed);
  const [made, ms] = [Math.floor(draw() * (most + 1)), draw() * 300];
  return async ({ said }) => {
    if (!isMaking() || [...said.matchAll(/, done \(/g)].length < made) return false;
    await sleep(ms);
    return true;
  };
}

const killAll = (cli: number): void => kill(descendants(cli));
const seeds = (process.env["MAQUETTE_SEEDS"] ?? "1,2").split(",").map(Number);

describe("killed", () => {
  test.each(seeds)("all of its processes at once, at a moment of seed %i", async (seed) => {
    await clone.restore(LACKING);
    await strikeWhen(momentOf(seed, 5), killAll);
    await expectWhole();
  });

  test("the CLI alone: the engine it started ends too, or is waited for", async () => {
    await clone.restore(LACKING);
    await strikeWhen(isMaking, (cli) => kill([cli]));
    await expectWhole();
  });

  test("the provider plugin alone", async () => {
    await clone.restore(LACKING);
    const ran = await strikeWhen(isMaking, (cli) =>
      kill(descendants(cli).filter((p) => programOf(p).includes("pulumi-resource-proxmoxve"))),
    );
    expect(ran.stderr).not.toContain("CLI_DEFECT");
    await expectWhole();
  });

  test("the embedded API alone", async () => {
    await clone.restore(LACKING);
    const ran = await strikeWhen(isMaking, () => kill(clone.daemons()));
    expect(ran.stderr).not.toContain("CLI_DEFECT");
    await expectWhole();
  });

  describe("with both routers off since", () => {
    beforeEach(async () => {
      await clone.restore(LACKING);
      await strikeWhen(isMaking, killAll);
      await environmentOf();
      const api = clone.api();
      try {
        for (const [node, vmId] of [
          ["pve1", 1001],
          ["pve2", 1002],
        ] as const)
          await api.waitTask(await api.post(`/nodes/${node}/qemu/${vmId}/status/stop`, upid));
      } finally {
        await api.close();
      }
    });

    test("up starts them before it asks anything through them", async () => {
      const ran = await clone.maquette(["up", "--skip-preview"]);
      expect(ran.stderr).toMatch(/starting what is off: rtr-a, rtr-b\n[^]*recovering: asking the API what is there/);
      await expectWhole(ran);
    });

    test("preview asks the API alone, starts nothing, and the up after it reaches the same lab", async () => {
      const preview = await clone.maquette(["preview"]);
      expect(preview.code, preview.stdout + preview.stderr).toBe(0);
      expect(preview.stderr).toContain("recovering: asking the API what is there");
      expect(preview.stdout).toMatch(/Off: rtr-a, rtr-b/);
      await expectWhole();
    });
  });

  test("leaves a lab of which the engine too says that there is nothing to change", async () => {
    const preview = await clone.maquette(["preview", "--expect-no-changes"]);
    expect(preview.code, preview.stdout + preview.stderr).toBe(0);
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
    await clone.restore(LACKING);
    // Asked for before: a node that is down must not stop a test from clearing its fault.
    const environment = await environmentOf();
    await disturb(environment, `-d '${JSON.stringify(rule)}'`);
    const ran = await clone.maquette(["up", "--skip-preview"]);
    expect(ran.stderr).not.toContain("CLI_DEFECT");
    if (ran.code !== 0) expect(ran.stderr).toMatch(/hint: /);
    const [fault] = await disturb(environment, "");
    expect(fault!.struck).toBeGreaterThan(0);
    await disturb(environment, "-X DELETE");
    await expectWhole(ran.code === 0 ? ran : undefined);
  });
});

describe("killed in the first seconds of a first up", () => {
  const slow = { MAQUETTE_TASK_MS: "4000" };

  test.each(seeds)("at a moment of seed %i", async (seed) => {
    await clone.restore(NOTHING_YET);
    await strikeWhen(momentOf(seed + 100, 20), killAll);
    await expectWhole();
  });

  test("while pool, bridges and image are made and not recorded", async () => {
    await clone.restore(NOTHING_YET);
    const environment = await environmentOf(slow);
    // Each was made when the question after it is left without an answer; the download is a long task.
    const hangs = ["GET /pools", "GET /nodes/pve1/network", "GET /nodes/pve2/network"];
    for (const match of hangs) await disturb(environment, `-d '${JSON.stringify({ kind: "hang", match })}'`);
    await strikeWhen(
      async () =>
        ["PoolLegacy", "File", "Bridge"].every((type) => pending().includes(type)) &&
        (await disturb(environment, "")).every((f) => f.struck > 0),
      killAll,
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

  /** Cut off while pc1 is cloned, so that it has neither name nor mark; the API has it on the disk. */
  async function cutOffClone(): Promise<void> {
    await clone.restore(LACKING);
    await environmentOf(slow);
    const isCloned = async (): Promise<boolean> =>
      /"1031":/.test(readFileSync(join(clone.states()[0]!, "pve/state.json"), "utf8")) &&
      (await vms()).some((v) => v.vmid === 1031 && v.lock === "clone");
    await strikeWhen(isCloned, killAll, slow);
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

  test("leaves a lab of which the engine too says that there is nothing to change", async () => {
    const preview = await clone.maquette(["preview", "--expect-no-changes"]);
    expect(preview.code, preview.stdout + preview.stderr).toBe(0);
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
    await clone.restore(LACKING);
    let left: Promise<number[]> = Promise.resolve([]);
    await clone.maquette(["up", "--skip-preview"], {
      env: { MAQUETTE_TASK_MS: "300" },
      onSpawn: (p) => void (left = killEngine(p)),
    });
    await vi.waitUntil(async () => (await left).every(isGone), { timeout: 60_000 });
    await expectWhole();
  });

  test("by hand", async () => {
    await clone.restore(LACKING);
    const environment = await environmentOf();
    let left: Promise<number[]> = Promise.resolve([]);
    await clone.inEnvironment(environment, "pulumi up --yes --skip-preview --non-interactive; true", {
      onSpawn: (p) => void (left = killEngine(p)),
    });
    await vi.waitUntil(async () => (await left).every(isGone), { timeout: 60_000 });
    await expectWhole();
  });
});
