/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access -- tests look into whatever the API answers */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab } from "./lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start({ nodes: ["pve1", "pve2"] });
});
afterAll(() => lab.end());

describe("storage", () => {
  const files = (): Promise<string[]> => readdir(join(lab.stateDir, "files"));

  it("keeps an upload as a private file and removes it with its volume", async () => {
    const bytes = Buffer.from("an image");
    const answer = await lab.upload("pve1", "local", { content: "iso" }, "seed.iso", bytes);
    expect(await lab.ended(answer.data as string)).toBe("OK");
    expect(await lab.ok("GET", "/nodes/pve1/storage/local/content", { content: "iso" })).toMatchObject([
      { volid: "local:iso/seed.iso", format: "iso", size: bytes.length },
    ]);
    expect((await stat(join(lab.stateDir, "files", (await files())[0]!))).mode & 0o777).toBe(0o600);
    expect(await lab.ok("GET", "/nodes/pve2/storage/local/content", { content: "iso" })).toEqual([]);
    await lab.task("DELETE", "/nodes/pve1/storage/local/content/local:iso%2Fseed.iso");
    expect(await files()).toEqual([]);
  });

  it("checks a checksum, and keeps nothing of a file whose sum is wrong", async () => {
    const bytes = Buffer.from("abc");
    const sum = createHash("sha256").update(bytes).digest("hex");
    const right = await lab.upload(
      "pve1",
      "local",
      { content: "iso", "checksum-algorithm": "sha256", checksum: sum },
      "right.iso",
      bytes,
    );
    expect(await lab.ended(right.data as string)).toBe("OK");
    const wrong = await lab.upload(
      "pve1",
      "local",
      { content: "iso", "checksum-algorithm": "sha256", checksum: "00" },
      "wrong.iso",
      bytes,
    );
    expect(await lab.ended(wrong.data as string)).toContain("checksum mismatch");
    expect(await files()).toHaveLength(1);
  });

  it("refuses wrong content and extensions, and makes harmless names of dangerous ones", async () => {
    expect((await lab.upload("pve1", "local", { content: "iso" }, "x.exe", Buffer.from("x"))).errors).toEqual({
      filename: "wrong file extension",
    });
    expect((await lab.upload("pve1", "local", { content: "snippets" }, "x.yaml", Buffer.from("x"))).status).toBe(400);
    expect(
      (await lab.upload("pve1", "local-lvm", { content: "iso" }, "x.iso", Buffer.from("x"))).errors["storage"],
    ).toContain("does not support 'iso'");
    const answer = await lab.upload("pve1", "local", { content: "iso" }, "../../et c/x.iso", Buffer.from("x"));
    expect(await lab.ended(answer.data as string)).toBe("OK");
    expect((await lab.ok("GET", "/nodes/pve1/storage/local/content")).map((v: { volid: string }) => v.volid)).toContain(
      "local:iso/x.iso",
    );
    expect((await files()).every((name) => !name.includes("/") && !name.endsWith(".part"))).toBe(true);
  });

  it("fetches nothing for a download, says so, and makes up what it must", async () => {
    const url = "https://images.example.invalid/debian.qcow2?x=1";
    const facts = await lab.ok("GET", "/nodes/pve1/query-url-metadata", { url });
    expect(facts).toMatchObject({ filename: "debian.qcow2" });
    const upid = (await lab.ok("POST", "/nodes/pve1/storage/local/download-url", {
      content: "import",
      filename: "debian.qcow2",
      url,
    })) as string;
    expect(await lab.ended(upid)).toBe("OK");
    const log = await lab.ok("GET", `/nodes/pve1/tasks/${encodeURIComponent(upid)}/log`);
    expect(log[0].t).toContain("the simulator fetches nothing");
    const [volume] = await lab.ok("GET", "/nodes/pve1/storage/local/content", { content: "import" });
    expect(volume.size).toBe(facts.size);
    expect(
      (
        await lab.call("POST", "/nodes/pve1/storage/local/download-url", {
          content: "import",
          filename: "b.qcow2",
          url: "file:///etc/x",
        })
      ).errors,
    ).toEqual({ url: "value does not match the regex pattern" });
  });

  it("tells what is free", async () => {
    const before = await lab.ok("GET", "/nodes/pve1/storage/local-lvm/status");
    await lab.createVm(100);
    const after = await lab.ok("GET", "/nodes/pve1/storage/local-lvm/status");
    expect(after.used - before.used).toBe(1024 ** 3);
    expect(after.total).toBe(Number(after.used) + Number(after.avail));
  });

  it("does not take a disk away from a guest", async () => {
    expect(
      (await lab.call("DELETE", "/nodes/pve1/storage/local-lvm/content/local-lvm:vm-100-disk-0")).phrase,
    ).toContain("a guest with VMID '100' exists");
  });
});

