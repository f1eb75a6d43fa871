import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answers, PveClient } from "../../src/pve/client/index.ts";
import { startSimulator, type RunningSimulator } from "../../src/pve/simulator/index.ts";
import { DEFAULT_STORAGES } from "../../src/pve/simulator/state/initial.ts";
import { applyPveum, commandsOf, configLines, readPage, storagesOf } from "../pve/own-page.ts";
import { Recorder } from "../pve/record.ts";
import { Clone } from "./lab.ts";

/*
 * The road of somebody with a Proxmox of their own, walked as docs/own-proxmox.md describes it: storages, users, roles,
 * permissions and settings are read from the page. What answers is a second simulator that checks privileges as
 * Proxmox' sources do, and whose cluster figures lag behind as pvestatd's do: it shows the road, not that a real Proxmox
 * takes it.
 */

const page = readPage("en");
const PLAN = "tests/plans/few";
const GUESTS = 5;
const ROOT = `root@pam!admin=${randomUUID()}`;
let clone: Clone;
let proxmox: RunningSimulator;
let root: PveClient;
let folder: string;
let token: string;
const recorder = new Recorder();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maquette-own-"));
  const storages = [
    ...DEFAULT_STORAGES,
    ...storagesOf(commandsOf(page)),
    { id: "files", type: "dir", content: ["images"] },
  ];
  proxmox = await startSimulator({
    stateDir: folder,
    nodes: ["pve1", "pve2"],
    storages,
    tokens: [ROOT],
    statisticsPeriodMs: 10_000,
    onCall: recorder.add,
  });
  root = new PveClient({ endpoint: proxmox.url, token: ROOT, tls: { insecure: true } });
  // The user's own pfSense templates, and a guest of somebody else's.
  for (const [node, vmid, name, template, scsi0] of [
    ["pve1", 9900, "pfsense", true, "local-lvm:8"],
    ["pve1", 9910, "pfsense", true, "files:8,format=qcow2"],
    ["pve2", 9911, "pfsense", true, "files:8,format=qcow2"],
    ["pve1", 100, "payroll", false, "local-lvm:8"],
  ] as const) {
    const made = await root.post(`/nodes/${node}/qemu`, answers.upid, { vmid, name, scsi0, memory: 512 });
    await root.waitTask(made, { pollMs: 20 });
    if (template) await root.waitTask(await root.post(`/nodes/${node}/qemu/${vmid}/template`, answers.upid));
  }
  token = await applyPveum(commandsOf(page), root);
  recorder.clear();
  clone = new Clone();
});

