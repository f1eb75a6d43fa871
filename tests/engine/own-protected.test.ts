import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answers, PveClient } from "../../src/pve/client/index.ts";
import { startSimulator, type RunningSimulator } from "../../src/pve/simulator/index.ts";
import { Clone, type Ran } from "./lab.ts";

/*
 * On a Proxmox of one's own Pulumi protects every guest, and fails where it would delete one: what `up` says before it
 * comes to that, and what `--replace` opens. What answers is a second simulator.
 */

const PLAN = "tests/plans/few";
const token = `root@pam!lab=${randomUUID()}`;
let clone: Clone;
let proxmox: RunningSimulator;
let client: PveClient;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maquette-own-"));
  proxmox = await startSimulator({ stateDir: folder, nodes: ["alpha", "beta"], tokens: [token] });
  client = new PveClient({ endpoint: proxmox.url, token, tls: { insecure: true } });
  for (const [node, vmid] of [
    ["alpha", 9900],
    ["beta", 9901],
  ] as const) {
    const pfsense = { vmid, name: "pfsense", scsi0: "local-lvm:8", memory: 512 };
    await client.waitTask(await client.post(`/nodes/${node}/qemu`, answers.upid, pfsense), { pollMs: 20 });
    await client.post(`/nodes/${node}/qemu/${vmid}/template`, answers.nothing);
  }
  clone = new Clone();
  const env = await clone.maquette(["env", "--stack", "mine"], { deadlineMs: 1_700_000 });
  expect(env.code, env.stderr).toBe(0);
  const settings = [
    `maquette:plan ${PLAN}`,
    `maquette:endpoint ${proxmox.url}/`,
    "maquette:insecure true",
    "--path 'maquette:nodes[0]' alpha",
    "--path 'maquette:nodes[1]' beta",
    `--path 'maquette:images["pfsense-2.8"].template.alpha' 9900`,
    `--path 'maquette:images["pfsense-2.8"].template.beta' 9901`,
  ].map((setting) => `pulumi config set ${setting}`);
  const set = await clone.inStack("mine", settings.join(" && "));
  expect(set.code, set.stderr).toBe(0);
  const given = await clone.inStack("mine", "pulumi config set --secret maquette:apiToken", { input: `${token}\n` });
  expect(given.code, given.stderr).toBe(0);
  // Proxmox' own protection too.
  editHost("backup", "number: 16", "protected: true\n    number: 16");
  const made = await up("--skip-preview");
  expect(made.code, made.stdout + made.stderr).toBe(0);
});

afterAll(async () => {
  await clone.maquette(["destroy", "--stack", "mine", "--confirm", "mine"]);
  await clone.dispose();
  await client.close();
  await proxmox.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Nothing is behind this API: guests are asked for, and nothing in them. */
const up = (...args: string[]): Promise<Ran> => clone.maquette(["up", "--stack", "mine", "--guests-only", ...args]);

const editHost = (host: string, before: string, after: string): void =>
  void clone.edit(`${PLAN}/hosts.yaml`, (text) => {
    const at = text.indexOf(`\n  ${host}:`);
    return text.slice(0, at) + text.slice(at).replace(before, after);
  });

const standing = async (): Promise<string[]> =>
  (await client.listVms()).filter((v) => !v.template).map((v) => `${v.vmid} ${v.name} ${v.node} ${v.status}`);

test("a change that would replace protected guests is refused, stops a plain pulumi up, and is done for those that are named", async () => {
  const before = await standing();
  editHost("pc1", "node: 0", "node: 1");
  editHost("backup", "number: 16", "number: 17");
  const refused = await up("--replace", "backup");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    /GUESTS_LOST This would delete a guest [^]*pc1 \(VM 1031 on alpha.*nodeName: alpha → beta/,
  );
  expect(refused.stderr).toContain("maquette up --stack mine --replace backup,pc1.");
  const plain = await clone.inStack("mine", "pulumi up --yes --skip-preview --non-interactive");
  expect(plain.code).not.toBe(0);
  expect(await standing()).toEqual(before);
  const done = await up("--replace", "backup,pc1");
  expect(done.code, done.stdout + done.stderr).toBe(0);
  const after = await standing();
  expect(after).toHaveLength(before.length);
  expect(after).toEqual(expect.arrayContaining(["1017 backup beta running", "1031 pc1 beta running"]));
});

test("a host that is taken out keeps its guest until that is named", async () => {
  editHost("pc1", "pc1:", "pc9:");
  editHost("pc9", "number: 31", "number: 39");
  editHost("pc9", "10.0.30.31", "10.0.30.39");
  for (const how of [[], ["--skip-preview"]]) {
    const refused = await up(...how);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/GUESTS_LOST[^]*pc1 \(VM 1031[^]*put pc1 back[^]*--replace pc1\./);
  }
  expect(await standing()).toContain("1031 pc1 beta running");
  const done = await up("--replace", "pc1");
  expect(done.code, done.stdout + done.stderr).toBe(0);
  const after = await standing();
  expect(after.filter((v) => /^(1031|1039) /.test(v))).toEqual(["1039 pc9 beta running"]);
  const preview = await clone.maquette(["preview", "--stack", "mine", "--expect-no-changes"]);
  expect(preview.code, preview.stdout + preview.stderr).toBe(0);
});
