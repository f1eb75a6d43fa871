import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Clone, type Ran } from "./lab.ts";

/*
 * Whose a guest is, from the first call of its creation on, and that none is lost unasked: the real engine and provider.
 * Every moment at which a creation can break off is in tests/cli/mend.test.ts, every edit of names and numbers in
 * tests/infra/displaced.test.ts; here is what only the engine shows, in one life of a small lab.
 */

const PLAN = "tests/plans/few";
const HOSTS = `${PLAN}/hosts.yaml`;
const GUESTS = 5;

let clone: Clone;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  clone = new Clone({ plan: PLAN });
  const asked = await clone.maquette(["env", "--json"], { deadlineMs: 1_700_000 });
  expect(asked.code, asked.stderr).toBe(0);
  environment = JSON.parse(asked.stdout) as NodeJS.ProcessEnv;
  // A clone of a template of ours has its tags from the first; one of the user's own has none until they are set.
  for (const [node, vmid] of [
    ["pve1", 9900],
    ["pve2", 9901],
  ] as const) {
    await task("POST", `/nodes/${node}/qemu`, `vmid=${vmid}&name=pfsense&scsi0=local-lvm:8&memory=512`);
    await ask("POST", `/nodes/${node}/qemu/${vmid}/template`);
  }
  clone.edit("Pulumi.lab.yaml", (text) =>
    text.replace("volume: local:import/pfsense-2.8.qcow2", "template: { pve1: 9900, pve2: 9901 }"),
  );
});

afterAll(async () => clone.dispose());

async function send(path: string, options: string): Promise<string> {
  const answer = await clone.inEnvironment(
    environment,
    `curl -sS --fail-with-body --cacert "$MAQUETTE_CA_FILE" -H "Authorization: PVEAPIToken=$(cat "$MAQUETTE_TOKEN_FILE")" ${options} "\${PROXMOX_VE_ENDPOINT}${path}"`,
  );
  expect(answer.code, answer.stdout + answer.stderr).toBe(0);
  return answer.stdout;
}
const ask = async <T>(method: string, path: string, body = ""): Promise<T> =>
  (JSON.parse(await send(`api2/json${path}`, `-X ${method} ${body === "" ? "" : `-d '${body}'`}`)) as { data: T }).data;

async function task(method: string, path: string, body = ""): Promise<void> {
  const upid = await ask<string>(method, path, body);
  const status = `/nodes/${upid.split(":")[1]!}/tasks/${encodeURIComponent(upid)}/status`;
  await vi.waitUntil(async () => (await ask<{ status: string }>("GET", status)).status === "stopped", {
    timeout: 60_000,
    interval: 50,
  });
}

interface Listed {
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  readonly status: string;
  readonly template?: number;
}
const guests = async (): Promise<readonly Listed[]> =>
  (await ask<Listed[]>("GET", "/cluster/resources?type=vm")).filter((v) => v.template !== 1);
const configOf = async (node: string, vmId: number): Promise<unknown> =>
  ask("GET", `/nodes/${node}/qemu/${vmId}/config`);

/** Every guest of the plan runs, and what bears a number of the lab is a guest of the plan. */
async function expectRunning(): Promise<void> {
  const listed = (await guests()).filter((v) => v.vmid >= 1000 && v.vmid < 2000);
  expect(listed.map((v) => v.status)).toEqual(Array.from({ length: GUESTS }, () => "running"));
}

/** And the engine has nothing to change. */
async function expectWhole(): Promise<void> {
  await expectRunning();
  const preview = await clone.maquette(["preview", "--expect-no-changes"]);
  expect(preview.code, preview.stdout + preview.stderr).toBe(0);
}

function expectRefused(ran: Ran, ...words: string[]): void {
  expect(ran.code, ran.stdout + ran.stderr).toBe(2);
  for (const word of ["GUESTS_LOST", "Nothing was touched", ...words]) expect(ran.stderr).toContain(word);
}