afterAll(async () => {
  await clone.dispose();
  await root.close();
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

const guests = async (): Promise<readonly { vmid: number; status: string; node: string }[]> =>
  (await root.listVms()).filter((v) => !v.template && v.pool === "lab");

/** Commands of the page, with this machine's values where a user has theirs. */
const settings = (section: RegExp): string =>
  configLines(page, section)
    .filter((line) => !line.includes("--secret"))
    .map((line) => line.replace("https://192.0.2.10:8006/", `${proxmox.url}/`))
    .join(" && ");

const SHA512 = "0f".repeat(64);
const WITHOUT_ROLES = ["--stack", "mine", "--guests-only", "--skip-preview"];

describe("a stack of one's own, on one node, by the page", () => {
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
    const more = [
      `maquette:plan ${PLAN}`,
      "maquette:insecure true",
      `--path 'maquette:images["debian-13"].sha512' ${SHA512}`,
    ];
    const set = await mine([settings(/The stack/), ...more.map((m) => `pulumi config set ${m}`)].join(" && "));
    expect(set.code, set.stderr).toBe(0);
    const wrong = await mine("pulumi config set --secret maquette:apiToken", `maquette@pve!lab=${randomUUID()}\n`);
    expect(wrong.code, wrong.stderr).toBe(0);
    const up = await clone.maquette(["up", "--stack", "mine"]);
    expect(up.code).toBe(2);
    expect(up.stderr).toMatch(/401|token/i);
    expect(up.stderr).toContain("hint:");
    const right = await mine("pulumi config set --secret maquette:apiToken", `${token}\n`);
    expect(right.code, right.stderr).toBe(0);
    expect(readFileSync(join(clone.root, "Pulumi.mine.yaml"), "utf8")).not.toContain(token.split("=")[1]);
  });

  test("a right that is missing is named with its path, before anything is made", async () => {
    await root.put("/access/acl", answers.nothing, {
      path: "/storage/maquette",
      users: "maquette@pve",
      roles: "MaquetteFiles",
      delete: true,
    });
    const up = await clone.maquette(["up", ...WITHOUT_ROLES]);
    expect(up.code).toBe(2);
    expect(up.stderr).toContain("PVE_RIGHTS_MISSING");
    expect(up.stderr).toContain("Datastore.Allocate on /storage/maquette");
    const doctor = await clone.maquette(["doctor", "--stack", "mine"]);
    expect(doctor.stdout).toContain("Datastore.Allocate on /storage/maquette");
    expect(await root.get("/pools", answers.nothing)).toEqual(undefined);
    expect((await guests()).length).toBe(0);
    await root.put("/access/acl", answers.nothing, {
      path: "/storage/maquette",
      users: "maquette@pve",
      roles: "MaquetteFiles",
    });
  });

  test("without a way into the guests up refuses, and says how guests alone are made", async () => {
    const file = join(clone.root, "Pulumi.mine.yaml");
    const before = readFileSync(file, "utf8");
    expect((await mine("pulumi config rm maquette:operator")).code).toBe(0);
    const up = await clone.maquette(["up", "--stack", "mine"]);
    expect(up.code).toBe(2);
    expect(up.stderr).toContain("STACK_NO_OPERATOR");
    expect(up.stderr).toContain("--guests-only");
    expect((await guests()).length).toBe(0);
    writeFileSync(file, before);
  });

  test("an image that it does not have is named before anything is made, by up and by doctor", async () => {
    const file = join(clone.root, "Pulumi.mine.yaml");
    const before = readFileSync(file, "utf8");
    const image = `--path 'maquette:images["pfsense-2.8"]`;
    const set = await mine(
      `pulumi config rm ${image}.template' && pulumi config set ${image}.volume' maquette:import/pfsense-2.8.qcow2`,
    );
    expect(set.code, set.stderr).toBe(0);
    const up = await clone.maquette(["up", ...WITHOUT_ROLES]);
    expect(up.code).toBe(2);
    expect(up.stderr).toMatch(
      /STACK_IMAGE_ABSENT .*pfsense-2\.8, and pve1 does not have it: rtr-a, rtr-b cannot be made/,
    );
    const doctor = await clone.maquette(["doctor", "--stack", "mine"]);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/^images on Proxmox +missing .*pve1 does not have it/m);
    expect((await guests()).length).toBe(0);
    writeFileSync(file, before);
  });

  test("up builds the same lab there, from the user's own pfSense template, and leaves the others' guests alone", async () => {
    recorder.phase("up");
    const up = await clone.maquette(["up", ...WITHOUT_ROLES]);
    expect(up.code, up.stderr).toBe(0);
    expect(up.stdout).toContain(`${GUESTS} guests run`);
    expect(up.stdout).toContain("Guests only");
    expect(up.stdout).toContain("Sys.Modify on /");
    const vms = await root.listVms();
    expect(await guests()).toHaveLength(GUESTS);
    expect(vms.find((v) => v.vmid === 100)).toMatchObject({ name: "payroll", tags: [] });
    const status = await clone.maquette(["status", "--stack", "mine"]);
    expect(status.code, status.stdout).toBe(0);
    expect(recorder.fieldsOf("POST", /download-url$/)).toMatchObject([
      { checksum: SHA512, "checksum-algorithm": "sha512" },
    ]);
    recorder.phase("preview");
    const preview = await mine("MAQUETTE_GUESTS_ONLY=1 pulumi preview --expect-no-changes --non-interactive");
    expect(preview.code, preview.stdout + preview.stderr).toBe(0);
  });

  test("a change, a snapshot and a reset do what they do in the embedded lab", async () => {
    clone.edit(`${PLAN}/hosts.yaml`, (text) => text.replace("memoryMiB: 1024", "memoryMiB: 1280"));
    recorder.phase("change");
    const up = await clone.maquette(["up", ...WITHOUT_ROLES]);
    expect(up.code, up.stderr).toBe(0);
    recorder.phase("snapshot");
    const taken = await clone.maquette(["snapshot", "--stack", "mine"]);
    expect(taken.code, taken.stderr).toBe(0);
    recorder.phase("reset");
    const reset = await clone.maquette(["reset", "--stack", "mine", "--confirm", "mine"]);
    expect(reset.code, reset.stderr).toBe(0);
    expect((await guests()).every((v) => v.status === "running")).toBe(true);
    recorder.phase("delete snapshot");
    const deleted = await clone.maquette(["snapshot", "--stack", "mine", "--delete"]);
    expect(deleted.code, deleted.stderr).toBe(0);
    recorder.phase("");
  });

  test("its state holds neither the token nor a private key", async () => {
    const exported = await mine("pulumi stack export --show-secrets");
    expect(exported.code).toBe(0);
    expect(exported.stdout.includes(token.split("=")[1]!)).toBe(false);
    expect(exported.stdout.includes("PRIVATE KEY")).toBe(false);
  });

  test("a plain pulumi destroy is stopped by the guests' protection", async () => {
    const destroyed = await mine("pulumi destroy --yes --skip-preview --non-interactive");
    expect(destroyed.code).not.toBe(0);
    expect(destroyed.stdout + destroyed.stderr).toMatch(/protected/);
    expect((await guests()).filter((v) => v.status === "running")).toHaveLength(GUESTS);
  });

  test("--yes is not enough to destroy it, nor is a wrong name", async () => {
    expect((await clone.maquette(["destroy", "--stack", "mine", "--yes"])).code).toBe(2);
    expect((await clone.maquette(["destroy", "--stack", "mine", "--confirm", "lab"])).code).toBe(2);
    expect((await guests()).filter((v) => v.status === "running")).toHaveLength(GUESTS);
  });

  test("marked guests without a state are not deleted on that ground", async () => {
    // All of it: of a record alone that is gone, a copy would take the place.
    const backend = join(clone.states("mine")[0]!, "..", "backend");
    renameSync(backend, `${backend}.aside`);
    const up = await clone.maquette(["up", ...WITHOUT_ROLES]);
    expect(up.code).toBe(2);
    expect(up.stderr).toContain("STATE_LOST");
    rmSync(backend, { recursive: true });
    renameSync(`${backend}.aside`, backend);
  });

  test("with the stack's name it is destroyed, and nothing else with it", async () => {
    recorder.phase("destroy");
    const destroyed = await clone.maquette(["destroy", "--stack", "mine", "--confirm", "mine"]);
    expect(destroyed.code, destroyed.stderr).toBe(0);
    recorder.phase("");
    expect((await root.listVms()).map((v) => v.vmid)).toEqual([100, 9900, 9910, 9911]);
  });

  test("the calls were those that tests/infra/needs.test.ts holds against the token's rights", () => {
    expect(recorder.news()).toEqual([]);
  });
});

