import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookAround, mend } from "../../src/cli/mend.ts";
import type { Recorded } from "../../src/infra/recorded.ts";
import { planRecovery, type Recovery } from "../../src/infra/recovery.ts";
import { TEMPLATE_OF } from "../../src/infra/unfinished.ts";
import { strangers } from "../../src/provision/ownership.ts";
import { PveClient } from "../../src/pve/client/index.ts";
import { Held } from "../pve/held.ts";
import { Lab, TOKEN, type Fields } from "../pve/lab.ts";

/*
 * A guest's creation, call by call as the Proxmox provider makes it (tests/pve/fixtures/*.trace), broken off after each
 * of them; then what `maquette up` does before the engine goes on. The API is the simulator, the record what Pulumi
 * keeps of such an end.
 */

const mark = "lab-12345678";
const ID = 1032;
const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const description = `A workstation\n\nmaquette: role workstation, plan lab, mark ${mark}\nChanges by hand …`;
const tags = ["host-pc2", mark, "maquette"].join(";");
const config: Fields = { memory: 512, tags, net0: "model=virtio,bridge=vmbr0", onboot: 1 };
const of = (node: string, path = ""): string => `/nodes/${node}/qemu${path}`;

interface Call {
  readonly verb: "POST" | "PUT";
  readonly path: string;
  readonly fields: Fields;
  readonly isTask?: boolean;
}
interface Creation {
  readonly what: string;
  readonly vmId: number;
  readonly calls: readonly Call[];
  /** The provider tells its id once these calls have ended. */
  readonly known: number;
}

const clone = (template: number): readonly Call[] => [
  {
    verb: "POST",
    path: of("pve1", `/${template}/clone`),
    fields: { full: 0, name: "pc2", newid: ID, pool: "lab", description },
    isTask: true,
  },
  { verb: "PUT", path: of("pve1", `/${ID}/config`), fields: config },
  { verb: "PUT", path: of("pve1", `/${ID}/resize`), fields: { disk: "scsi0", size: "8G" }, isTask: true },
  { verb: "POST", path: of("pve1", `/${ID}/status/start`), fields: {}, isTask: true },
];
const creations: readonly Creation[] = [
  { what: "a clone of our own template", vmId: ID, calls: clone(9045), known: 1 },
  { what: "a clone of a template of the user's", vmId: ID, calls: clone(9900), known: 1 },
  {
    what: "an import",
    vmId: ID,
    calls: [
      {
        verb: "POST",
        path: of("pve1"),
        fields: {
          ...config,
          vmid: ID,
          name: "pc2",
          pool: "lab",
          description,
          scsi0: "file=local-lvm:0,import-from=local:import/base.qcow2",
        },
        isTask: true,
      },
      ...clone(0).slice(2),
    ],
    known: 1,
  },
  {
    what: "an imported template",
    vmId: 9046,
    calls: [
      {
        verb: "POST",
        path: of("pve1"),
        fields: {
          vmid: 9046,
          name: "tpl-workstation-0",
          pool: "lab",
          tags: `${mark};maquette`,
          description: `${TEMPLATE_OF}workstation, from debian-13.\n\nmaquette: mark ${mark}`,
          scsi0: "file=local-lvm:0,import-from=local:import/base.qcow2",
        },
        isTask: true,
      },
      { verb: "PUT", path: of("pve1", "/9046/resize"), fields: { disk: "scsi0", size: "8G" }, isTask: true },
      { verb: "POST", path: of("pve1", "/9046/template"), fields: {} },
    ],
    known: 1,
  },
];

let lab: Lab;
let client: PveClient;
let neighbours: string;

beforeAll(async () => {
  lab = await Lab.start({ nodes: ["pve1", "pve2"] });
  client = new PveClient({ endpoint: lab.simulator.url, token: TOKEN, tls: { insecure: true } });
  await lab.ok("POST", "/pools", { poolid: "lab", comment: `maquette: plan lab, mark ${mark}` });
  await lab.task("POST", "/nodes/pve1/storage/local/download-url", {
    content: "import",
    filename: "base.qcow2",
    url: "https://images.example.invalid/base.qcow2",
  });
  await lab.createVm(9045, { tags: `maquette;${mark}`, pool: "lab" });
  await lab.createVm(9900, { name: "debian" });
  for (const id of [9045, 9900]) await lab.ok("POST", of("pve1", `/${id}/template`));
  // Others' guests among ours: one by hand, one in our pool that another stack made from a guest of ours.
  await lab.createVm(1033, { name: "payroll" });
  await lab.createVm(1034, {
    name: "pc2",
    pool: "lab",
    tags: "maquette;lab-87654321",
    description: description.replace(mark, "lab-87654321"),
  });
  neighbours = await others();
});
afterAll(async () => {
  await client.close();
  await lab.end();
});

const others = async (): Promise<string> =>
  JSON.stringify(await Promise.all([1033, 1034, 9900, 9045].map((id) => lab.ok("GET", of("pve1", `/${id}/config`)))));

type End = "killed" | "given up";

/** What Pulumi keeps of a run that ended after so many calls. */
function recordOf(
  { vmId, known }: Creation,
  done: number,
  end: End,
): Pick<Parameters<typeof lookAround>[1], "recorded" | "pending"> {
  const resource: Recorded = {
    type: VM,
    id: String(vmId),
    inputs: { vmId, name: "pc2", description, tags: tags.split(";") },
  };
  const template: Recorded = { type: VM, id: "9045", inputs: { vmId: 9045 } };
  // A guest's seed is made before it.
  const seed: Recorded[] = vmId === ID ? [{ type: "provision:index:Seed", inputs: { vmId } }] : [];
  const before = [template, ...seed];
  if (end === "killed") return { recorded: before, pending: [{ type: "creating", resource }] };
  const half = done < known ? [] : [{ ...resource, initErrors: ["500 …"] }];
  return { recorded: [...before, ...half], pending: [] };
}

