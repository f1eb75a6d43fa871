import { describe, expect, test } from "vitest";
import {
  begunBy,
  planRecovery,
  type Begun,
  type Recorded,
  type Situation,
  type Standing,
} from "../../src/infra/recovery.ts";
import { vm } from "../provision/fake-client.ts";

const mark = "lab-12345678";
const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const guest = (vmId: number, name: string): Recorded => ({ type: VM, id: String(vmId), inputs: { vmId, name } });
const ours = (vmid: number, name: string): ReturnType<typeof vm> => vm(vmid, name, ["maquette", mark]);
const stack: Recorded = { type: "pulumi:pulumi:Stack" };
const pending = (type: string, resource: Recorded): Situation["pending"][number] => ({ type, resource });

const plan = (changes: Partial<Situation>): ReturnType<typeof planRecovery> =>
  planRecovery({
    mark,
    isEmbedded: true,
    recorded: [],
    pending: [],
    listed: [],
    described: new Map(),
    started: new Set(),
    standing: [],
    pools: [],
    ...changes,
  });
const nothing = {
  leftovers: [],
  claims: [],
  begun: [],
  strangers: [],
  halfMade: [],
  doubles: [],
  needsRefresh: false,
  dropsPending: false,
  unknown: [],
  isStateLost: false,
};

describe("nothing is done", () => {
  test("before the first run", () => {
    expect(plan({})).toEqual(nothing);
    expect(plan({ isEmbedded: false, listed: [vm(100, "payroll")] })).toEqual(nothing);
  });

  test("after a run that ended well, whatever else stands on the cluster", () => {
    const listed = [vm(100, "payroll"), ours(1011, "dc1"), vm(1012, "dc2", ["maquette", "lab-87654321"])];
    expect(plan({ recorded: [stack, guest(1011, "dc1")], listed })).toEqual(nothing);
  });

  test("about resources that are no guests", () => {
    const other = { type: "proxmoxve:index/poolLegacy:PoolLegacy", id: "lab" };
    expect(plan({ recorded: [stack, other], listed: [] })).toEqual(nothing);
  });
});

