import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab, TOKEN } from "./lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start({ nodes: ["pve1", "pve2"] });
});
afterAll(() => lab.end());

describe("the door", () => {
  it("lets nobody in without a token, with a wrong secret, an unknown token or an unknown user", async () => {
    const phrases = await Promise.all(
      ["", "root@pam!test=wrong", "root@pam!other=x", "eve@pve!test=x", "nonsense"].map(async (token) => {
        const { status, phrase } = await lab.call("GET", "/version", {}, token);
        return `${status} ${phrase}`;
      }),
    );
    expect(phrases).toEqual([
      "401 No ticket",
      "401 invalid token value!",
      "401 no such token 'other' for user 'root@pam'",
      "401 no such user ('eve@pve')",
      "401 invalid token value!",
    ]);
  });

  it("takes the token as the provider sends it", async () => {
    expect((await lab.call("GET", "/version", {}, TOKEN)).data).toMatchObject({ release: "9.0" });
  });

  it("guards the simulator's own calls too", async () => {
    expect((await lab.raw("GET", "/maquette/handshake", {}, "root@pam!test=wrong")).status).toBe(401);
    expect((await lab.raw("GET", "/maquette/handshake")).data).toMatchObject({
      version: "9.0.11",
      pid: process.pid,
      driver: "memory",
    });
  });
});

describe("a request that Proxmox would refuse", () => {
  it("is 501 for an unknown path or verb, with the path in the phrase", async () => {
    expect(await lab.call("GET", "/nowhere")).toMatchObject({
      status: 501,
      phrase: "Method 'GET /nowhere' not implemented",
    });
    expect(await lab.call("PUT", "/version")).toMatchObject({
      status: 501,
      phrase: "Method 'PUT /version' not implemented",
    });
    expect(await lab.call("GET", "/cluster/sdn/zones")).toMatchObject({ status: 501 });
    expect(await lab.raw("GET", "/elsewhere")).toMatchObject({ status: 501, phrase: "no such uri" });
  });

  it("is 400 with every reason at once", async () => {
    const answer = await lab.call("POST", "/nodes/pve1/qemu", {
      vmid: 12,
      cores: "two",
      memory: 4,
      net0: "bridge=vmbr0",
      bios: "uefi",
      nope: 1,
      onboot: "yes",
    });
    expect(answer.status).toBe(400);
    expect(answer.phrase).toBe("Parameter verification failed.");
    expect(answer.errors).toEqual({
      vmid: "invalid format - value does not look like a valid VM ID\n",
      cores: "type check ('integer') failed - got 'two'",
      memory: "invalid format - format error\ncurrent: value must have a minimum value of 16\n",
      net0: "invalid format - format error\nmodel: property is missing and it is not optional\n",
      bios: "value 'uefi' does not have a value in the enumeration 'seabios, ovmf'",
      nope: "property is not defined in schema and the schema does not allow additional properties",
      onboot: "type check ('boolean') failed - got 'yes'",
    });
  });

  it("names what is missing", async () => {
    expect((await lab.call("POST", "/pools")).errors).toEqual({ poolid: "property is missing and it is not optional" });
    expect(
      (
        await lab.call("POST", "/nodes/pve1/storage/local/download-url", {
          content: "iso",
          filename: "a.iso",
          url: "https://x.invalid/a.iso",
          checksum: "00",
        })
      ).errors,
    ).toEqual({
      "checksum-algorithm": "missing property required by 'checksum'",
    });
  });

  it("is refused when the query says other than the path", async () => {
    const answer = await lab.call("GET", "/nodes/pve1/qemu/100/config", { vmid: 101 });
    expect(answer.errors["vmid"]).toBe("duplicate parameter (already defined in URI) with conflicting values!");
  });

  it("does not confuse names from the network with JavaScript's own", async () => {
    expect((await lab.call("POST", "/pools", { poolid: "ok", constructor: 1 })).errors["constructor"]).toContain(
      "not defined in schema",
    );
    expect((await lab.call("GET", "/pools/constructor")).phrase).toBe("pool 'constructor' does not exist");
    expect((await lab.call("GET", "/nodes/constructor/status")).status).toBe(500);
  });

  it("says that a guest is not there as Proxmox does, which the provider reads as gone", async () => {
    const phrase = "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist";
    for (const path of ["config", "status/current", "snapshot", "pending"])
      expect(await lab.call("GET", `/nodes/pve1/qemu/999/${path}`)).toMatchObject({ status: 500, phrase });
    expect(await lab.call("DELETE", "/nodes/pve1/qemu/999")).toMatchObject({ status: 500, phrase });
  });

  it("says that a node is not there", async () => {
    expect((await lab.call("GET", "/nodes/pve9/status")).phrase).toContain("hostname lookup 'pve9' failed");
  });
});

describe("paths", () => {
  it("may end in a slash and may carry %2F in a volume id, as the provider writes them", async () => {
    expect((await lab.call("GET", "/cluster/ha/resources/")).status).toBe(200);
    await lab.upload("pve1", "local", { content: "iso" }, "slash.iso", Buffer.from("x"));
    for (const id of ["local:iso%2Fslash.iso", "local:iso/slash.iso", "iso/slash.iso"])
      expect((await lab.call("GET", `/nodes/pve1/storage/local/content/${id}`)).status, id).toBe(200);
  });
});
