import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Document } from "yaml";
import { shippedCosts, shippedTexts } from "../../bench/edits/shipped.ts";
import { edited } from "../../bench/edits/singles.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { Clone } from "./lab.ts";

/*
 * The life of the lab as it is shipped: the real engine and the real plugin (or its bridge) against the embedded API, by
 * the commands that people type. What a smaller lab shows as well is in the other files.
 */

let clone: Clone;
let first: Awaited<ReturnType<Clone["maquette"]>>;
/** The folder for temporary files in which others of the machine write too. */
let common: string;

beforeAll(async () => {
  clone = new Clone();
  execFileSync("git", ["init", "-q"], { cwd: clone.root });
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", "add", "-A"], { cwd: clone.root });
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "all"], {
    cwd: clone.root,
  });
  common = join(clone.root, "../common");
  mkdirSync(common);
  first = await clone.maquette(["up", "--skip-preview"], { deadlineMs: 1_700_000, env: { TMPDIR: common } });
});

afterAll(async () => clone.dispose());

interface Listed {
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  readonly status: string;
  readonly tags?: string;
  readonly template?: number;
  readonly pool?: string;
}

/** Asks the embedded API as any client would, from the files that `maquette env` names. */
async function ask<T>(path: string, init: { method?: string; body?: string } = {}): Promise<T> {
  const answer = await clone.shell(
    `curl -sS --cacert "$MAQUETTE_CA_FILE" -H "Authorization: PVEAPIToken=$(cat "$MAQUETTE_TOKEN_FILE")" -X ${init.method ?? "GET"} ${init.body === undefined ? "" : `-d '${init.body}'`} "\${PROXMOX_VE_ENDPOINT}api2/json${path}"`,
  );
  expect(answer.code, answer.stderr).toBe(0);
  return (JSON.parse(answer.stdout) as { data: T }).data;
}

