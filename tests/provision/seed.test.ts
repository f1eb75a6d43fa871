import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { secret as place } from "../../src/core/secret-place.ts";
import { textFrom } from "../../src/core/text.ts";
import { declaredText } from "../../src/provision/text.ts";
import { SecretSource } from "../../src/provision/secrets.ts";
import { seedImage, seedResource, type SeedInputs } from "../../src/provision/seed.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { Vault } from "../../src/stack/vault.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { FakePve, vm } from "./fake-client.ts";
import { readCd } from "./iso-reader.ts";

const secret = new StackSecret(Buffer.alloc(32, 5));
// No file of most seeds asks for a certificate, so the vault's folder is never made.
const source = new SecretSource(secret, new Vault("/nonexistent"));
const ca = { commonName: "maquette CA lab", years: 10, crlDays: 365 };
const key = secret.sshKey("host/dc1", "host/dc1").privateKey;

async function seedOf(changes: Partial<SeedInputs> = {}): Promise<SeedInputs> {
  const made = {
    label: "cidata",
    files: { "user-data": ["key: ", place("ssh-private", "host/dc1", "json"), "\n"], "meta-data": "x\n" },
    authority: ca,
    certificates: {},
    ...changes,
  };
  return {
    node: "pve1",
    storage: "local",
    fileName: "lab-12345678-dc1.iso",
    vmId: 1011,
    beginning: "debian-13/dc/linked",
    network: "n1",
    mark: "lab-12345678",
    digest: source.digest(await seedImage(made, source)),
    ...made,
  };
}
const plainSeed = await seedOf();
const seed = (): SeedInputs => structuredClone(plainSeed);
const edited = await seedOf({ files: { ...plainSeed.files, "meta-data": "y\n" } });
const volume = "local:iso/lab-12345678-dc1.iso";
const make = (secrets = source): { pve: FakePve; type: ReturnType<typeof seedResource> } => {
  const pve = new FakePve();
  return { pve, type: seedResource(pve.connect, () => Promise.resolve(secrets)) };
};

describe("creating a seed", () => {
  test("uploads a CD in which the secrets are, and answers texts in which none is", async () => {
    const { pve, type } = make();
    const made = await type.create(seed());
    expect(made).toEqual({ id: volume, outs: { ...seed(), volume } });
    expect(JSON.stringify(made)).not.toContain("PRIVATE KEY");
    const text = readCd(pve.volumes.get(volume)!).joliet.files.get("user-data")!.toString();
    expect(JSON.parse(text.slice(5))).toBe(key);
  });

  test("has text of the plan in it as text, and takes a place within a string for one of before", async () => {
    const { pve, type } = make();
    const said = "{{secret:ssh-private/host/dc1|json}}\n";
    const made = await seedOf({ files: { ...plainSeed.files, "meta-data": declaredText(said) } });
    await type.create(made);
    expect(readCd(pve.volumes.get(volume)!).joliet.files.get("meta-data")!.toString()).toBe(said);
    expect(type.diff({ ...made, volume }, made)).toMatchObject({ changes: false });
    const before = { ...seed(), volume, files: { ...seed().files, "user-data": `key: ${said}` } };
    expect(type.diff(before, seed())).toMatchObject({ changes: false });
    expect(type.diff(before, made)).toMatchObject({ changes: true });
  });

  test("refuses to upload what the program did not declare", async () => {
    const { pve, type } = make();
    const fault = await faultOf(() => type.create({ ...seed(), digest: "0".repeat(32) }));
    expect(fault.code).toBe("SEED_DIGEST");
    expect(fault.message).toContain("lab-12345678-dc1.iso");
    expect(pve.calls).toEqual([]);
  });
});

describe("reading a seed", () => {
  test("finds the CD while it is there", async () => {
    const { type } = make();
    await type.create(seed());
    expect(await type.read(volume, { ...seed(), volume })).toMatchObject({ id: volume, inputs: seed() });
  });

  test("calls it present when it was consumed and its guest lives: that is no drift", async () => {
    const { pve, type } = make();
    pve.vms = [vm(1011, "dc1", ["lab-12345678"])];
    expect(await type.read(volume, { ...seed(), volume })).toMatchObject({ id: volume, inputs: seed() });
  });

  test.each([
    ["neither CD nor guest is there", []],
    ["somebody else's guest has the id", [vm(1011, "dc1", ["other-87654321"])]],
    ["the stack's other guests live", [vm(1012, "dc2", ["lab-12345678"])]],
  ])("calls it gone when %s", async (_, vms) => {
    const { pve, type } = make();
    pve.vms = vms;
    expect(await type.read(volume, { ...seed(), volume })).toEqual({ id: "", props: {} });
  });
});

