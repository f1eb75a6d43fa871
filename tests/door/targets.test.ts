import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { targetsOf, type TargetFacts, type Targets } from "../../src/door/index.ts";
import { loadPlan } from "../../src/plan/index.ts";
import { foldersOf } from "../../src/stack/folders.ts";
import { repositoryRoot } from "../../src/stack/root.ts";
import { maquette } from "../cli/captured.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { secret } from "./ssh-server.ts";

async function targets(change: Partial<TargetFacts> = {}): Promise<Targets> {
  const plan = await loadPlan(join(repositoryRoot(), "tests/plans/lab"), { nodes: 1 });
  if (!plan.ok) throw new Error("the lab's plan is not sound");
  return targetsOf(plan.value, {
    secret,
    vmId: (host) => 1000 + host.number,
    sockets: "/run/maquette/k/g",
    operator: null,
    ...change,
  });
}

describe("how each host is reached", () => {
  it("on this machine: the bastion by its socket, the others from it, scenery by the console", async () => {
    const here = await targets();
    expect(here.inBand("bastion").way).toEqual({ kind: "socket", path: "/run/maquette/k/g/1003/ssh" });
    expect(here.inBand("dc1")).toMatchObject({
      user: "maquette",
      way: { kind: "inside", host: "10.20.20.11", port: 22 },
    });
    // By the leg in the bastion's own zone.
    expect(here.inBand("rtr-b")).toMatchObject({
      user: "admin",
      way: { kind: "inside", host: "10.20.10.3", port: 22 },
    });
    expect(here.inBand("internet").way.kind).toBe("socket");
    expect(here.outOfBand("dc1").way).toEqual({ kind: "socket", path: "/run/maquette/k/g/1011/ssh" });
  });

  it("on a real Proxmox: the bastion by its leg on the operator's network, no consoles", async () => {
    const real = await targets({ sockets: null, operator: "192.0.2.10" });
    expect(real.inBand("bastion").way).toEqual({ kind: "tcp", host: "192.0.2.10", port: 22 });
    expect(real.inBand("dc1").way).toEqual({ kind: "inside", host: "10.20.20.11", port: 22 });
    expect((await faultOf(() => real.outOfBand("dc1"))).message).toContain("hypervisor's");
    expect((await faultOf(() => real.inBand("field"))).code).toBe("DOOR_NO_WAY");
    const closed = await targets({ sockets: null });
    expect((await faultOf(() => closed.inBand("bastion"))).hint).toContain("maquette:operator");
  });

  it("a router is known before the first connection by the key that its file brings, as every other host by its seed's", async () => {
    const here = await targets();
    for (const id of ["rtr-a", "dc1"]) {
      const { hostKey } = here.inBand(id);
      const [own, others] = [`host/${id}`, "host/rtr-b"].map((label) =>
        Buffer.from(secret.sshKey(label, label).publicKey.split(" ")[1]!, "base64"),
      );
      expect([hostKey.accepts(own!), hostKey.accepts(others!)]).toEqual([true, false]);
    }
  });
});

describe("a lab in which nothing runs", () => {
  it.each(["ssh", "console", "logs"])("is told in words by %s", async (command) => {
    const home = temporaryFolder();
    for (const name of ["XDG_STATE_HOME", "XDG_DATA_HOME"]) vi.stubEnv(name, home);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await maquette(command, "dc1")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^DOOR_NO_LAB/) as string,
    });
    const { pve } = foldersOf(repositoryRoot(), "lab");
    await mkdir(pve, { recursive: true });
    await writeFile(join(pve, "state.json"), "{}");
    const { code, err } = await maquette(command, "dc1");
    expect(code).toBe(2);
    expect(err).toMatch(/^DOOR_MEMORY The guests of this lab live in memory: nothing runs in them/);
    expect(JSON.parse((await maquette(command, "dc1", "--json")).out)).toMatchObject({
      error: { code: "DOOR_MEMORY" },
    });
  });
});
