import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Vault, type CertificateRequest } from "../../src/stack/vault.ts";
import { faultOf, temporaryFolder } from "./temporary.ts";

const dayMs = 86_400_000;
const start = new Date("2026-03-01T12:00:00.500Z");
const later = (days: number) => (): Date => new Date(start.getTime() + days * dayMs);
const request: CertificateRequest = {
  commonName: "dc1.cod.test",
  names: ["dc1.cod.test", "cod.test", "10.20.20.11", "fd00::11"],
  usage: "server",
  days: 90,
};

describe("what the vault issues", () => {
  test("is a CA, and certificates that it signed, for the names asked for", async () => {
    const vault = new Vault(temporaryFolder(), later(0));
    const ca = new X509Certificate((await vault.authority("Maquette CA")).certificate);
    const made = await vault.certificate("dc1", "Maquette CA", request);
    const leaf = new X509Certificate(made.certificate);
    expect([ca.ca, leaf.ca]).toEqual([true, false]);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect([leaf.checkIssued(ca), leaf.verify(ca.publicKey)]).toEqual([true, true]);
    for (const name of ["dc1.cod.test", "cod.test"]) expect(leaf.checkHost(name)).toBe(name);
    for (const address of ["10.20.20.11", "fd00::11"]) expect(leaf.checkIP(address)).toBe(address);
    expect(leaf.checkHost("dc2.cod.test")).toBeUndefined();
    expect(leaf.subjectAltName?.split(", ")).toHaveLength(4);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(made.notAfter).toEqual(new Date(leaf.validTo));
  });

  test("comes with its own private key", async () => {
    const vault = new Vault(temporaryFolder());
    for (const made of [await vault.authority("CA"), await vault.certificate("dc1", "CA", request)])
      expect(new X509Certificate(made.certificate).checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  });

  test("is valid from an hour ago, for guests whose clocks are late", async () => {
    const made = await new Vault(temporaryFolder(), later(0)).certificate("dc1", "CA", request);
    expect(new Date(new X509Certificate(made.certificate).validFrom)).toEqual(new Date("2026-03-01T11:00:00Z"));
  });

  test("is for clients where clients ask", async () => {
    const made = await new Vault(temporaryFolder()).certificate("vpn", "CA", { ...request, usage: "client" });
    expect(new X509Certificate(made.certificate).keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  test("lies in files for this user alone", async () => {
    const folder = temporaryFolder();
    await new Vault(folder).certificate("dc1", "CA", request);
    const files = readdirSync(join(folder, "vault")).filter((name) => name.endsWith(".json"));
    expect(files).toEqual(["ca.json", "cert-dc1.json"]);
    for (const file of files) expect(statSync(join(folder, "vault", file)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "vault")).mode & 0o777).toBe(0o700);
  });
});

describe("what the vault keeps", () => {
  const issue = async (folder: string, days: number, asked = request): Promise<string> =>
    (await new Vault(folder, later(days)).certificate("dc1", "CA", asked)).certificate;

  test("is the same certificate until a third of its life is left, then a new one by the same CA", async () => {
    const folder = temporaryFolder();
    const first = await issue(folder, 0);
    expect(await issue(folder, 0)).toBe(first);
    expect(await issue(folder, 59)).toBe(first);
    const ca = (await new Vault(folder, later(61)).authority("CA")).certificate;
    const renewed = await issue(folder, 61);
    expect(renewed).not.toBe(first);
    expect(new X509Certificate(renewed).checkIssued(new X509Certificate(ca))).toBe(true);
    expect(await issue(folder, 61)).toBe(renewed);
  });

  test("is issued again when the request changes, and only then", async () => {
    const folder = temporaryFolder();
    const first = await issue(folder, 0);
    const wider = await issue(folder, 0, { ...request, names: [...request.names, "ldap.cod.test"] });
    expect(wider).not.toBe(first);
    expect(new X509Certificate(wider).checkHost("ldap.cod.test")).toBe("ldap.cod.test");
  });

  test("is the same for a request whose fields come in another order", async () => {
    const folder = temporaryFolder();
    const { commonName, names, usage, days } = request;
    expect(await issue(folder, 0, { days, usage, names, commonName })).toBe(await issue(folder, 0));
  });

  test("is made once, whoever asks at the same time", async () => {
    const folder = temporaryFolder();
    const made = await Promise.all(
      Array.from({ length: 6 }, () => new Vault(folder, later(0)).certificate("dc1", "CA", request)),
    );
    expect(new Set(made.map((m) => m.certificate)).size).toBe(1);
    expect(new Set(made.map((m) => m.key)).size).toBe(1);
  });
});

describe("the vault's CA", () => {
  const issue = (folder: string, days: number): Promise<{ certificate: string; notAfter: Date }> =>
    new Vault(folder, later(days)).certificate("dc1", "CA", request);

  test("is renewed before it ends, and no certificate outlives it", async () => {
    const folder = temporaryFolder();
    const first = await new Vault(folder, later(0)).authority("CA");
    for (const days of [0, 2_000, 3_500, 3_600, 3_649]) {
      const leaf = await issue(folder, days);
      const ca = await new Vault(folder, later(days)).authority("CA");
      expect(ca.notAfter.getTime()).toBeGreaterThanOrEqual(leaf.notAfter.getTime());
      expect(new X509Certificate(leaf.certificate).checkIssued(new X509Certificate(ca.certificate))).toBe(true);
    }
    expect((await new Vault(folder, later(3_649)).authority("CA")).certificate).not.toBe(first.certificate);
  });

  test("takes what it signed with it when it is made anew: nothing kept is of a CA that nobody trusts", async () => {
    const folder = temporaryFolder();
    const before = await issue(folder, 0);
    rmSync(join(folder, "vault", "ca.json"));
    const after = await issue(folder, 0);
    const ca = new X509Certificate((await new Vault(folder, later(0)).authority("CA")).certificate);
    expect(after.certificate).not.toBe(before.certificate);
    expect(new X509Certificate(after.certificate).verify(ca.publicKey)).toBe(true);
  });
});

describe("a damaged vault", () => {
  test.each(["certificate", "key"] as const)("whose %s was cut short is refused too", async (field) => {
    const folder = temporaryFolder();
    await new Vault(folder).certificate("dc1", "CA", request);
    for (const name of ["ca.json", "cert-dc1.json"]) {
      const file = join(folder, "vault", name);
      const whole = readFileSync(file, "utf8");
      const stored = JSON.parse(whole) as Record<string, string>;
      writeFileSync(file, JSON.stringify({ ...stored, [field]: stored[field]!.slice(0, 120) }));
      const fault = await faultOf(() => new Vault(folder).certificate("dc1", "CA", request));
      expect(fault.code).toBe("VAULT_DAMAGED");
      expect(fault.message).toContain(file);
      writeFileSync(file, whole);
    }
  });

  test("in which a certificate stands with another's key is refused", async () => {
    const folder = temporaryFolder();
    const { key } = await new Vault(folder).certificate("dc1", "CA", request);
    const file = join(folder, "vault", "ca.json");
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), key }));
    expect((await faultOf(() => new Vault(folder).authority("CA"))).code).toBe("VAULT_DAMAGED");
  });

  test.each(["", "{", "[]", '{"certificate": 1}', '{"certificate":"","key":"","request":"","more":1}'])(
    "holding %j is refused with file and cure, and left as it is",
    async (text) => {
      const folder = temporaryFolder();
      await new Vault(folder).authority("CA");
      const file = join(folder, "vault", "ca.json");
      writeFileSync(file, text);
      const fault = await faultOf(() => new Vault(folder).authority("CA"));
      expect(fault.code).toBe("VAULT_DAMAGED");
      expect(fault.message).toContain(file);
      expect(fault.hint).toMatch(/backup/);
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );
});
