import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answers, PveClient } from "../../src/pve/client/index.ts";
import { startSimulator, type RunningSimulator } from "../../src/pve/simulator/index.ts";
import { Clone } from "./lab.ts";

/*
 * The road of somebody with a Proxmox of their own, as docs/own-proxmox.md describes it. What answers is a second
 * simulator with other nodes, on another port: it shows the road, not that a real Proxmox takes it.
 */

const secret = randomUUID();
let clone: Clone;
let proxmox: RunningSimulator;
let client: PveClient;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maquette-own-"));
  proxmox = await startSimulator({
    stateDir: folder,
    nodes: ["alpha", "beta"],
    tokens: [`maquette@pve!lab=${secret}`],
  });
  client = new PveClient({ endpoint: proxmox.url, token: `maquette@pve!lab=${secret}`, tls: { insecure: true } });
  // The user's own pfSense templates, and a guest of somebody else's.
  for (const [node, vmid, name, template] of [
    ["alpha", 9900, "pfsense", true],
    ["beta", 9901, "pfsense", true],
    ["alpha", 100, "payroll", false],
  ] as const) {
    const made = await client.post(`/nodes/${node}/qemu`, answers.upid, {
      vmid,
      name,
      scsi0: "local-lvm:8",
      memory: 512,
    });
    await client.waitTask(made, { pollMs: 20 });
    if (template) {
      const task = await client.post(`/nodes/${node}/qemu/${vmid}/template`, answers.nothing);
      expect(task).toBeUndefined();
    }
  }
  clone = new Clone();
});