describe("networks", () => {
  it("stay planned until they are applied, and can be reverted", async () => {
    await lab.ok("POST", "/nodes/pve1/network", { iface: "vmbr5", type: "bridge", cidr: "192.0.2.130/25" });
    const listed = (await lab.ok("GET", "/nodes/pve1/network")).find((i: { iface: string }) => i.iface === "vmbr5");
    expect(listed).toMatchObject({ address: "192.0.2.130", netmask: "25", method: "static" });
    expect(listed).not.toHaveProperty("active");
    await lab.ok("DELETE", "/nodes/pve1/network");
    expect((await lab.call("GET", "/nodes/pve1/network/vmbr5")).errors).toEqual({ iface: "interface does not exist" });
  });

  it("give a VLAN's device and number back, and refuse one without its device", async () => {
    await lab.ok("POST", "/nodes/pve1/network", { iface: "vmbr0.50", type: "vlan", comments: "mgmt" });
    expect(await lab.ok("GET", "/nodes/pve1/network/vmbr0.50")).toMatchObject({
      "vlan-raw-device": "vmbr0",
      "vlan-id": "50",
      comments: "mgmt\n",
    });
    expect(
      (await lab.call("POST", "/nodes/pve1/network", { iface: "vmbr8.1", type: "vlan" })).errors["vlan-raw-device"],
    ).toContain("does not exist");
    expect((await lab.call("POST", "/nodes/pve1/network", { iface: "vmbr0", type: "bridge" })).errors).toEqual({
      iface: "interface already exists",
    });
  });
});

describe("pools", () => {
  it("refuse to go while they have members", async () => {
    await lab.ok("POST", "/pools", { poolid: "lab", comment: "c" });
    await lab.createVm(110, { pool: "lab" });
    expect((await lab.ok("GET", "/pools", { poolid: "lab" }))[0]).toMatchObject({
      comment: "c",
      members: [{ id: "qemu/110", vmid: 110 }],
    });
    expect(
      (await lab.ok("GET", "/cluster/resources", { type: "vm" })).find((r: { vmid: number }) => r.vmid === 110),
    ).toMatchObject({ pool: "lab" });
    expect((await lab.call("DELETE", "/pools", { poolid: "lab" })).phrase).toBe(
      "pool 'lab' is not empty (contains VM 110)",
    );
    await lab.ok("PUT", "/pools", { poolid: "lab", vms: 110, delete: 1 });
    await lab.ok("DELETE", "/pools", { poolid: "lab" });
    expect((await lab.call("GET", "/pools", { poolid: "lab" })).phrase).toBe("pool 'lab' does not exist");
  });
});

describe("high availability", () => {
  it("keeps rules of Proxmox 9 over resources that it manages and nodes that exist", async () => {
    for (const vmid of [120, 121]) {
      await lab.createVm(vmid);
      await lab.ok("POST", "/cluster/ha/resources/", { sid: `vm:${vmid}`, state: "started" });
    }
    await lab.ok("POST", "/cluster/ha/rules/", {
      rule: "spread",
      type: "resource-affinity",
      affinity: "negative",
      resources: "vm:121,vm:120",
      disable: 0,
    });
    expect(await lab.ok("GET", "/cluster/ha/rules/spread")).toMatchObject({
      rule: "spread",
      type: "resource-affinity",
      affinity: "negative",
      resources: "vm:120,vm:121",
    });
    await lab.ok("POST", "/cluster/ha/rules", {
      rule: "prefer",
      type: "node-affinity",
      nodes: "pve1:2,pve2:1",
      resources: "vm:120",
      strict: 0,
    });
    const bad = (fields: Record<string, string>) =>
      lab.call("POST", "/cluster/ha/rules", { rule: "bad", type: "node-affinity", ...fields });
    expect((await bad({ nodes: "pve7", resources: "vm:120" })).phrase).toBe("cannot use non-existent node(s) pve7.");
    expect((await bad({ nodes: "pve1", resources: "vm:777" })).phrase).toBe("cannot use unmanaged resource(s) vm:777.");
    expect((await lab.call("POST", "/cluster/ha/groups", { group: "g1", nodes: "pve1" })).phrase).toContain(
      "ha groups have been migrated to rules",
    );
  });

  it("is the manager's task for a guest that it manages", async () => {
    const upid = (await lab.ok("POST", "/nodes/pve1/qemu/120/status/start")) as string;
    expect(upid).toContain(":hastart:120:");
    await lab.ended(upid);
    expect(await lab.ok("GET", "/nodes/pve1/qemu/120/status/current")).toMatchObject({
      status: "running",
      ha: { managed: 1, state: "started" },
    });
  });
});

describe("nodes", () => {
  it("form a cluster when there are several", async () => {
    expect((await lab.ok("GET", "/cluster/status")).map((row: { id: string }) => row.id)).toEqual([
      "cluster",
      "node/pve1",
      "node/pve2",
    ]);
    expect(
      (await lab.ok("GET", "/nodes")).map((row: { node: string; status: string }) => `${row.node} ${row.status}`),
    ).toEqual(["pve1 online", "pve2 online"]);
    expect(await lab.ok("GET", "/nodes/pve2/version")).toMatchObject({ version: "9.0.11" });
  });

  it("keep options of the cluster, given back as objects where Proxmox does", async () => {
    await lab.ok("PUT", "/cluster/options", {
      keyboard: "fr",
      migration: "secure,network=192.0.2.0/24",
      "next-id": "lower=200,upper=300",
    });
    expect(await lab.ok("GET", "/cluster/options")).toMatchObject({
      keyboard: "fr",
      "next-id": { lower: "200", upper: "300" },
      migration: { type: "secure" },
    });
  });
});

describe("Proxmox 8", () => {
  it("has groups and no rules", async () => {
    const old = await Lab.start({ pveVersion: 8 });
    try {
      expect(await old.ok("GET", "/version")).toMatchObject({ release: "8.4" });
      expect(await old.call("GET", "/cluster/ha/rules")).toMatchObject({ status: 501 });
      await old.ok("POST", "/cluster/ha/groups", { group: "g1", nodes: "pve1:2" });
      expect(await old.ok("GET", "/cluster/ha/groups/g1")).toMatchObject({ nodes: "pve1:2" });
    } finally {
      await old.end();
    }
  });
});