describe("the lab comes up", () => {
  test("up ends well, with a table of the guests and what to do next", async () => {
    expect(first.code, first.stderr).toBe(0);
    const plan = await loadPlan(join(clone.root, "stacks/lab"), { nodes: 2 });
    if (!plan.ok) throw new Error("the lab's plan is not sound");
    for (const host of plan.value.hosts.keys()) expect(first.stdout).toMatch(new RegExp(`^${host} .* running$`, "m"));
    expect(first.stdout).toContain("What to do next");
    expect(first.stdout).toContain("Guests live in memory");
  });

  test("nothing stays where others of the machine write: the provider's lock is its engine's own", async () => {
    // This clone's path is too long for sockets: its engines' folders stand there, and go when their engine has ended.
    await expect.poll(() => readdirSync(common), { timeout: 60_000 }).toEqual([]);
  });

  test("every host of the plan runs in the pool, on its node, bearing the stack's mark", async () => {
    const vms = await ask<Listed[]>("/cluster/resources?type=vm");
    const guests = vms.filter((v) => v.template !== 1);
    expect(guests).toHaveLength(15);
    for (const vm of guests) {
      expect(vm).toMatchObject({ status: "running", pool: "lab" });
      expect(vm.tags).toMatch(/(^|;)lab-[0-9a-f]{8}(;|$)/);
    }
    const node = (name: string): string | undefined => guests.find((v) => v.name === name)?.node;
    expect(node("rtr-a")).not.toBe(node("rtr-b"));
    expect(node("dc1")).not.toBe(node("dc2"));
  });

  test("nothing is under HA, which would fence a sound node of two", async () => {
    const status = await ask<{ ha: { managed: number } }>("/nodes/pve1/qemu/1001/status/current");
    expect(status.ha.managed).toBe(0);
  });

  test("a router's NICs are access ports of its zones, with the plan's MACs and Proxmox' firewall off", async () => {
    const config = await ask<Record<string, string>>("/nodes/pve1/qemu/1001/config");
    const nics = Object.keys(config).filter((k) => /^net\d+$/.test(k));
    expect(nics).toHaveLength(8);
    for (const nic of nics) expect(config[nic]).toMatch(/^virtio=02:[0-9A-F:]{14},bridge=vmbr9,firewall=0,tag=\d+$/);
    expect(new Set(nics.map((n) => /tag=(\d+)/.exec(config[n]!)![1])).size).toBe(8);
  });

  test("a second preview is empty", async () => {
    const preview = await clone.maquette(["preview", "--expect-no-changes"]);
    expect(preview.stdout + preview.stderr).toContain("Nothing to change");
    expect(preview.code).toBe(0);
  });

  test("and is empty after a refresh, with which a seed that was detached and deleted does not come back", async () => {
    const volumes = await ask<{ volid: string }[]>("/nodes/pve1/storage/local/content?content=iso");
    const seed = volumes.find((v) => v.volid.includes("dc1"))!.volid;
    await ask("/nodes/pve1/qemu/1011/config", { method: "PUT", body: "ide3=none,media=cdrom" });
    await ask(`/nodes/pve1/storage/local/content/${encodeURIComponent(seed)}`, { method: "DELETE" });
    const refreshed = await clone.shell("pulumi refresh --yes --skip-preview --non-interactive");
    expect(refreshed.code, refreshed.stdout).toBe(0);
    const preview = await clone.maquette(["preview", "--expect-no-changes"]);
    expect(preview.code, preview.stdout).toBe(0);
  });

  test("the tree is clean after it, and what it left behind is private", () => {
    expect(execFileSync("git", ["status", "--porcelain"], { cwd: clone.root, encoding: "utf8" })).toBe("");
    for (const kind of ["state", "data"]) {
      for (const entry of readdirSync(join(clone.home, kind, "maquette"), { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        // A link's own mode means nothing; what it points to is the engine.
        if (entry.isSymbolicLink()) continue;
        expect(statSync(path).mode & 0o077, path).toBe(0);
      }
    }
  });

  test("the state holds no secret of the stack", async () => {
    const exported = await clone.shell("pulumi stack export --show-secrets");
    expect(exported.code).toBe(0);
    const token = readFileSync(join(clone.states()[0]!, "run/token"), "utf8").trim().split("=")[1]!;
    expect(exported.stdout.includes(token)).toBe(false);
    expect(exported.stdout.includes("PRIVATE KEY")).toBe(false);
    expect(exported.stdout.includes('"secret": "ssh-private/host/dc1"')).toBe(true);
  });

  test("env names secrets by their files, never by value", async () => {
    const env = await clone.maquette(["env"]);
    const token = readFileSync(join(clone.states()[0]!, "run/token"), "utf8").trim();
    expect(env.stdout).not.toContain(token.split("=")[1]!);
    expect(env.stdout).toContain("export MAQUETTE_TOKEN_FILE=");
  });
});

describe("what changes", () => {
  test("the comment of a pull request says what changes, and replacements loudly; to expect no changes fails", async () => {
    // More memory for the first host of 4 GiB, another VM id for pc2.
    const putBack = clone.edit("stacks/lab/hosts.yaml", (text) =>
      text.replace("memoryMiB: 4096", "memoryMiB: 6144").replace("number: 32", "number: 33"),
    );
    const preview = await clone.maquette(["preview", "--format", "markdown", "--expect-no-changes"]);
    expect(preview.code, preview.stderr).toBe(1);
    expect(preview.stdout).toContain("would be replaced");
    expect(preview.stdout).toMatch(/`memory\.dedicated`: `4096` → `6144`/);
    expect(preview.stdout).toMatch(/guest pc2/);
    putBack();
  });

  test("of one address is what depends on it", async () => {
    const putBack = clone.edit("stacks/lab/hosts.yaml", (text) =>
      text.replace("address: 10.20.20.14 }", "address: 10.20.20.44 }"),
    );
    const preview = await clone.maquette(["preview", "--json"]);
    const { changes } = JSON.parse(preview.stdout) as {
      changes: {
        name: string;
        op: string;
        type: string;
        properties: { path: string; before?: unknown; after?: unknown }[];
      }[];
    };
    const isRole = (c: (typeof changes)[number]): boolean => c.type === "provision:index:Role";
    const others = changes.filter((c) => !isRole(c));
    expect(others.map((c) => `${c.op} ${c.name}`)).toEqual([
      // The routers' aliases hold the address too.
      "update mail-seed",
      "update rtr-a-seed",
      "update rtr-b-seed",
    ]);
    // Its own names and firewall, and whoever names it in theirs: each shows the address itself.
    const roles = changes.filter(isRole);
    expect(roles.map((c) => c.name)).toContain("mail-base");
    expect(roles.map((c) => c.name)).not.toContain("pc1-base");
    for (const { op, name, properties } of roles) {
      expect(op, name).toBe("update");
      const shown = properties.filter(
        (p) => String(p.before).includes("10.20.20.14") && String(p.after).includes("10.20.20.44"),
      );
      expect(shown, name).not.toEqual([]);
    }
    // docs/edits.md is made without the engine: by what the program registers it is the same hosts.
    const moved = { hosts: (d: Document) => d.setIn(["hosts", "mail", "nics", 0, "address"], "10.20.20.44") };
    const cost = await (await shippedCosts()).of(edited(shippedTexts(), moved));
    const told = cost.kind === "done" ? new Map(cost.parts.map((p) => [p.what, p.of] as const)) : new Map();
    expect([...new Set(roles.map((c) => c.name.replace(/-[a-z]+$/, "")))].sort()).toEqual(told.get("steps"));
    expect(told.get("readdressed")).toEqual(["mail"]);
    // The guest is another instance by its seed, and reads it again.
    expect(others[0]!.properties.map((p) => p.path).sort()).toEqual([
      "digest",
      'files["meta-data"]',
      'files["network-config"]',
      "network",
    ]);
    putBack();
  });

  test("of the domain's name is refused for the controllers that stand, and preview says so", async () => {
    const putBack = clone.edit("stacks/lab/addressing.yaml", (text) =>
      text.replace("name: cod.test", "name: crise.test"),
    );
    const preview = await clone.maquette(["preview"]);
    expect(preview.stderr).toContain("An up refuses this: GUESTS_LOST");
    for (const host of ["dc1", "dc2"])
      expect(preview.stderr).toMatch(
        new RegExp(`${host} \\(VM .*: it is of the domain cod\\.test \\(COD\\) for good, .* crise\\.test`),
      );
    putBack();
  });

  test("of a guest's memory is brought there by up, after which there is nothing to do", async () => {
    clone.edit("stacks/lab/hosts.yaml", (text) => text.replace("memoryMiB: 4096", "memoryMiB: 6144"));
    const up = await clone.maquette(["up", "--skip-preview"]);
    expect(up.code, up.stderr).toBe(0);
    const { memory } = await ask<{ memory: number | string }>("/nodes/pve2/qemu/1014/config");
    expect(String(memory)).toBe("6144");
    const preview = await clone.maquette(["preview", "--expect-no-changes"]);
    expect(preview.code, preview.stdout).toBe(0);
  });
});

describe("destroy", () => {
  test("without a terminal and without --yes it refuses", async () => {
    const asked = await clone.maquette(["destroy"]);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("CLI_NOT_CONFIRMED");
  });

  test("it ends well against an embedded API that was emptied, even if the plan has become unsound", async () => {
    writeFileSync(join(clone.root, "stacks/lab/flows.yaml"), "flows: [\n");
    expect((await clone.maquette(["up"])).code).toBe(1);
    for (const pid of clone.daemons()) process.kill(pid, "SIGKILL");
    execFileSync("rm", ["-rf", join(clone.states()[0]!, "pve")]);
    const destroyed = await clone.maquette(["destroy", "--yes"]);
    expect(destroyed.code, destroyed.stderr).toBe(0);
  });

  test("it leaves no process and no guest, and the secret stays", async () => {
    expect(clone.daemons()).toEqual([]);
    execFileSync("git", ["checkout", "-q", "stacks"], { cwd: clone.root });
    const status = await clone.maquette(["status"]);
    expect(status.code).toBe(1);
    expect(
      readdirSync(join(clone.home, "data/maquette"), { recursive: true }).some((n) => String(n).endsWith("lab/secret")),
    ).toBe(true);
  });
});
