import { afterEach, describe, expect, it } from "vitest";
import { ACCESS_OF } from "../../src/pve/simulator/access/table.ts";
import { METHODS } from "../../src/pve/simulator/index.ts";
import { Lab } from "./lab.ts";
import type { Answer, Fields } from "./lab.ts";

let lab: Lab;
afterEach(() => lab.end());

const said = ({ status, phrase }: Answer): string => `${status} ${phrase}`;

/** A user with a token; what it may do is given as role (or privileges) by path. */
class Somebody {
  readonly #token: string;
  private constructor(token: string) {
    this.#token = token;
  }

  static async make(name: string, given: Readonly<Record<string, string>>, privsep = 0): Promise<Somebody> {
    await lab.ok("POST", "/access/users", { userid: `${name}@pve` });
    const token = (await lab.ok("POST", `/access/users/${name}@pve/token/lab`, { privsep })) as { value: string };
    const somebody = new Somebody(`${name}@pve!lab=${token.value}`);
    for (const [path, role] of Object.entries(given)) await somebody.give(path, role, { users: `${name}@pve` });
    return somebody;
  }

  /** @param role a role's name, or privileges for which one is made */
  async give(path: string, role: string, fields: Fields): Promise<void> {
    const name = role.includes(".") ? `R${role.replaceAll(/\W/g, "-")}` : role;
    if (name !== role) await lab.call("POST", "/access/roles", { roleid: name, privs: role });
    await lab.ok("PUT", "/access/acl", { path, roles: name, ...fields });
  }