/** Everything that `up` does on the API before the engine goes on. */
async function recover(record: ReturnType<typeof recordOf>, isEmbedded: boolean): Promise<Recovery> {
  const situation = await lookAround(client, { mark, isEmbedded, ...record }, TOKEN.split("=")[0]!, () => undefined);
  const plan = planRecovery(situation);
  expect(plan.isStateLost, JSON.stringify(plan.unknown)).toBe(false);
  await mend(client, plan, () => undefined);
  return plan;
}

/** The engine may go on: what stands on the id is ours, marked, and on record; or there is nothing. */
async function expectFree({ vmId }: Creation, { recorded }: ReturnType<typeof recordOf>): Promise<void> {
  const listed = await client.listVms();
  expect(strangers(listed, mark, new Set([vmId]))).toEqual([]);
  const isRecorded = recorded.some((r) => r.type === VM && r.id === String(vmId));
  expect(listed.filter((v) => v.vmid === vmId)).toHaveLength(isRecorded ? 1 : 0);
  expect(await others()).toBe(neighbours);
}

async function clear({ vmId }: Creation): Promise<void> {
  if (!(await client.listVms()).some((v) => v.vmid === vmId)) return;
  const stopped = await lab.call("POST", of("pve1", `/${vmId}/status/stop`));
  if (typeof stopped.data === "string") await lab.ended(stopped.data);
  await lab.task("DELETE", of("pve1", `/${vmId}`));
}

describe.each(creations)("the creation of $what", (creation) => {
  const ends = creation.calls.flatMap((call, n) =>
    (["killed", "given up"] as const).flatMap((end) =>
      [true, false].map(
        (isEmbedded) => [`${call.verb} ${call.path.split("/").at(-1)!}`, n + 1, end, isEmbedded] as const,
      ),
    ),
  );

  test.each(ends)("broken off after %s (call %i), %s, embedded: %s", async (_, done, end, isEmbedded) => {
    for (const { verb, path, fields, isTask } of creation.calls.slice(0, done)) {
      if (isTask === true) expect(await lab.task(verb, path, fields)).toBe("OK");
      else await lab.ok(verb, path, fields);
    }
    const record = recordOf(creation, done, end);
    try {
      await recover(record, isEmbedded);
      await expectFree(creation, record);
    } finally {
      await clear(creation);
    }
  });

  test.each(["killed", "given up"] as const)("broken off before anything was asked for, %s", async (end) => {
    const record = recordOf(creation, 0, end);
    await recover(record, false);
    await expectFree(creation, record);
  });

  test.each([true, false])(
    "given up while the first call's task had ended unseen, embedded: %s",
    async (isEmbedded) => {
      const [first] = creation.calls;
      await lab.task(first!.verb, first!.path, first!.fields);
      const record = recordOf(creation, 0, "given up");
      await recover(record, isEmbedded);
      await expectFree(creation, record);
    },
  );
});

describe("while the API still makes it", () => {
  test.each(["killed", "given up"] as const)("a clone is waited for, and then known: %s", async (end) => {
    const [creation] = creations.slice(1);
    const held = new Held();
    await lab.restart({ taskUntil: held.taskUntil });
    held.hold();
    const slow = new PveClient({ endpoint: lab.simulator.url, token: TOKEN, tls: { insecure: true } });
    try {
      const { path, fields } = creation!.calls[0]!;
      await lab.ok("POST", path, fields);
      const record = recordOf(creation!, 0, end);
      const said: string[] = [];
      const asked = { mark, isEmbedded: false, ...record };
      const situation = await lookAround(slow, asked, TOKEN.split("=")[0]!, (line) => {
        said.push(line);
        held.release();
      });
      expect(said).toEqual([`waiting for qmclone 9900 on pve1, which a run that broke off had begun`]);
      expect(planRecovery(situation).leftovers.map((v) => v.vmid)).toEqual([ID]);
    } finally {
      await slow.close();
      await lab.restart();
      await client.close();
      client = new PveClient({ endpoint: lab.simulator.url, token: TOKEN, tls: { insecure: true } });
      await clear(creation!);
    }
  });
});

describe("somebody else's guest on our id stays, whatever the record says", () => {
  test.each<[string, Fields]>([
    ["made by hand, with our guest's name", { name: "pc2" }],
    ["in our pool, with another stack's mark", { name: "pc2", pool: "lab", tags: "maquette;lab-87654321" }],
    [
      "in our pool, with another stack's text",
      { name: "pc2", pool: "lab", description: "maquette: mark lab-87654321" },
    ],
  ])("%s", async (_, fields) => {
    await lab.createVm(ID, fields);
    const before: unknown = await lab.ok("GET", of("pve1", `/${ID}/config`));
    try {
      for (const isEmbedded of [true, false])
        for (const [done, end] of [
          [0, "killed"],
          [0, "given up"],
          [2, "given up"],
        ] as const) {
          await recover(recordOf(creations[0]!, done, end), isEmbedded);
          expect(await lab.ok("GET", of("pve1", `/${ID}/config`))).toEqual(before);
          // The program names it, and stops there.
          expect(strangers(await client.listVms(), mark, new Set([ID])).map((v) => v.vmid)).toEqual([ID]);
        }
    } finally {
      await clear(creations[0]!);
    }
  });
});
