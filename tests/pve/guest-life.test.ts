/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access -- tests look into whatever the API answers */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemoryDriver } from "../../src/pve/simulator/index.ts";
import { Lab } from "./lab.ts";

let lab: Lab;
beforeAll(async () => {
  const driver = new MemoryDriver({ ignoresShutdown: (vmid) => vmid === 150 });
  lab = await Lab.start({ nodes: ["pve1", "pve2"], driver });
  await lab.task("POST", "/nodes/pve1/storage/local/download-url", {
    content: "import",
    filename: "base.qcow2",
    url: "https://x.invalid/base.qcow2",
  });
});
afterAll(() => lab.end());

const config = (vmid: number, node = "pve1") => lab.ok("GET", `/nodes/${node}/qemu/${vmid}/config`);
const current = (vmid: number) => lab.ok("GET", `/nodes/pve1/qemu/${vmid}/status/current`);

describe("a new guest", () => {
  it("is read back as Proxmox writes it: MACs made, disks named, the password hidden, numbers as numbers", async () => {
    await lab.createVm(100, {
      scsi0: "file=local-lvm:0,import-from=local:import/base.qcow2,size=8589934592,discard=on,ssd=1",
      ide2: "file=local-lvm:cloudinit,",
      ide3: "file=none,media=cdrom",
      net1: "model=e1000,macaddr=bc:24:11:aa:bb:cc,bridge=vmbr0,tag=10",
      cipassword: "secret",
      sshkeys: "ssh-ed25519%20AAAA%20me",
      tags: "Web;lab,web",
      onboot: 1,
      cores: 2,
    });
    const read = await config(100);
    expect(read).toMatchObject({
      scsi0: "local-lvm:vm-100-disk-0,discard=on,size=2G,ssd=1",
      ide2: "local-lvm:vm-100-cloudinit,media=cdrom,size=4M",
      ide3: "none,media=cdrom",
      net1: "e1000=BC:24:11:AA:BB:CC,bridge=vmbr0,tag=10",
      cipassword: "**********",
      sshkeys: "ssh-ed25519%20AAAA%20me",
      tags: "lab;web",
      onboot: 1,
      cores: 2,
      memory: "512",
    });
    expect(read.net0).toMatch(/^virtio=BC:24:11(:[0-9A-F]{2}){3},bridge=vmbr0$/);
    expect(read.boot).toBe("order=scsi0;ide2;net0");
    expect(read.smbios1).toMatch(/^uuid=[0-9a-f-]{36}$/);
    expect(read.vmgenid).toMatch(/^[0-9a-f-]{36}$/);
    expect(read.meta).toMatch(/^creation-qemu=[\d.]+,ctime=\d+$/);
    expect(read.digest).toMatch(/^[0-9a-f]{40}$/);
  });

  it("needs an id that no node uses", async () => {
    const answer = await lab.call("POST", "/nodes/pve2/qemu", { vmid: 100 });
    expect(answer).toMatchObject({
      status: 500,
      phrase: "unable to create VM 100 - VM 100 already exists on node 'pve1'",
    });
    expect((await lab.call("GET", "/cluster/nextid", { vmid: 100 })).errors).toEqual({ vmid: "VM 100 already exists" });
    expect(await lab.ok("GET", "/cluster/nextid")).toBe("101");
  });

  it("needs storages, images and pools that exist", async () => {
    const attempt = (fields: Record<string, string>) => lab.call("POST", "/nodes/pve1/qemu", { vmid: 199, ...fields });
    expect((await attempt({ scsi0: "nowhere:8" })).phrase).toBe("storage 'nowhere' does not exist");
    expect((await attempt({ scsi0: "local:8" })).errors).toEqual({
      storage: "storage 'local' does not support vm images",
    });
    expect((await attempt({ scsi0: "local-lvm:0,import-from=local:import/none.qcow2" })).phrase).toBe(
      "volume 'local:import/none.qcow2' does not exist",
    );
    expect((await attempt({ ide0: "local:iso/none.iso,media=cdrom" })).phrase).toBe(
      "volume 'local:iso/none.iso' does not exist",
    );
    expect((await attempt({ ide0: "local:iso/none.iso" })).errors).toEqual({
      ide0: "explicit 'media=cdrom' is required for iso images",
    });
    expect(await attempt({ pool: "nowhere" })).toMatchObject({
      status: 403,
      phrase: "Permission check failed (pool 'nowhere' does not exist)",
    });
    expect((await lab.call("GET", "/nodes/pve1/qemu/199/config")).status).toBe(500);
  });
});

