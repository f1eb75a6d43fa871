import { expect, test } from "vitest";
import { askApi } from "../../src/infra/api-facts.ts";
import { parseSettings } from "../../src/infra/settings.ts";
import { PveClient } from "../../src/pve/client/index.ts";
import { DEFAULT_STORAGES } from "../../src/pve/simulator/state/initial.ts";
import { Lab, TOKEN } from "../pve/lab.ts";

test("disks are qcow2 where the storage keeps files, and the start order is set by whom may", async () => {
  const lab = await Lab.start({ storages: [...DEFAULT_STORAGES, { id: "files", type: "dir", content: ["images"] }] });
  await lab.ok("POST", "/access/users", { userid: "one@pve" });
  const { value } = (await lab.ok("POST", "/access/users/one@pve/token/lab", { privsep: 0 })) as { value: string };
  await lab.ok("PUT", "/access/acl", { path: "/storage", users: "one@pve", roles: "PVEDatastoreUser" });
  const facts = async (token: string, disks: string): Promise<unknown> => {
    const client = new PveClient({
      endpoint: lab.simulator.url,
      token,
      tls: { ca: lab.simulator.certificatePem },
    });
    try {
      const own = { endpoint: "https://192.0.2.10:8006/", nodes: ["pve1"], storage: { disks } };
      return await askApi(client, parseSettings("mine", own));
    } finally {
      await client.close();
    }
  };
  expect(await facts(TOKEN, "files")).toEqual({ diskFormat: "qcow2", maySetStartup: true });
  expect(await facts(`one@pve!lab=${value}`, "local-lvm")).toEqual({ diskFormat: null, maySetStartup: false });
  await lab.end();
});
