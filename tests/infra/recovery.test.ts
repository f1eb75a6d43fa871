import { describe, expect, test } from "vitest";
import { planRecovery, type Recorded, type Situation } from "../../src/infra/recovery.ts";
import { vm } from "../provision/fake-client.ts";

const mark = "lab-12345678";
const VM = "proxmoxve:index/vmLegacy:VmLegacy";
const guest = (vmId: number, name: string): Recorded => ({ type: VM, id: String(vmId), inputs: { vmId, name } });
const ours = (vmid: number, name: string): ReturnType<typeof vm> => vm(vmid, name, ["maquette", mark]);
const stack: Recorded = { type: "pulumi:pulumi:Stack" };
const pending = (type: string, resource: Recorded): Situation["pending"][number] => ({ type, resource });

const plan = (changes: Partial<Situation>): ReturnType<typeof planRecovery> =>
  planRecovery({ mark, isEmbedded: true, recorded: [], pending: [], listed: [], ...changes });
const nothing = { leftovers: [], needsRefresh: false, dropsPending: false, unknown: [], isStateLost: false };

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
    });
    expect(found).toMatchObject({ needsRefresh: true, dropsPending: true, isStateLost: false });
    expect(found.leftovers.map((v) => v.vmid)).toEqual([1012]);
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

  test("while it made something that is no guest: only the state is mended", () => {
    const pool = { type: "proxmoxve:index/poolLegacy:PoolLegacy", inputs: { poolId: "lab" } };
    expect(plan({ pending: [pending("creating", pool)], listed: [vm(100, "payroll")] })).toEqual({
      ...nothing,
      needsRefresh: true,
      dropsPending: true,
    });
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
    expect(plan({ isEmbedded: false, listed })).toEqual({ ...nothing, unknown: listed, isStateLost: true });
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