describe("power", () => {
  it("goes on and off", async () => {
    expect((await current(100)).status).toBe("stopped");
    expect(await lab.task("POST", "/nodes/pve1/qemu/100/status/start", { timeout: 1800 })).toBe("OK");
    expect(await current(100)).toMatchObject({ status: "running", qmpstatus: "running" });
    expect(await lab.task("POST", "/nodes/pve1/qemu/100/status/start")).toBe("VM 100 already running");
    expect(await lab.task("POST", "/nodes/pve1/qemu/100/status/shutdown")).toBe("OK");
    expect(await lab.task("POST", "/nodes/pve1/qemu/100/status/stop")).toBe("OK");
    expect((await lab.call("POST", "/nodes/pve1/qemu/100/status/reboot")).phrase).toBe("VM 100 not running");
  });

  it("does not go on over a bridge that is not there, or only planned", async () => {
    await lab.createVm(120, { net0: "virtio,bridge=vmbr7" });
    expect(await lab.task("POST", "/nodes/pve1/qemu/120/status/start")).toBe("bridge 'vmbr7' does not exist");
    await lab.ok("POST", "/nodes/pve1/network", { iface: "vmbr7", type: "bridge" });
    expect(await lab.task("POST", "/nodes/pve1/qemu/120/status/start")).toBe("bridge 'vmbr7' does not exist");
    await lab.task("PUT", "/nodes/pve1/network");
    expect(await lab.task("POST", "/nodes/pve1/qemu/120/status/start")).toBe("OK");
  });

  it("ends a guest that ignores a shutdown only by force", async () => {
    await lab.createVm(150, { start: 1 });
    expect(await lab.task("POST", "/nodes/pve1/qemu/150/status/shutdown", { timeout: 1 })).toBe(
      "VM quit/powerdown failed - got timeout",
    );
    expect((await current(150)).status).toBe("running");
    expect(await lab.task("POST", "/nodes/pve1/qemu/150/status/shutdown", { timeout: 1, forceStop: 1 })).toBe("OK");
    expect((await current(150)).status).toBe("stopped");
  });
});

describe("a change of configuration", () => {
  it("of memory waits for the next start of a running guest, and is shown as pending", async () => {
    await lab.createVm(130, { start: 1 });
    await lab.ok("PUT", "/nodes/pve1/qemu/130/config", { memory: 1024, name: "other" });
    expect(await config(130)).toMatchObject({ memory: "1024", name: "other" });
    expect(await lab.ok("GET", "/nodes/pve1/qemu/130/config", { current: 1 })).toMatchObject({
      memory: "512",
      name: "other",
    });
    expect(await lab.ok("GET", "/nodes/pve1/qemu/130/pending")).toContainEqual({
      key: "memory",
      value: "512",
      pending: "1024",
    });
    await lab.task("POST", "/nodes/pve1/qemu/130/status/stop");
    await lab.task("POST", "/nodes/pve1/qemu/130/status/start");
    expect((await current(130)).maxmem).toBe(1024 * 1024 * 1024);
  });

  it("deletes keys that are not set without complaint, and refuses unknown ones", async () => {
    await lab.ok("PUT", "/nodes/pve1/qemu/100/config", { delete: "net7,serial3,net1" });
    expect(await config(100)).not.toHaveProperty("net1");
    expect((await lab.call("PUT", "/nodes/pve1/qemu/100/config", { delete: "net99" })).errors).toEqual({
      delete: "unknown option 'net99'",
    });
    expect((await lab.call("PUT", "/nodes/pve1/qemu/100/config", {})).phrase).toBe("no options specified");
  });

  it("keeps a detached disk as unused, and erases it when that is deleted", async () => {
    await lab.ok("PUT", "/nodes/pve1/qemu/100/config", { delete: "scsi0" });
    expect((await config(100)).unused0).toBe("local-lvm:vm-100-disk-0");
    await lab.ok("PUT", "/nodes/pve1/qemu/100/config", { delete: "unused0" });
    expect(await lab.ok("GET", "/nodes/pve1/storage/local-lvm/content", { vmid: 100, content: "images" })).toHaveLength(
      1,
    );
    await lab.ok("PUT", "/nodes/pve1/qemu/100/config", { scsi0: "local-lvm:4" });
  });

  it("is refused when somebody else changed it meanwhile", async () => {
    const answer = await lab.call("PUT", "/nodes/pve1/qemu/100/config", { name: "x", digest: "0".repeat(40) });
    expect(answer.phrase).toBe("detected modified configuration - file changed by other user? Try again.");
  });

  it("makes disks larger, never smaller", async () => {
    expect(await lab.task("PUT", "/nodes/pve1/qemu/100/resize", { disk: "scsi0", size: "8589934592" })).toBe("OK");
    expect(await lab.task("PUT", "/nodes/pve1/qemu/100/resize", { disk: "scsi0", size: "+2G" })).toBe("OK");
    expect((await config(100)).scsi0).toBe("local-lvm:vm-100-disk-0,size=10G");
    expect(await lab.task("PUT", "/nodes/pve1/qemu/100/resize", { disk: "scsi0", size: "4G" })).toBe(
      "shrinking disks is not supported",
    );
  });
});