describe("a run that was killed", () => {
  test("while a clone was made: the half-made guest goes, the begun operation is dropped, the rest is asked again", () => {
    const found = plan({
      recorded: [stack, guest(1011, "dc1")],
      pending: [pending("creating", guest(1012, "dc2"))],
      // Not tagged yet: Proxmox sets the clone's own tags after the clone.
      listed: [ours(1011, "dc1"), vm(1012, "dc2")],
      described: new Map([[1012, `a controller\n\nmaquette: role dc, plan lab, mark ${mark}\nno more`]]),
    });
    expect(found).toMatchObject({ needsRefresh: true, dropsPending: true, isStateLost: false });
    expect(found.leftovers.map((v) => v.vmid)).toEqual([1012]);
  });

  test.each(["clone", "create"])("together with its API, in the middle of a %s: what has no name yet goes", (lock) => {
    const found = (changes: Partial<Situation>): readonly number[] =>
      plan({
        recorded: [stack],
        pending: [pending("creating", guest(1012, "dc2"))],
        listed: [{ ...vm(1012, "VM 1012"), lock }],
        ...changes,
      }).leftovers.map((v) => v.vmid);
    expect(found({})).toEqual([1012]);
    // On a cluster somebody else may be making it just now; and what no run began, or has no lock, or has tags is a guest.
    expect(found({ isEmbedded: false })).toEqual([]);
    expect(found({ pending: [] })).toEqual([]);
    expect(found({ listed: [vm(1012, "VM 1012")] })).toEqual([]);
    expect(found({ listed: [{ ...vm(1012, "VM 1012", ["other"]), lock }] })).toEqual([]);
  });

  test("after a guest was made and before it was recorded: it bears the mark, and goes", () => {
    const found = plan({
      recorded: [stack],
      pending: [pending("creating", guest(1012, "dc2"))],
      listed: [ours(1012, "dc2")],
    });
    expect(found.leftovers.map((v) => v.vmid)).toEqual([1012]);
  });

  test("or failed half-way through a guest: the API is asked what it is, because the state says what it should be", () => {
    const half = { ...guest(1012, "dc2"), initErrors: ["PUT config: EOF"] };
    expect(plan({ recorded: [stack, half], listed: [ours(1012, "dc2")] })).toEqual({ ...nothing, needsRefresh: true });
  });

  test("or failed before a guest had its CD: it gets it, unless it runs already", () => {
    const cd = { interface: "ide3", fileId: `local:iso/${mark}-dc2.iso` };
    const made = guest(1012, "dc2");
    const half = { ...made, inputs: { ...made.inputs, cdrom: cd }, initErrors: ["PUT config: EOF"] };
    const [stopped, running] = (["stopped", "running"] as const).map((status) => ({ ...ours(1012, "dc2"), status }));
    const found = (recorded: Recorded, listed = stopped!): unknown =>
      plan({ recorded: [stack, recorded], listed: [listed] }).halfMade;
    expect(found(half)).toEqual([{ vm: stopped, slot: "ide3", volume: cd.fileId }]);
    expect(found(half, running)).toEqual([]);
    expect(found({ ...half, initErrors: [] })).toEqual([]);
    // A template's drive holds nothing.
    for (const fileId of ["", "none", "cdrom"])
      expect(found({ ...half, inputs: { ...half.inputs, cdrom: { ...cd, fileId } } })).toEqual([]);
  });

  test("while it took one host's guest for another's: the record that came second is forgotten, the guest stays", () => {
    const record = (name: string, created: string): Recorded => ({
      ...guest(1032, name),
      urn: `urn:pulumi:lab::maquette::maquette:lab:Lab$maquette:lab:Guest$${VM}::${name}`,
      created,
    });
    const [first, second] = [record("pc2", "2026-01-31T10:00:00.9Z"), record("pc9", "2026-01-31T10:00:01.123456Z")];
    for (const recorded of [
      [first, second],
      [second, first],
    ])
      expect(plan({ recorded, listed: [ours(1032, "pc9")] })).toEqual({
        ...nothing,
        doubles: [second],
        needsRefresh: true,
      });
    // The old one of a replacement is the same record.
    const old = { ...first, delete: true };
    expect(plan({ recorded: [old, second], listed: [ours(1032, "pc9")] })).toEqual(nothing);
  });

  test("before Proxmox had begun: there is nothing to delete", () => {
    expect(plan({ recorded: [stack], pending: [pending("creating", guest(1012, "dc2"))] })).toEqual({
      ...nothing,
      needsRefresh: true,
      dropsPending: true,
    });
  });

  test.each(["updating", "deleting", "reading", "importing"])(
    "while %s a guest: it stays, and is asked for",
    (type) => {
      expect(
        plan({
          recorded: [guest(1011, "dc1")],
          pending: [pending(type, guest(1011, "dc1"))],
          listed: [ours(1011, "dc1")],
        }),
      ).toEqual({ ...nothing, needsRefresh: true, dropsPending: true });
    },
  );

  test("while it deleted a guest that Proxmox still deleted: the state is asked to forget it", () => {
    expect(plan({ recorded: [guest(1011, "dc1")] })).toEqual({ ...nothing, needsRefresh: true });
  });

  test("before Proxmox had begun something that is no guest: only the state is mended", () => {
    const pool = { type: "proxmoxve:index/poolLegacy:PoolLegacy", inputs: { poolId: "lab" } };
    expect(plan({ pending: [pending("creating", pool)], listed: [vm(100, "payroll")] })).toEqual({
      ...nothing,
      needsRefresh: true,
      dropsPending: true,
    });
  });
});