test("an up that breaks off between any two calls of a guest's creation is finished by the next ones", async () => {
  const failing = (match: string): object => ({ kind: "http-error", status: 500, match });
  // Every one of these calls must be made for the lab to be whole, so every one strikes in some run; several in each.
  let left: readonly object[] = [
    // A template: the end of the import unseen.
    failing("GET /nodes/pve1/tasks/.*qmcreate:9045"),
    // Clones of the user's template, which have no tags: the end unseen, the configuration refused.
    failing("GET /nodes/pve1/tasks/.*qmclone:9900"),
    failing("PUT /nodes/pve2/qemu/1002/config"),
    // Clones of our own: the end unseen, no configuration, no start.
    failing("GET /nodes/pve1/tasks/.*qmclone:9040"),
    failing("PUT /nodes/pve1/qemu/1031/config"),
    failing("POST /nodes/pve2/qemu/1016/status/start"),
  ];
  const before = await configOf("pve1", 9900);
  while (left.length > 0) {
    for (const fault of left)
      await send("maquette/faults", `-H 'Content-Type: application/json' -d '${JSON.stringify(fault)}'`);
    const up = await clone.maquette(["up", "--skip-preview"]);
    const listed = JSON.parse(await send("maquette/faults", "")) as { struck: number }[];
    await send("maquette/faults", "-X DELETE");
    expect(up.code, up.stdout + up.stderr).toBe(2);
    expect(up.stderr).toContain("ENGINE_RUN_FAILED");
    expect(up.stderr).not.toMatch(/PVE_NOT_OURS|STATE_LOST/);
    // What an earlier run left half made costs this one nothing: all that fails is what was ordered to.
    const failures = up.stderr.split(/^error: /m).filter((text) => text.includes("provider=proxmoxve"));
    expect(failures.filter((text) => !text.includes("injected failure"))).toEqual([]);
    const unstruck = left.filter((_, n) => listed[n]!.struck === 0);
    expect(unstruck.length).toBeLessThan(left.length);
    left = unstruck;
  }
  const up = await clone.maquette(["up", "--skip-preview"]);
  expect(up.code, up.stdout + up.stderr).toBe(0);
  await expectWhole();
  expect(await configOf("pve1", 9900)).toEqual(before);
});

test("a VM without the stack's mark on a number of the lab stops up and a plain destroy, and survives", async () => {
  const { tags } = await ask<{ tags: string }>("GET", "/nodes/pve1/qemu/1031/config");
  await task("POST", "/nodes/pve1/qemu/1031/status/stop");
  await ask("PUT", "/nodes/pve1/qemu/1031/config", "tags=somebody-else");
  const preview = await clone.maquette(["preview", "--expect-no-changes"]);
  expect(preview.code).toBe(1);
  expect(preview.stdout).toContain("pc1: VM 1031, which it was made on, does not bear this stack's mark any more");
  const up = await clone.maquette(["up"]);
  expect(up.code).toBe(2);
  expect(up.stderr).toContain("PVE_NOT_OURS");
  const destroyed = await clone.shell("pulumi destroy --yes --skip-preview --non-interactive");
  expect(destroyed.code).not.toBe(0);
  expect(destroyed.stdout + destroyed.stderr).toContain("PVE_NOT_OURS");
  expect(await ask("GET", "/nodes/pve1/qemu/1031/config")).toMatchObject({ tags: "somebody-else" });
  expect((await guests()).filter((v) => v.vmid >= 1000 && v.vmid < 2000)).toHaveLength(GUESTS);
  await ask("PUT", "/nodes/pve1/qemu/1031/config", `tags=${tags}`);
  const mended = await clone.maquette(["up", "--skip-preview"]);
  expect(mended.code, mended.stderr).toBe(0);
  await expectRunning();
});