describe("templates and clones", () => {
  beforeAll(async () => {
    await lab.createVm(900, { name: "tpl", ide2: "local-lvm:cloudinit", serial0: "socket" });
    expect(await lab.task("POST", "/nodes/pve1/qemu/900/template")).toBe("OK");
  });

  it("a template's disk is a base volume; it neither starts nor becomes a template again", async () => {
    expect(await config(900)).toMatchObject({ template: 1, scsi0: "local-lvm:base-900-disk-0,size=4G" });
    expect(await lab.task("POST", "/nodes/pve1/qemu/900/status/start")).toBe("you can't start a vm if it's a template");
    expect((await lab.call("POST", "/nodes/pve1/qemu/900/template")).phrase).toBe(
      "you can't convert a template to a template",
    );
  });

  it("a clone has disks, MACs and ids of its own", async () => {
    expect(await lab.task("POST", "/nodes/pve1/qemu/900/clone", { newid: 901, name: "full", full: 1 })).toBe("OK");
    const [source, clone] = [await config(900), await config(901)];
    expect(clone).toMatchObject({
      name: "full",
      scsi0: "local-lvm:vm-901-disk-0,size=4G",
      ide2: "local-lvm:vm-901-cloudinit,media=cdrom,size=4M",
      serial0: "socket",
    });
    for (const key of ["net0", "smbios1", "vmgenid"]) expect(clone[key]).not.toBe(source[key]);
    expect(clone).not.toHaveProperty("template");
    expect(clone).not.toHaveProperty("lock");
  });

  it("clones of one template at the same time all succeed", async () => {
    const ids = [910, 911, 912, 913, 914];
    const ends = await Promise.all(
      ids.map((newid) => lab.task("POST", "/nodes/pve1/qemu/900/clone", { newid, full: 0 })),
    );
    expect(ends).toEqual(ids.map(() => "OK"));
  });

  it("a linked clone holds its base: the template cannot go before it", async () => {
    expect(await lab.task("DELETE", "/nodes/pve1/qemu/900")).toBe(
      "base volume 'local-lvm:base-900-disk-0' is still in use by linked cloned",
    );
    expect((await lab.call("POST", "/nodes/pve1/qemu/900/clone", { newid: 990, storage: "local-lvm" })).phrase).toBe(
      "parameter 'storage' not allowed for linked clones",
    );
  });

  it("a clone to another node needs shared storage; a migration copies local disks", async () => {
    const answer = await lab.call("POST", "/nodes/pve1/qemu/900/clone", { newid: 990, full: 1, target: "pve2" });
    expect(answer.phrase).toBe("can't clone VM to node 'pve2' (VM uses local storage)");
    expect(await lab.task("POST", "/nodes/pve1/qemu/901/migrate", { target: "pve2" })).toBe("OK");
    expect((await config(901, "pve2")).scsi0).toBe("local-lvm:vm-901-disk-0,size=4G");
    expect((await lab.call("GET", "/nodes/pve1/qemu/901/config")).phrase).toContain("does not exist");
    expect((await lab.call("POST", "/nodes/pve2/qemu/901/migrate", { target: "pve2" })).errors).toEqual({
      target: "target is local node.",
    });
  });
});