describe("updating a seed", () => {
  test("writes the CD anew while it waits to be read", async () => {
    const { pve, type } = make();
    await type.create(seed());
    expect(await type.update({ ...seed(), volume }, edited)).toEqual({ ...edited, volume });
    expect(readCd(pve.volumes.get(volume)!).joliet.files.get("meta-data")!.toString()).toBe("y\n");
  });

  test("does not put a consumed one back", async () => {
    const { pve, type } = make();
    expect(await type.update({ ...seed(), volume }, edited)).toEqual({ ...edited, volume });
    expect(pve.volumes.size).toBe(0);
  });

  /** A guest that has read its seed, and what is asked of it on the way to another network. */
  const moved = async (guests: FakePve["vms"], before: Partial<SeedInputs> = {}): Promise<readonly string[]> => {
    const { pve, type } = make();
    pve.vms = guests;
    const done: string[] = [];
    Object.assign(pve, {
      get: () => Promise.resolve({ ide3: "none,media=cdrom" }),
      put: (_: string, _schema: unknown, parameters: object) =>
        Promise.resolve(void done.push(JSON.stringify(parameters))),
      post: (path: string) => Promise.resolve(void done.push(path)),
      waitTask: () => Promise.resolve(),
    });
    await type.update({ ...seed(), ...before, volume }, { ...edited, network: "n2" });
    return done;
  };

  test("of a guest that is to be elsewhere puts the CD in again and restarts it: no host is called at its new address", async () => {
    const running = { ...vm(1011, "dc1", ["lab-12345678"]), status: "running" };
    const inserted = JSON.stringify({ ide3: `${volume},media=cdrom` });
    expect(await moved([running])).toEqual([inserted, "/nodes/pve1/qemu/1011/status/reboot"]);
    expect(await moved([{ ...running, status: "stopped" }])).toEqual([inserted]);
    expect(await moved([])).toEqual([]);
    // A state of before says nothing of where its guest is.
    expect(await moved([running], { network: "" })).toEqual([]);
  });
});

describe("deleting a seed", () => {
  test("deletes the CD, and nothing when it was consumed", async () => {
    const { pve, type } = make();
    await type.create(seed());
    pve.volumes.set("local:iso/others.iso", Buffer.alloc(1));
    await type.delete({ ...seed(), volume });
    await type.delete({ ...seed(), volume });
    expect([...pve.volumes.keys()]).toEqual(["local:iso/others.iso"]);
    expect(pve.calls.filter((c) => c.startsWith("delete"))).toHaveLength(1);
  });
});

describe("the difference between two seeds", () => {
  const { type } = make();
  const diff = (news: SeedInputs): unknown => type.diff({ ...seed(), volume }, news);

  test("is none between equals", () => {
    expect(diff(seed())).toMatchObject({ changes: false, replaces: [] });
  });

  test("is none to a state from before the plan said how long the CA lives, whose CA is a name", () => {
    const before = { ...seed(), authority: ca.commonName, volume };
    expect(type.diff(before, seed())).toMatchObject({ changes: false, replaces: [] });
    expect(type.diff(before, { ...seed(), authority: { ...ca, years: 9 } })).toMatchObject({ changes: true });
  });

  test.each([
    ["its text", edited],
    ["its label", { ...seed(), label: "other" }],
    ["how long its CA lives", { ...seed(), authority: { ...ca, years: 9 } }],
    ["its CA", { ...seed(), authority: { ...ca, commonName: "other" } }],
    ["a rotated secret", { ...seed(), digest: "1".repeat(32) }],
    ["its mark", { ...seed(), mark: "lab-87654321" }],
  ])("is an update when %s changes", (_, news) => {
    expect(diff(news)).toMatchObject({ changes: true, replaces: [] });
  });

  test.each([
    ["node", { ...seed(), node: "pve2" }],
    ["storage", { ...seed(), storage: "nfs" }],
    ["fileName", { ...seed(), fileName: "b.iso" }],
    ["vmId", { ...seed(), vmId: 1012 }],
  ])("is a replacement when its %s changes, the old one deleted first", (what, news) => {
    expect(diff(news)).toMatchObject({ changes: true, replaces: [what], deleteBeforeReplace: true });
  });
});

test("inputs of wrong types are refused by property, before anything is done", () => {
  const { type } = make();
  expect(type.check(seed())).toEqual([]);
  const wrong = { ...seed(), vmId: "1011", fileName: "../x.iso", files: { a: 1 }, mark: undefined };
  expect(type.check(wrong).map((f) => f.property)).toEqual(["fileName", "files", "vmId", "mark"]);
});

describe("the source of secrets", () => {
  const order = {
    authority: ca,
    certificates: { dc1: { commonName: "dc1.cod.test", names: ["dc1.cod.test"], usage: "server", days: 397 } },
  } as const;

  test("has each kind of placeholder, made of the stack's secret or kept in its vault", async () => {
    const folder = temporaryFolder();
    const vaulted = new SecretSource(secret, new Vault(folder));
    const labels = ["password/x", "bcrypt/x", "ssh-private/x", "ssh-public/x"];
    const kept = ["vault-certificate/ca", "vault-certificate/dc1", "vault-key/dc1"];
    const resolve = await vaulted.resolver(
      [...labels, ...kept].map((l) => textFrom([{ secret: l }])!),
      order,
    );
    const { privateKey, publicKey } = secret.sshKey("x", "x");
    expect(resolve("password", "x")).toBe(secret.password("x"));
    expect(resolve("bcrypt", "x")).toBe(secret.bcrypt("x"));
    expect([resolve("ssh-private", "x"), resolve("ssh-public", "x")]).toEqual([privateKey, publicKey]);
    const leaf = new X509Certificate(resolve("vault-certificate", "dc1"));
    expect(leaf.checkIssued(new X509Certificate(resolve("vault-certificate", "ca")))).toBe(true);
    expect(leaf.checkPrivateKey(createPrivateKey(resolve("vault-key", "dc1")))).toBe(true);
    const again = await new SecretSource(secret, new Vault(folder)).resolver([[place("vault-key", "dc1")]], order);
    expect(again("vault-key", "dc1")).toBe(resolve("vault-key", "dc1"));
  });

  test("refuses a certificate that nobody ordered, by its label", async () => {
    const vaulted = new SecretSource(secret, new Vault(temporaryFolder()));
    await expect(vaulted.resolver([[place("vault-key", "dc9")]], order)).rejects.toThrow(/dc9/);
  });
});