/** What the program makes besides VMs: the resource as Pulumi records it, and the thing to look for. */
const made: readonly (readonly [Recorded, Begun])[] = [
  [
    { type: "proxmoxve:index/poolLegacy:PoolLegacy", inputs: { poolId: "lab", comment: `maquette: mark ${mark}` } },
    { kind: "pool", name: "lab" },
  ],
  [
    {
      type: "proxmoxve:network/linux/bridge:Bridge",
      inputs: { nodeName: "pve1", name: "vmbr9", comment: "maquette lab: one VLAN a zone" },
    },
    { kind: "bridge", node: "pve1", name: "vmbr9", comment: "maquette lab: one VLAN a zone" },
  ],
  [
    {
      type: "proxmoxve:download/file:File",
      inputs: { nodeName: "pve1", datastoreId: "local", contentType: "import", fileName: "lab-debian.qcow2" },
    },
    {
      kind: "image",
      node: "pve1",
      storage: "local",
      volume: "local:import/lab-debian.qcow2",
      fileName: "lab-debian.qcow2",
    },
  ],
  [
    { type: "provision:index:Seed", inputs: { node: "pve1", storage: "local", fileName: `${mark}-dc1.iso` } },
    { kind: "seed", node: "pve1", storage: "local", volume: `local:iso/${mark}-dc1.iso` },
  ],
  [
    { type: "proxmoxve:index/haresource:Haresource", inputs: { resourceId: "vm:1011", comment: "maquette dc1" } },
    { kind: "ha-resource", sid: "vm:1011", comment: "maquette dc1" },
  ],
  [
    { type: "proxmoxve:index/harule:Harule", inputs: { rule: `${mark}-dc` } },
    { kind: "ha-rule", rule: `${mark}-dc` },
  ],
];
const thing = (kind: Begun["kind"]): Begun => made.find(([, b]) => b.kind === kind)![1];

describe("what a run began to make besides guests", () => {
  const creating = made.map(([resource]) => pending("creating", resource));

  test("is found by its inputs, and deleted rules first and the pool last", () => {
    const begun = begunBy({ recorded: [stack], pending: creating });
    expect(begun.map((b) => b.kind)).toEqual(["ha-rule", "ha-resource", "seed", "image", "bridge", "pool"]);
    for (const [, expected] of made) expect(begun).toContainEqual(expected);
  });

  test("is not what the state knows, what was changed or deleted, nor what is nothing on Proxmox", () => {
    expect(begunBy({ recorded: made.map(([r]) => r), pending: creating })).toEqual([]);
    const others = made.flatMap(([r]) => ["updating", "deleting", "reading"].map((type) => pending(type, r)));
    expect(begunBy({ recorded: [], pending: others })).toEqual([]);
    const ownership = { type: "provision:index:Ownership", inputs: { mark } };
    expect(begunBy({ recorded: [], pending: [pending("creating", ownership)] })).toEqual([]);
  });

  type Case = readonly [what: string, found: Standing, more: Partial<Situation>];
  const comment = "maquette lab: one VLAN a zone";
  const download = { task: "UPID:pve1:…", begunAt: 1_000, endedAt: 1_060 };
  const ourPool = { name: "lab", comment: `maquette: plan lab, mark ${mark}` };
  const standing: readonly Case[] = [
    ["a pool that names the mark", { begun: thing("pool"), comment: ourPool.comment }, {}],
    ["a bridge that names the pool", { begun: thing("bridge"), comment }, { pools: [ourPool] }],
    ["a bridge that names the pool, which is not made yet", { begun: thing("bridge"), comment }, {}],
    ["a seed", { begun: thing("seed") }, {}],
    ["an image that our token downloaded", { begun: thing("image"), createdAt: 1_059, downloads: [download] }, {}],
    [
      "an image that our token is downloading",
      { begun: thing("image"), downloads: [{ task: "UPID:pve1:…", begunAt: 1_000 }] },
      {},
    ],
    [
      "an HA resource of our guest",
      { begun: thing("ha-resource"), comment: "maquette dc1" },
      { recorded: [guest(1011, "dc1")], listed: [ours(1011, "dc1")] },
    ],
    ["an HA rule", { begun: thing("ha-rule") }, {}],
  ];

  test.each(standing)("%s is deleted", (_, found, more) => {
    for (const isEmbedded of [true, false]) {
      const recovery = plan({ isEmbedded, pending: creating, standing: [found], ...more });
      expect(recovery).toMatchObject({ begun: [found], strangers: [] });
    }
  });

  const foreign: readonly Case[] = [
    ["a pool of another stack", { begun: thing("pool"), comment: "maquette: plan lab, mark lab-87654321" }, {}],
    ["a pool whose comment only begins like the mark", { begun: thing("pool"), comment: `mark ${mark}9` }, {}],
    ["a pool without a comment", { begun: thing("pool") }, {}],
    ["a bridge with another comment", { begun: thing("bridge"), comment: "the office" }, {}],
    [
      "a bridge of another stack whose pool has the same name",
      { begun: thing("bridge"), comment },
      { pools: [{ name: "lab", comment: "maquette: plan lab, mark lab-87654321" }] },
    ],
    ["an image that nobody here downloaded", { begun: thing("image"), createdAt: 1_059, downloads: [] }, {}],
    ["an image from before the download", { begun: thing("image"), createdAt: 998, downloads: [download] }, {}],
    ["an image that was put there later", { begun: thing("image"), createdAt: 2_000, downloads: [download] }, {}],
    ["a seed of another name", { begun: { ...thing("seed"), volume: "local:iso/x.iso" } as Begun }, {}],
    ["an HA resource of somebody's guest", { begun: thing("ha-resource"), comment: "maquette dc1" }, {}],
    [
      "an HA resource that somebody made of our guest",
      { begun: thing("ha-resource"), comment: "by hand" },
      { recorded: [guest(1011, "dc1")], listed: [ours(1011, "dc1")] },
    ],
    ["an HA rule of another name", { begun: { kind: "ha-rule", rule: "keep-apart" } }, {}],
  ];

  test.each(foreign)("%s is left alone, and why is said", (_, found, more) => {
    for (const isEmbedded of [true, false]) {
      const recovery = plan({ isEmbedded, pending: creating, standing: [found], ...more });
      expect(recovery.begun).toEqual([]);
      expect(recovery.strangers).toEqual([{ begun: found.begun, why: expect.any(String) as string }]);
    }
  });
});