describe("snapshots", () => {
  it("form a tree that ends in the current state, and bring the configuration back", async () => {
    await lab.createVm(140, { start: 1 });
    expect(await lab.task("POST", "/nodes/pve1/qemu/140/snapshot", { snapname: "one", description: "first" })).toBe(
      "OK",
    );
    expect(await lab.task("POST", "/nodes/pve1/qemu/140/snapshot", { snapname: "two", vmstate: 1 })).toBe("OK");
    expect(await lab.task("POST", "/nodes/pve1/qemu/140/snapshot", { snapname: "two" })).toBe(
      "snapshot name 'two' already used",
    );
    const tree = await lab.ok("GET", "/nodes/pve1/qemu/140/snapshot");
    expect(tree).toMatchObject([
      { name: "one", description: "first", vmstate: 0 },
      { name: "two", parent: "one", vmstate: 1 },
      { name: "current", parent: "two", running: 1 },
    ]);
    await lab.ok("PUT", "/nodes/pve1/qemu/140/config", { name: "changed" });
    expect(await lab.task("POST", "/nodes/pve1/qemu/140/snapshot/one/rollback")).toBe("OK");
    expect((await config(140)).name).toBe("vm140");
    expect((await current(140)).status).toBe("stopped");
    expect(await lab.task("POST", "/nodes/pve1/qemu/140/snapshot/two/rollback")).toBe("OK");
    expect((await current(140)).status).toBe("running");
    expect(await lab.task("DELETE", "/nodes/pve1/qemu/140/snapshot/one")).toBe("OK");
    expect((await lab.ok("GET", "/nodes/pve1/qemu/140/snapshot"))[0]).not.toHaveProperty("parent");
    expect((await lab.call("POST", "/nodes/pve1/qemu/140/snapshot", { snapname: "current" })).phrase).toContain(
      "reserved name",
    );
  });
});

describe("deleting a guest", () => {
  it("is refused while it runs, is protected or is locked", async () => {
    await lab.createVm(160, { start: 1 });
    expect((await lab.call("DELETE", "/nodes/pve1/qemu/160")).phrase).toBe("VM 160 is running - destroy failed");
    await lab.task("POST", "/nodes/pve1/qemu/160/status/stop");
    await lab.ok("PUT", "/nodes/pve1/qemu/160/config", { protection: 1, lock: "backup" });
    expect((await lab.call("DELETE", "/nodes/pve1/qemu/160")).phrase).toBe(
      "can't remove VM 160 - protection mode enabled",
    );
  });

  it("leaves nothing behind: no disk, no pool member, no HA resource", async () => {
    await lab.ok("POST", "/pools", { poolid: "gone" });
    await lab.createVm(170, { pool: "gone", ide2: "local-lvm:cloudinit" });
    await lab.ok("POST", "/cluster/ha/resources", { sid: "vm:170", state: "stopped" });
    expect((await lab.call("DELETE", "/nodes/pve1/qemu/170")).phrase).toContain(
      "used in HA resources and purge parameter not set",
    );
    expect(await lab.task("DELETE", "/nodes/pve1/qemu/170/", { purge: 1, "destroy-unreferenced-disks": 1 })).toBe("OK");
    expect(await lab.ok("GET", "/nodes/pve1/storage/local-lvm/content", { vmid: 170 })).toEqual([]);
    expect((await lab.ok("GET", "/pools", { poolid: "gone" }))[0].members).toEqual([]);
    expect((await lab.call("GET", "/cluster/ha/resources/vm:170")).phrase).toBe("no such resource 'vm:170'");
  });
});

describe("the guest agent", () => {
  it("tells addresses where it is enabled and the guest runs, and else why not", async () => {
    await lab.createVm(180, { agent: "enabled=1,type=virtio", ipconfig0: "ip=192.0.2.80/24,gw=192.0.2.1" });
    const ask = () => lab.call("GET", "/nodes/pve1/qemu/180/agent/network-get-interfaces");
    expect((await ask()).phrase).toBe("VM 180 is not running");
    await lab.task("POST", "/nodes/pve1/qemu/180/status/start");
    const nic = (await ask()).data.result[1];
    expect(nic["ip-addresses"]).toEqual([{ "ip-address": "192.0.2.80", "ip-address-type": "ipv4", prefix: 24 }]);
    expect((await lab.call("POST", "/nodes/pve1/qemu/100/agent/ping")).phrase).toBe("No QEMU guest agent configured");
    const { pid } = await lab.ok("POST", "/nodes/pve1/qemu/180/agent/exec", { command: "true" });
    expect(await lab.ok("GET", "/nodes/pve1/qemu/180/agent/exec-status", { pid })).toMatchObject({
      exited: 1,
      exitcode: 127,
    });
  });
});