afterAll(async () => {
  await clone.dispose();
  await client.close();
  await proxmox.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A port of loopback on which nobody listens: one that the kernel just gave and took back. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A line of shell in the environment of the stack `mine`. */
const mine = (line: string, input?: string): ReturnType<Clone["shell"]> =>
  clone.inStack("mine", line, input === undefined ? {} : { input });

describe("a stack of one's own", () => {
  test("env makes the stack, and says what is still missing", async () => {
    const env = await clone.maquette(["env", "--stack", "mine"], { deadlineMs: 1_700_000 });
    expect(env.code, env.stderr).toBe(0);
    expect(env.stderr).toContain("STACK_");
    expect(env.stdout).toContain("export PULUMI_STACK='mine'");
  });

  test("its pass phrase is its own, and random", () => {
    const phrase = readFileSync(join(clone.secrets("mine"), "passphrase"), "utf8");
    expect(phrase).toMatch(/^[\w-]{32}$/);
  });

  test("settings and token are set by plain pulumi commands; a wrong token is refused in words", async () => {
    const settings = [
      `pulumi config set maquette:endpoint ${proxmox.url}/`,
      "pulumi config set maquette:insecure true",
      "pulumi config set --path 'maquette:nodes[0]' alpha",
      "pulumi config set --path 'maquette:nodes[1]' beta",
      `pulumi config set --path 'maquette:images["pfsense-2.8"].template.alpha' 9900`,
      `pulumi config set --path 'maquette:images["pfsense-2.8"].template.beta' 9901`,
    ];
    const set = await mine(settings.join(" && "));
    expect(set.code, set.stderr).toBe(0);
    const wrong = await mine("pulumi config set --secret maquette:apiToken", `maquette@pve!lab=${randomUUID()}\n`);
    expect(wrong.code, wrong.stderr).toBe(0);
    const up = await clone.maquette(["up", "--stack", "mine"]);
    expect(up.code).toBe(2);
    expect(up.stderr).toMatch(/401|token/i);
    expect(up.stderr).toContain("hint:");
    const right = await mine("pulumi config set --secret maquette:apiToken", `maquette@pve!lab=${secret}\n`);
    expect(right.code, right.stderr).toBe(0);
    expect(readFileSync(join(clone.root, "Pulumi.mine.yaml"), "utf8")).not.toContain(secret);
  });

  test("up builds the same lab there, from the user's own pfSense templates, and leaves the others' guests alone", async () => {
    const up = await clone.maquette(["up", "--stack", "mine", "--skip-preview"]);
    expect(up.code, up.stderr).toBe(0);
    const vms = await client.listVms();
    expect(vms.filter((v) => !v.template && v.pool === "lab")).toHaveLength(15);
    expect(vms.find((v) => v.vmid === 100)).toMatchObject({ name: "payroll", tags: [] });
    expect(new Set(vms.filter((v) => v.pool === "lab").map((v) => v.node))).toEqual(new Set(["alpha", "beta"]));
    const preview = await clone.maquette(["preview", "--stack", "mine", "--expect-no-changes"]);
    expect(preview.code, preview.stdout + preview.stderr).toBe(0);
  });

  test("its state holds neither the token nor a private key", async () => {
    const exported = await mine("pulumi stack export --show-secrets");
    expect(exported.code).toBe(0);
    expect(exported.stdout.includes(secret)).toBe(false);
    expect(exported.stdout.includes("PRIVATE KEY")).toBe(false);
  });

  test("a plain pulumi destroy is stopped by the guests' protection", async () => {
    const destroyed = await mine("pulumi destroy --yes --skip-preview --non-interactive");
    expect(destroyed.code).not.toBe(0);
    expect(destroyed.stdout + destroyed.stderr).toMatch(/protected/);
    expect((await client.listVms()).filter((v) => v.pool === "lab" && v.status === "running")).toHaveLength(15);
  });

  test("--yes is not enough to destroy it, nor is a wrong name", async () => {
    expect((await clone.maquette(["destroy", "--stack", "mine", "--yes"])).code).toBe(2);
    expect((await clone.maquette(["destroy", "--stack", "mine", "--confirm", "lab"])).code).toBe(2);
    expect((await client.listVms()).filter((v) => v.pool === "lab" && v.status === "running")).toHaveLength(15);
  });

  test("marked guests without a state are not deleted on that ground", async () => {
    const backend = join(clone.states("mine")[0]!, "..", "backend", ".pulumi", "stacks", "maquette", "mine.json");
    const kept = readFileSync(backend, "utf8");
    rmSync(backend);
    const up = await clone.maquette(["up", "--stack", "mine"]);
    expect(up.code).toBe(2);
    expect(up.stderr).toContain("STATE_LOST");
    writeFileSync(backend, kept);
  });

  test("with the stack's name it is destroyed, and nothing else with it", async () => {
    const destroyed = await clone.maquette(["destroy", "--stack", "mine", "--confirm", "mine"]);
    expect(destroyed.code, destroyed.stderr).toBe(0);
    expect((await client.listVms()).map((v) => v.vmid)).toEqual([100, 9900, 9901]);
  });

  test("an endpoint that is down, and one that is no Proxmox, are each said in words", async () => {
    const down = await mine(`pulumi config set maquette:endpoint https://127.0.0.1:${await closedPort()}/`);
    expect(down.code, down.stderr).toBe(0);
    const up = await clone.maquette(["up", "--stack", "mine"]);
    expect(up.code).toBe(2);
    expect(up.stderr).toContain("PVE_REFUSED");
  });
});

describe("the stack lab", () => {
  test("refuses any endpoint but loopback", async () => {
    const file = join(clone.root, "Pulumi.lab.yaml");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, before.replace("config:\n", "config:\n  maquette:endpoint: https://192.0.2.1:8006/\n"));
    try {
      const up = await clone.maquette(["up"]);
      expect(up.code).toBe(2);
      expect(up.stderr).toContain("STACK_LAB_IS_EMBEDDED");
    } finally {
      writeFileSync(file, before);
    }
  });

  test("refuses an environment that points elsewhere", async () => {
    const answer = await clone.shell("PROXMOX_VE_ENDPOINT=https://192.0.2.1:8006/ pulumi preview --non-interactive");
    expect(answer.code).not.toBe(0);
    expect(answer.stdout + answer.stderr).toContain("STACK_LAB_IS_EMBEDDED");
  });

  test("a shell set up for another stack cannot work on it", async () => {
    const answer = await clone.inStack("mine", "PULUMI_STACK=lab pulumi up --yes --skip-preview --non-interactive");
    expect(answer.code).not.toBe(0);
    expect(answer.stdout + answer.stderr).toMatch(/incorrect passphrase|STACK_OTHER_ENVIRONMENT/);
  });
});
