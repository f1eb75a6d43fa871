import { describe, expect, test } from "vitest";
import { findOwn, ownershipResource, refuseStrangers, strangers, unprotectOwn } from "../../src/provision/ownership.ts";
import { faultOf } from "../stack/temporary.ts";
import { FakePve, vm } from "./fake-client.ts";

const mark = "lab-12345678";
const inputs = { mark, guests: { "1011": "dc1", "1012": "dc2" } };

describe("strangers", () => {
  const listed = [
    vm(100, "payroll"),
    vm(1011, "dc1", ["maquette", mark]),
    vm(1012, "dc2", ["maquette", "lab-87654321"], "pve2"),
    vm(1013, "x", [`${mark}9`]),
  ];

  test("are those on our ids without our mark, and the mark is the whole tag", () => {
    expect(strangers(listed, mark, new Set([1011, 1012, 1013])).map((v) => v.vmid)).toEqual([1012, 1013]);
    expect(strangers(listed, mark, new Set([1011]))).toEqual([]);
  });

  test("are refused by id, name and node, all at once, with two ways out", async () => {
    const fault = await faultOf(() => refuseStrangers(strangers(listed, mark, new Set([1012, 1013])), mark));
    expect(fault.code).toBe("PVE_NOT_OURS");
    expect(fault.message).toContain('1012 "dc2" on pve2, 1013 "x" on pve1');
    expect(fault.hint).toMatch(/vmidBase.*delete them by hand/);
  });

  test("that are the stack's own from before its plan had another name are not called somebody else's", async () => {
    const own = [vm(1011, "dc1", ["host-dc1", "maquette", mark]), vm(1012, "dc2", ["host-dc2", mark], "pve2")];
    const renamed = await faultOf(() => refuseStrangers(own, "crise-12345678"));
    expect(renamed.code).toBe("PVE_NOT_OURS");
    expect(renamed.message).toContain("this stack's own guests under another name of its plan (lab)");
    expect(renamed.hint).toContain("`name: lab`");
    const mixed = await faultOf(() => refuseStrangers([...own, vm(1013, "x")], "crise-12345678"));
    expect(mixed.message).toContain("do not bear this stack's mark");
  });

  test("that are none are no fault", () => {
    refuseStrangers([], mark);
  });

  test("are never found as our own", async () => {
    const pve = new FakePve();
    pve.vms = listed;
    expect(await findOwn(pve.connect(), mark, 1011)).toMatchObject({ name: "dc1" });
    for (const id of [100, 1012, 1013, 9]) expect(await findOwn(pve.connect(), mark, id)).toBeUndefined();
  });
});

test("protection is taken off our own guests alone", async () => {
  const pve = new FakePve();
  pve.vms = [vm(1011, "dc1", [mark], "pve2"), vm(1012, "dc2", ["maquette", "lab-87654321"])];
  await unprotectOwn(pve.connect(), mark, [1011, 1012, 1013]);
  expect(pve.calls.filter((c) => c !== "list")).toEqual(['put /nodes/pve2/qemu/1011/config {"protection":false}']);
});

describe("the resource that a destroy meets first", () => {
  const make = (...tags: string[]): { pve: FakePve; type: ReturnType<typeof ownershipResource> } => {
    const pve = new FakePve();
    pve.vms = [vm(1011, "dc1", [mark]), vm(1012, "dc2", tags)];
    return { pve, type: ownershipResource(pve.connect) };
  };

  test("lets create, update and delete pass while all ids are ours or free", async () => {
    const { type, pve } = make(mark);
    expect(await type.create(inputs)).toEqual({ id: mark, outs: inputs });
    expect(await type.update(inputs, inputs)).toEqual(inputs);
    pve.vms = [];
    await type.delete(inputs);
  });

  test("stops each of them when an id has become somebody else's", async () => {
    const { type } = make("other");
    for (const work of [() => type.create(inputs), () => type.update(inputs, inputs), () => type.delete(inputs)])
      expect((await faultOf(work)).code).toBe("PVE_NOT_OURS");
  });

  test("stops an update that drops a guest whose id has become somebody else's: it is about to be deleted", async () => {
    const { type } = make("other");
    const fewer = { mark, guests: { "1011": "dc1" } };
    expect((await faultOf(() => type.update(inputs, fewer))).code).toBe("PVE_NOT_OURS");
    expect(await type.create(fewer)).toMatchObject({ outs: fewer });
  });

  test("is read without asking the API, and differs when its guests do", async () => {
    const { type, pve } = make("other");
    expect(await type.read(mark, inputs)).toEqual({ id: mark, props: inputs, inputs });
    expect(pve.calls).toEqual([]);
    expect(type.diff(inputs, { ...inputs })).toEqual({ changes: false });
    expect(type.diff(inputs, { mark, guests: {} })).toEqual({ changes: true });
    expect(type.check({ mark: 1 }).map((f) => f.property)).toEqual(["mark", "guests"]);
  });
});
