import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheOf } from "../../src/artefacts/look.ts";
import { context, type Context } from "../../src/cli/context.ts";
import { absentImages, refuseAbsentImages } from "../../src/cli/images.ts";
import { namingOf } from "../../src/infra/naming.ts";
import { parseSettings, type Settings } from "../../src/infra/settings.ts";
import { loadPlan } from "../../src/plan/index.ts";
import type { Plan } from "../../src/plan/types.ts";
import { answers, PveClient } from "../../src/pve/client/index.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { sha256 } from "../engine-unit/download/archives.ts";
import { Lab, TOKEN } from "../pve/lab.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { listening } from "./captured.ts";

const VOLUME = "local:import/pfsense-2.8.qcow2";

let plan: Plan;
let lab: Lab;
let client: PveClient;
beforeAll(async () => {
  const loaded = await loadPlan(`${repositoryRoot()}/tests/plans/lab`, { nodes: 2 });
  if (!loaded.ok) throw new Error("the lab's plan has faults");
  plan = loaded.value;
  lab = await Lab.start({ nodes: ["pve1", "pve2"] });
  client = new PveClient({ endpoint: lab.simulator.url, token: TOKEN, tls: { ca: lab.simulator.certificatePem } });
  const template = { vmid: 9900, name: "pfsense", scsi0: "local-lvm:8", memory: 512 };
  await client.waitTask(await client.post("/nodes/pve1/qemu", answers.upid, template), { pollMs: 20 });
});
afterAll(async () => {
  await client.close();
  await lab.end();
});

const settingsOf = (pfsense: object, more: object = {}): Settings =>
  parseSettings("mine", {
    endpoint: lab.simulator.url,
    nodes: ["pve1", "pve2"],
    images: { "pfsense-2.8": pfsense },
    ...more,
  });
const absent = async (settings: Settings, of = client): Promise<readonly string[]> =>
  (await absentImages(of, settings, plan, namingOf(plan, settings))).map(({ node, what }) => `${node}: ${what}`);

describe("an image that a stack's settings name", () => {
  test("as a template is there or not", async () => {
    expect(await absent(settingsOf({ template: 9900 }))).toEqual([]);
    expect(await absent(settingsOf({ template: { pve1: 9900, pve2: 9901 } }))).toEqual(["pve2: the template 9901"]);
  });

  test("as a volume must be on every node that makes guests of it", async () => {
    const settings = settingsOf({ volume: VOLUME });
    expect(await absent(settings)).toEqual([`pve1: the volume ${VOLUME}`, `pve2: the volume ${VOLUME}`]);
    await client.upload("pve1", "local", "import", "pfsense-2.8.qcow2", Buffer.from("x"));
    expect(await absent(settings)).toEqual([`pve2: the volume ${VOLUME}`]);
    expect(await absent(settingsOf({ volume: "nowhere:import/x.qcow2" }))).toHaveLength(2);
  });

  test("is not asked for once its guests are there", async () => {
    const settings = settingsOf({ volume: VOLUME }, { nodes: ["pve2"], vmidBase: 2000 });
    expect(await absent(settings)).toHaveLength(1);
    const naming = namingOf(plan, settings);
    for (const id of ["rtr-a", "rtr-b"]) {
      const guest = { vmid: naming.vmId(plan.hosts.get(id)!), name: id, memory: 512 };
      await client.waitTask(await client.post("/nodes/pve2/qemu", answers.upid, guest), { pollMs: 20 });
    }
    expect(await absent(settings)).toEqual([]);
  });

  test("and is not there ends an up before it makes anything, with the file of this machine that is to be uploaded", async () => {
    const cache = temporaryFolder();
    const own = context({ stack: "mine" }, listening());
    const of: Context = { ...own, folders: { ...own.folders, cache } };
    const settings = settingsOf({ volume: VOLUME });
    const refused = (): Promise<void> => refuseAbsentImages(of, client, settings, plan, namingOf(plan, settings));
    const fault = await faultOf(refused);
    expect(fault.code).toBe("STACK_IMAGE_ABSENT");
    expect(fault.message).toContain(
      `names the volume ${VOLUME} for pfsense-2.8, and pve2 does not have it: rtr-b cannot be made`,
    );
    expect(fault.hint).not.toContain(cache);
    const file = join(cacheOf(cache), "pfsense-2.8.qcow2");
    mkdirSync(cacheOf(cache));
    writeFileSync(file, "disk");
    writeFileSync(`${file}.sha256`, `${sha256(Buffer.from("disk"))}  pfsense-2.8.qcow2\n`);
    expect((await faultOf(refused)).hint).toContain(`${file} is it, verified by ${file}.sha256`);
  });

  test("is taken to be there where the token may not look", async () => {
    await client.post("/access/users", answers.nothing, { userid: "one@pve" });
    const made = (await lab.ok("POST", "/access/users/one@pve/token/lab", { privsep: 0 })) as { value: string };
    const blind = new PveClient({
      endpoint: lab.simulator.url,
      token: `one@pve!lab=${made.value}`,
      tls: { ca: lab.simulator.certificatePem },
    });
    expect(await absent(settingsOf({ template: 9955 }), blind)).toEqual([]);
    expect(await absent(settingsOf({ volume: "local:import/other.qcow2" }), blind)).toEqual([]);
    await blind.close();
  });
});