describe("the same stack, on a second node and with its disks in a directory", () => {
  test("comes up again after a destroy, its pairs on different nodes, and goes again", async () => {
    const acl = { path: "/storage/files", users: "maquette@pve", roles: "MaquetteDisks" };
    await root.put("/access/acl", answers.nothing, acl);
    const disks = "pulumi config set --path maquette:storage.disks files";
    const set = await mine(`${settings(/Several nodes/).replaceAll(/990([01])/g, "991$1")} && ${disks}`);
    expect(set.code, set.stderr).toBe(0);
    const up = await clone.maquette(["up", ...WITHOUT_ROLES]);
    expect(up.code, up.stderr).toBe(0);
    const nodeOf = new Map((await guests()).map(({ vmid, node }) => [vmid, node]));
    expect([1001, 1002].map((id) => nodeOf.get(id))).toEqual(["pve1", "pve2"]);
    const changed = await mine("pulumi config set maquette:ha rules");
    expect(changed.code, changed.stderr).toBe(0);
    const refused = await clone.maquette(["up", ...WITHOUT_ROLES]);
    expect(refused.stderr).toContain("STACK_SETTINGS");
    expect(refused.stderr).toContain("HA needs three");
    expect((await mine("pulumi config rm maquette:ha")).code).toBe(0);
    for (const args of [["snapshot"], ["reset", "--confirm", "mine"], ["destroy", "--confirm", "mine"]]) {
      const ran = await clone.maquette([...args, "--stack", "mine"]);
      expect(ran.code, ran.stderr).toBe(0);
    }
    expect((await root.listVms()).map((v) => v.vmid)).toEqual([100, 9900, 9910, 9911]);
  });

  test("an endpoint that is down, and one that is no Proxmox, are each said in words", async () => {
    const down = await mine(`pulumi config set maquette:endpoint https://127.0.0.1:${await closedPort()}/`);
    expect(down.code, down.stderr).toBe(0);
    const up = await clone.maquette(["up", ...WITHOUT_ROLES]);
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