describe("a host of a running lab that gets another name", () => {
  beforeAll(async () => {
    const up = await clone.maquette(["up"]);
    expect(up.code, up.stderr).toBe(0);
  });

  const rename = (from: string, to: string): void =>
    void clone.edit(HOSTS, (text) => text.replace(`\n  ${from}:`, `\n  ${to}:`));

  test("is refused before anything is touched, by up and a plain pulumi up, and shown by preview; with its old name all is well", async () => {
    const before = await configOf("pve1", 1031);
    rename("pc1", "pc9");
    for (const command of [["up"], ["up", "--skip-preview"]])
      expectRefused(await clone.maquette(command), "pc1 (VM 1031", "call pc9 pc1 again", "--replace pc9");
    const preview = await clone.maquette(["preview"]);
    expect(preview.code, preview.stderr).toBe(0);
    expect(preview.stdout).toContain("- guest pc1  deleted, its data is lost");
    expect(preview.stderr).toMatch(/An up refuses this: GUESTS_LOST[^]*--replace pc9/);
    const plain = await clone.shell("pulumi up --yes --skip-preview --non-interactive");
    expect(plain.code).not.toBe(0);
    expect(plain.stdout + plain.stderr).toContain("GUESTS_MISPLACED");
    rename("pc9", "pc1");
    await expectWhole();
    expect(await configOf("pve1", 1031)).toEqual(before);
  });

  test("keeps what it holds beside the new one, which has a number and an address of its own, until it is taken out", async () => {
    const text = clone.file(HOSTS);
    const [block] = /^ {2}pc1:\n(?: {4}.*\n)+/m.exec(text)!;
    const other = block.replace("pc1:", "pc9:").replace("number: 31", "number: 39").replace("10.0.30.31", "10.0.30.39");
    clone.edit(HOSTS, () => text.replace(block, `${block}\n${other}`));
    // Somebody else's, on that number and in our pool: named, and left alone.
    await task("POST", "/nodes/pve1/qemu", "vmid=1039&name=pc9&memory=512&pool=lab&tags=maquette;lab-87654321");
    const theirs = await configOf("pve1", 1039);
    const refused = await clone.maquette(["up", "--skip-preview"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/PVE_NOT_OURS[^]*1039 "pc9" on pve1/);
    expect(await configOf("pve1", 1039)).toEqual(theirs);
    await task("DELETE", "/nodes/pve1/qemu/1039");
    const both = await clone.maquette(["up", "--skip-preview"]);
    expect(both.code, both.stdout + both.stderr).toBe(0);
    expect((await guests()).filter((v) => v.vmid === 1031 || v.vmid === 1039)).toHaveLength(2);
    clone.edit(HOSTS, () => text.replace(block, other));
    const one = await clone.maquette(["up"]);
    expect(one.code, one.stdout + one.stderr).toBe(0);
    expect(one.stderr).toContain("- guest pc1  deleted, its data is lost");
    expect((await guests()).map((v) => v.name)).not.toContain("pc1");
    await expectRunning();
  });

  test("takes the place of the old one where --replace names it", async () => {
    rename("pc9", "pc1");
    const up = await clone.maquette(["up", "--replace", "pc1"]);
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect(up.stderr).toContain("deleting pc9 (VM 1039");
    expect((await guests()).find((v) => v.vmid === 1039)?.name).toBe("pc1");
    await expectRunning();
  });
});

describe("a change that costs a guest its disk", () => {
  test("as of a number that two hosts swap, needs both their names", async () => {
    clone.edit(HOSTS, (text) =>
      text.replace("number: 16", "number: 90").replace("number: 39", "number: 16").replace("number: 90", "number: 39"),
    );
    expectRefused(await clone.maquette(["up", "--replace", "backup"]), "pc1 (VM 1039", "--replace backup,pc1");
    const up = await clone.maquette(["up", "--skip-preview", "--replace", "backup", "--replace", "pc1"]);
    expect(up.code, up.stdout + up.stderr).toBe(0);
    const names = (await guests()).filter((v) => v.vmid === 1016 || v.vmid === 1039).map((v) => `${v.vmid} ${v.name}`);
    expect(names.sort()).toEqual(["1016 pc1", "1039 backup"]);
    await expectRunning();
  });

  test("as of a node, is found in the engine's preview, shown or not", async () => {
    clone.edit(HOSTS, (text) => {
      const at = text.indexOf("\n  pc1:");
      return text.slice(0, at) + text.slice(at).replace("node: 0", "node: 1");
    });
    for (const command of [["up"], ["up", "--skip-preview"]])
      expectRefused(await clone.maquette(command), "pc1 (VM 1016 on pve1", "nodeName: pve1 → pve2", "--replace pc1");
    expect((await guests()).find((v) => v.name === "pc1")).toMatchObject({ node: "pve1", status: "running" });
    const up = await clone.maquette(["up", "--skip-preview", "--replace", "pc1"]);
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect((await guests()).find((v) => v.name === "pc1")).toMatchObject({ node: "pve2", status: "running" });
    await expectWhole();
  });

  test("as of a disk that becomes smaller, is refused before the provider stops there in the middle of a run", async () => {
    const putBack = clone.edit(HOSTS, (text) => text.replace("disksGiB: [20]", "disksGiB: [15]"));
    const preview = await clone.maquette(["preview"]);
    expect(preview.stderr).toMatch(
      /An up refuses this: DISK_BELOW_TEMPLATE[^]*pc1 of 15 GiB, and its template has 20 GiB/,
    );
    const up = await clone.maquette(["up", "--replace", "pc1"]);
    expect(up.code, up.stdout + up.stderr).toBe(2);
    expect(up.stderr).toContain("DISK_BELOW_TEMPLATE");
    putBack();
    await expectWhole();
  });
});

test("an image from another address comes in the place of the one before, under its name; guests stay", async () => {
  const before = await configOf("pve2", 1016);
  clone.edit(HOSTS, (text) => text.replace(/(url: \S+amd64)\.qcow2/, "$1-daily.qcow2"));
  const up = await clone.maquette(["up", "--skip-preview"]);
  expect(up.code, up.stdout + up.stderr).toBe(0);
  expect(await configOf("pve2", 1016)).toEqual(before);
  await expectWhole();
});