  call(verb: string, path: string, fields: Fields = {}): Promise<Answer> {
    return lab.call(verb, path, fields, this.#token);
  }

  async says(verb: string, path: string, fields: Fields = {}): Promise<string> {
    return said(await this.call(verb, path, fields));
  }
}

const CONFIG = "/nodes/pve1/qemu/100/config";

describe("the table of who may call what", () => {
  it("has a line for each method, with its place in Proxmox' sources", async () => {
    lab = await Lab.start();
    expect(Object.keys(ACCESS_OF).sort()).toEqual(METHODS.map((m) => `${m.verb} ${m.path}`).sort());
    expect(
      Object.values(ACCESS_OF).filter((a) => !/^(pve-\w[\w-]*|qemu-server) API2\S*\.pm \S+$/.test(a.source)),
    ).toEqual([]);
  });

  it("lets nobody do anything who was given nothing, but look at what is anybody's", async () => {
    lab = await Lab.start();
    await lab.createVm(100);
    const nobody = await Somebody.make("nobody", {});
    expect(await nobody.says("GET", CONFIG)).toBe("403 Permission check failed (/vms/100, VM.Audit)");
    expect(await nobody.says("DELETE", "/nodes/pve1/qemu/100")).toBe(
      "403 Permission check failed (/vms/100, VM.Allocate)",
    );
    expect(await nobody.says("PUT", CONFIG, { cores: 2 })).toMatch(
      /^403 .*\/vms\/100, VM\.Config\.Disk\|VM\.Config\.CDROM\|/,
    );
    expect(await nobody.says("GET", "/cluster/ha/rules")).toBe("403 Permission check failed (/, Sys.Audit)");
    expect((await nobody.call("GET", "/version")).status).toBe(200);
    expect((await nobody.call("GET", "/cluster/resources")).data).toMatchObject([{ type: "node" }]);
    expect((await nobody.call("GET", "/nodes/pve1/qemu")).data).toEqual([]);
    expect((await nobody.call("GET", "/access/permissions")).data).toEqual({});
  });
});

describe("permissions", () => {
  it("reach downwards where they propagate, are replaced by deeper ones, and NoAccess ends them", async () => {
    lab = await Lab.start();
    const eve = await Somebody.make("eve", { "/vms": "PVEAuditor", "/vms/100": "PVEVMUser", "/vms/101": "NoAccess" });
    await eve.give("/nodes", "PVEAuditor", { users: "eve@pve", propagate: 0 });
    const on = async (path: string): Promise<unknown> =>
      ((await eve.call("GET", "/access/permissions", { path })).data as Record<string, object>)[path];
    expect(await on("/vms/102")).toMatchObject({ "VM.Audit": 1 });
    expect(await on("/vms/100")).toMatchObject({ "VM.PowerMgmt": 1 });
    expect(await on("/vms/101")).toEqual({});
    expect(await on("/nodes")).toMatchObject({ "Sys.Audit": 0 });
    expect(await on("/nodes/pve1")).toEqual({});
  });

  it("on a pool are its members' too, and go with the pool when it is deleted", async () => {
    lab = await Lab.start();
    await lab.ok("POST", "/pools", { poolid: "lab" });
    await lab.createVm(100, { pool: "lab" });
    const ann = await Somebody.make("ann", { "/pool/lab": "Administrator" });
    expect((await ann.call("GET", CONFIG)).status).toBe(200);
    expect(await lab.task("DELETE", "/nodes/pve1/qemu/100")).toBe("OK");
    expect((await ann.call("DELETE", "/pools", { poolid: "lab" })).status).toBe(200);
    expect(await ann.says("POST", "/pools", { poolid: "lab" })).toBe(
      "403 Permission check failed (/pool/lab, Pool.Allocate)",
    );
  });

  it("of a separated token are those that its user has as well", async () => {
    lab = await Lab.start();
    const tim = await Somebody.make("tim", { "/vms": "PVEAuditor" }, 1);
    const asked = { path: "/vms" };
    expect((await tim.call("GET", "/access/permissions", asked)).data).toEqual({ "/vms": {} });
    await tim.give("/vms", "PVEVMAdmin", { tokens: "tim@pve!lab" });
    const held = (await tim.call("GET", "/access/permissions", asked)).data as Record<string, Record<string, number>>;
    expect(Object.keys(held["/vms"]!).sort()).toEqual(["VM.Audit", "VM.GuestAgent.Audit"]);
  });

  it("are on disk with the rest", async () => {
    lab = await Lab.start();
    const ida = await Somebody.make("ida", { "/": "PVEAuditor" });
    await lab.restart();
    expect((await ida.call("GET", "/cluster/status")).status).toBe(200);
  });
});

describe("what the API's schema does not show", () => {
  const edits: readonly (readonly [Fields, string])[] = [
    [{ startup: "order=2" }, "/, Sys.Modify"],
    [{ cores: 2 }, "/vms/100, VM.Config.CPU"],
    [{ memory: 1024 }, "/vms/100, VM.Config.Memory"],
    [{ net0: "model=virtio,bridge=vmbr0" }, "/vms/100, VM.Config.Network"],
    [{ scsihw: "virtio-scsi-single" }, "/vms/100, VM.Config.HWType"],
    [{ serial0: "socket" }, "/vms/100, VM.Config.HWType"],
    [{ boot: "order=scsi0" }, "/vms/100, VM.Config.Disk"],
    [{ ciuser: "admin" }, "/vms/100, VM.Config.Cloudinit|VM.Config.Network"],
    [{ scsi1: "local-lvm:4" }, "/storage/local-lvm, Datastore.AllocateSpace"],
    [{ ide3: "cdrom,media=cdrom" }, "/, Sys.Console"],
    [{ ide3: "none,media=cdrom" }, "/vms/100, VM.Config.CDROM"],
    [{ delete: "scsi0" }, "/vms/100, VM.Config.Disk"],
  ];
  it.each(edits)("a change %j needs %s", async (fields, need) => {
    lab = await Lab.start();
    await lab.createVm(100);
    const max = await Somebody.make("max", { "/vms": "VM.Config.Options" });
    expect(await max.says("PUT", CONFIG, fields)).toBe(`403 Permission check failed (${need})`);
  });

  it("a name and tags need VM.Config.Options alone", async () => {
    lab = await Lab.start();
    await lab.createVm(100);
    const max = await Somebody.make("max", { "/vms": "VM.Config.Options" });
    expect(await max.says("PUT", CONFIG, { name: "a", tags: "b" })).toMatch(/^200/);
  });

  it("a NIC needs its VLAN, or the bridge where it has none", async () => {
    lab = await Lab.start();
    await lab.createVm(100);
    const max = await Somebody.make("max", {
      "/vms": "VM.Config.Network",
      "/sdn/zones/localnetwork/vmbr0/7": "SDN.Use",
    });
    expect(await max.says("PUT", CONFIG, { net1: "model=virtio,bridge=vmbr0,tag=7" })).toMatch(/^200/);
    expect(await max.says("PUT", CONFIG, { net1: "model=virtio,bridge=vmbr0,tag=8" })).toBe(
      "403 Permission check failed (/sdn/zones/localnetwork/vmbr0/8, SDN.Use)",
    );
    expect(await max.says("PUT", CONFIG, { net1: "model=virtio,bridge=vmbr0" })).toBe(
      "403 Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)",
    );
  });

  it("a clone needs the source, its storage, its bridges, and the new id or the pool", async () => {
    lab = await Lab.start();
    await lab.createVm(100);
    await lab.ok("POST", "/pools", { poolid: "lab" });
    const cloe = await Somebody.make("cloe", { "/vms/100": "VM.Clone" });
    const clone = (): Promise<string> =>
      cloe.says("POST", "/nodes/pve1/qemu/100/clone", { newid: 200, pool: "lab", full: 1 });
    expect(await clone()).toBe("403 Permission check failed");
    await cloe.give("/pool/lab", "VM.Allocate", { users: "cloe@pve" });
    expect(await clone()).toBe("403 Permission check failed (/storage/local-lvm, Datastore.AllocateSpace)");
    await cloe.give("/storage/local-lvm", "Datastore.AllocateSpace", { users: "cloe@pve" });
    expect(await clone()).toBe("403 Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)");
    await cloe.give("/sdn/zones/localnetwork", "SDN.Use", { users: "cloe@pve" });
    expect(await clone()).toMatch(/^200/);
  });

  it("a file is put on a storage with one right and deleted with another", async () => {
    lab = await Lab.start();
    await lab.upload("pve1", "local", { content: "iso" }, "seed.iso", Buffer.from("x"));
    const otto = await Somebody.make("otto", { "/storage/local": "Datastore.AllocateTemplate,Datastore.Audit" });
    const volume = "/nodes/pve1/storage/local/content/local:iso/seed.iso";
    expect((await otto.call("GET", volume)).status).toBe(200);
    expect(await otto.says("DELETE", volume)).toBe("403 Permission check failed (/storage/local, Datastore.Allocate)");
    const download = { content: "import", filename: "a.qcow2", url: "https://x.example/a" };
    // Of two ways of which either would do Proxmox names none.
    expect(await otto.says("POST", "/nodes/pve1/storage/local/download-url", download)).toBe(
      "403 Permission check failed",
    );
    await otto.give("/nodes", "Sys.AccessNetwork", { users: "otto@pve" });
    expect(await otto.says("POST", "/nodes/pve1/storage/local/download-url", download)).toMatch(/^200/);
  });

  it("lists and tasks show what one may see", async () => {
    lab = await Lab.start();
    await lab.createVm(100);
    await lab.createVm(101);
    await lab.ok("POST", "/pools", { poolid: "lab" });
    const lis = await Somebody.make("lis", { "/vms/101": "VM.Audit", "/storage/local": "Datastore.Audit" });
    const ids = (rows: unknown): unknown[] => (rows as { vmid: number }[]).map((row) => row.vmid);
    expect(ids((await lis.call("GET", "/cluster/resources", { type: "vm" })).data)).toEqual([101]);
    expect(ids((await lis.call("GET", "/nodes/pve1/qemu")).data)).toEqual([101]);
    expect((await lis.call("GET", "/pools")).data).toEqual([]);
    expect((await lis.call("GET", "/nodes/pve1/storage")).data).toMatchObject([{ storage: "local" }]);
    expect((await lis.call("GET", "/nodes/pve1/network", { type: "bridge" })).data).toEqual([]);
    expect((await lis.call("GET", "/nodes/pve1/tasks")).data).toEqual([]);
    const [task] = (await lab.ok("GET", "/nodes/pve1/tasks")) as { upid: string }[];
    expect(await lis.says("GET", `/nodes/pve1/tasks/${encodeURIComponent(task!.upid)}/status`)).toBe(
      "403 Permission check failed (/nodes/pve1, Sys.Audit)",
    );
  });
});

describe("a disk on a directory storage", () => {
  const dir = { id: "dir", type: "dir", content: ["images"] };

  it("is raw where nobody says otherwise, and then has no snapshots", async () => {
    lab = await Lab.start({ storages: [dir] });
    await lab.createVm(100, { scsi0: "dir:4,format=qcow2" });
    await lab.createVm(101, { scsi0: "dir:4" });
    expect(await lab.task("POST", "/nodes/pve1/qemu/100/snapshot", { snapname: "before" })).toBe("OK");
    expect(await lab.task("POST", "/nodes/pve1/qemu/101/snapshot", { snapname: "before" })).toBe(
      "snapshot feature is not available",
    );
  });
});

describe("what the cluster knows of its guests", () => {
  it("lags behind where that is ordered, but for what stands in their configuration", async () => {
    lab = await Lab.start({ statisticsPeriodMs: 600_000 });
    const resources = async (): Promise<unknown> => lab.ok("GET", "/cluster/resources", { type: "vm" });
    await lab.createVm(100);
    expect(await resources()).toMatchObject([{ name: "vm100", status: "stopped" }]);
    await lab.task("POST", "/nodes/pve1/qemu/100/status/start");
    await lab.createVm(101, { tags: "mine" });
    expect(await resources()).toMatchObject([{ status: "stopped" }, { vmid: 101, status: "unknown", tags: "mine" }]);
    expect(await lab.ok("GET", "/nodes/pve1/qemu/100/status/current")).toMatchObject({ status: "running" });
  });
});