describe("what is somebody else's is never a leftover", () => {
  const begun = [pending("creating", guest(1012, "dc2"))];

  test.each([
    ["a guest of that id with another name", vm(1012, "payroll")],
    ["a guest of that name with another id", vm(2012, "dc2")],
    ["a guest of another stack, of the same id and name", vm(1012, "dc2", ["maquette", "lab-87654321"])],
    ["a guest whose tag only begins like the mark", vm(1013, "x", [`${mark}9`])],
  ])("%s", (_, stranger) => {
    expect(plan({ recorded: [stack], pending: begun, listed: [stranger] }).leftovers).toEqual([]);
    expect(plan({ isEmbedded: false, recorded: [stack], pending: begun, listed: [stranger] }).leftovers).toEqual([]);
  });

  test("nor a guest whose begun operation was no creation, or bore no name", () => {
    const listed = [vm(1012, "dc2"), vm(1013, "")];
    const others = [pending("updating", guest(1012, "dc2")), pending("creating", { type: VM, inputs: { vmId: 1013 } })];
    expect(plan({ recorded: [stack], pending: others, listed }).leftovers).toEqual([]);
  });
});

describe("the state was lost", () => {
  const listed = [ours(1011, "dc1"), ours(1012, "dc2")];

  test("on a real Proxmox: nothing is deleted on that ground", () => {
    const begun = { pending: [pending("creating", made[3]![0])], standing: [{ begun: made[3]![1] }] };
    expect(plan({ isEmbedded: false, listed })).toEqual({ ...nothing, unknown: listed, isStateLost: true });
    expect(plan({ isEmbedded: false, listed, ...begun })).toMatchObject({ begun: [], isStateLost: true });
  });

  test("in part, on a real Proxmox, by a backup that is older than the guests: nothing is deleted either", () => {
    const found = plan({ isEmbedded: false, recorded: [stack, guest(1011, "dc1")], listed });
    expect(found).toMatchObject({ leftovers: [], unknown: [ours(1012, "dc2")], isStateLost: true });
  });

  test("on the embedded lab: its guests are nobody's work, and are made again", () => {
    const found = plan({ listed });
    expect(found.isStateLost).toBe(false);
    expect(found.leftovers).toEqual(listed);
  });
});
