import "reflect-metadata";
import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { describe, expect, test } from "vitest";
import { lockFolder } from "../../src/stack/lock.ts";
import { Vault, type AuthorityRequest, type CertificateRequest } from "../../src/stack/vault.ts";
import { faultOf, temporaryFolder } from "./temporary.ts";

const dayMs = 86_400_000;
const start = new Date("2026-03-01T12:00:00.500Z");
const later = (days: number) => (): Date => new Date(start.getTime() + days * dayMs);
const CA: AuthorityRequest = { commonName: "Maquette CA", years: 10, crlDays: 365 };
const request: CertificateRequest = {
  commonName: "dc1.cod.test",
  names: ["dc1.cod.test", "cod.test", "10.20.20.11", "fd00::11"],
  usage: "server",
  days: 90,
};

describe("what the vault issues", () => {
  test("is a CA, and certificates that it signed, for the names asked for", async () => {
    const vault = new Vault(temporaryFolder(), later(0));
    const ca = new X509Certificate((await vault.authority(CA)).certificate);
    const made = await vault.certificate("dc1", CA, request);
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
    for (const made of [await vault.authority(CA), await vault.certificate("dc1", CA, request)])
      expect(new X509Certificate(made.certificate).checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  });

  test("is valid from an hour ago, for guests whose clocks are late", async () => {
    const made = await new Vault(temporaryFolder(), later(0)).certificate("dc1", CA, request);
    expect(new Date(new X509Certificate(made.certificate).validFrom)).toEqual(new Date("2026-03-01T11:00:00Z"));
  });

  test("is for clients where clients ask", async () => {
    const made = await new Vault(temporaryFolder()).certificate("vpn", CA, { ...request, usage: "client" });
    expect(new X509Certificate(made.certificate).keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  test("lies in files for this user alone", async () => {
    const folder = temporaryFolder();
    await new Vault(folder).certificate("dc1", CA, request);
    const files = readdirSync(join(folder, "vault")).filter((name) => name.endsWith(".json"));
    expect(files).toEqual(["ca.json", "cert-dc1.json"]);
    for (const file of files) expect(statSync(join(folder, "vault", file)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "vault")).mode & 0o777).toBe(0o700);
  });
});

describe("what the vault keeps", () => {
  const issue = async (folder: string, days: number, asked = request): Promise<string> =>
    (await new Vault(folder, later(days)).certificate("dc1", CA, asked)).certificate;

  test("is the same certificate until a third of its life is left, then a new one by the same CA", async () => {
    const folder = temporaryFolder();
    const first = await issue(folder, 0);
    expect(await issue(folder, 0)).toBe(first);
    expect(await issue(folder, 59)).toBe(first);
    const ca = (await new Vault(folder, later(61)).authority(CA)).certificate;
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
      Array.from({ length: 6 }, () => new Vault(folder, later(0)).certificate("dc1", CA, request)),
    );
    expect(new Set(made.map((m) => m.certificate)).size).toBe(1);
    expect(new Set(made.map((m) => m.key)).size).toBe(1);
  });
});

describe("the vault's CA", () => {
  test("is given without waiting to whoever asks while another holds its lock: it is there already", async () => {
    const folder = temporaryFolder();
    const { certificate } = await new Vault(folder, later(0)).authority(CA);
    const release = await lockFolder(join(folder, "vault", ".ca"), "the vault", { staleMs: 20_000, waitMs: 0 });
    // Whoever waited for it would wait for ever: it is given back after they are all answered.
    const asked = await Promise.all(Array.from({ length: 20 }, () => new Vault(folder, later(0)).authority(CA)));
    await release();
    expect(new Set(asked.map((a) => a.certificate))).toEqual(new Set([certificate]));
  });

  const issue = (folder: string, days: number): Promise<{ certificate: string; notAfter: Date }> =>
    new Vault(folder, later(days)).certificate("dc1", CA, request);

  test("is renewed before it ends, and no certificate outlives it", async () => {
    const folder = temporaryFolder();
    const first = await new Vault(folder, later(0)).authority(CA);
    for (const days of [0, 2_000, 3_500, 3_600, 3_649]) {
      const leaf = await issue(folder, days);
      const ca = await new Vault(folder, later(days)).authority(CA);
      expect(ca.notAfter.getTime()).toBeGreaterThanOrEqual(leaf.notAfter.getTime());
      expect(new X509Certificate(leaf.certificate).checkIssued(new X509Certificate(ca.certificate))).toBe(true);
    }
    expect((await new Vault(folder, later(3_649)).authority(CA)).certificate).not.toBe(first.certificate);
  });

  test("takes what it signed with it when it is made anew: nothing kept is of a CA that nobody trusts", async () => {
    const folder = temporaryFolder();
    const before = await issue(folder, 0);
    rmSync(join(folder, "vault", "ca.json"));
    const after = await issue(folder, 0);
    const ca = new X509Certificate((await new Vault(folder, later(0)).authority(CA)).certificate);
    expect(after.certificate).not.toBe(before.certificate);
    expect(new X509Certificate(after.certificate).verify(ca.publicKey)).toBe(true);
  });
});

describe("lives that are asked for", () => {
  const lifeOf = (pem: string): number => {
    const { notBefore, notAfter } = new x509.X509Certificate(pem);
    return (notAfter.getTime() - notBefore.getTime()) / dayMs;
  };
  const issue = async (folder: string, by: AuthorityRequest, days: number, asked = request): Promise<string> =>
    (await new Vault(folder, later(days)).certificate("dc1", by, asked)).certificate;
  const ca = async (folder: string, by: AuthorityRequest, days = 0): Promise<string> =>
    (await new Vault(folder, later(days)).authority(by)).certificate;
  const crl = (folder: string, by: AuthorityRequest, days = 0): Promise<string> =>
    new Vault(folder, later(days)).crl(by);

  test("are those of what is made", async () => {
    const folder = temporaryFolder();
    expect(lifeOf(await ca(folder, { ...CA, years: 3 }))).toBe(3 * 365);
    expect(lifeOf(await issue(folder, { ...CA, years: 3 }, 0))).toBe(request.days);
    const { nextUpdate } = new x509.X509Crl(await crl(folder, { ...CA, years: 3, crlDays: 30 }));
    expect(nextUpdate).toEqual(new Date("2026-03-31T12:00:00Z"));
  });

  test("of a certificate: another one is another certificate, and the CA stays", async () => {
    const folder = temporaryFolder();
    const [authority, first] = [await ca(folder, CA), await issue(folder, CA, 0)];
    const second = await issue(folder, CA, 0, { ...request, days: 45 });
    expect([second === first, lifeOf(second)]).toEqual([false, 45]);
    expect(await ca(folder, CA)).toBe(authority);
    // What took its place is revoked with it.
    expect(await new Vault(folder, later(0)).revoke("dc1")).toHaveLength(2);
  });

  test("of the CA: another one is another CA, and everything that it signs is signed anew", async () => {
    const folder = temporaryFolder();
    const longer = { ...CA, years: 20 };
    const before = [await ca(folder, CA), await issue(folder, CA, 0), await crl(folder, CA)];
    const after = [await ca(folder, longer), await issue(folder, longer, 0), await crl(folder, longer)];
    expect(before.filter((text, n) => text === after[n])).toEqual([]);
    const issuer = new X509Certificate(after[0]!);
    expect(new X509Certificate(after[1]!).verify(issuer.publicKey)).toBe(true);
    const { publicKey } = new x509.X509Certificate(after[0]!);
    expect(await new x509.X509Crl(after[2]!).verify({ publicKey })).toBe(true);
  });

  test("of the list: another one is another list with a higher number, and neither CA nor certificate", async () => {
    const folder = temporaryFolder();
    const before = [await ca(folder, CA), await issue(folder, CA, 0)];
    const first = new x509.X509Crl(await crl(folder, CA));
    const shorter = { ...CA, crlDays: 30 };
    const second = new x509.X509Crl(await crl(folder, shorter));
    const number = (list: x509.X509Crl): number => Buffer.from(list.getExtension("2.5.29.20")!.value).readUInt8(2);
    expect([number(first), number(second)]).toEqual([1, 2]);
    expect([await ca(folder, shorter), await issue(folder, shorter, 0)]).toEqual(before);
    expect(await crl(folder, shorter)).toBe(await crl(folder, shorter));
  });

  test("of a CA whose vault is from before the plan said one: ten years, and it is kept", async () => {
    const folder = temporaryFolder();
    const certificate = await ca(folder, CA);
    const file = join(folder, "vault", "ca.json");
    const stored = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...stored, request: JSON.stringify({ commonName: CA.commonName }) }));
    expect(await ca(folder, CA)).toBe(certificate);
    expect(await ca(folder, { ...CA, years: 9 })).not.toBe(certificate);
  });

  // As long as the CA's own: its end cuts them short, and yet they are not made anew at each call.
  test.each([1, 2, 10])(
    "as long as the CA's own %i years: all is valid on every day, and the same twice",
    async (years) => {
      const folder = temporaryFolder();
      const by = { ...CA, years, crlDays: years * 365 };
      const asked = { ...request, days: years * 365 };
      const made = new Set<string>();
      for (let day = 0; day < 2 * years * 365; day += 30 * years) {
        const now = later(day)().getTime();
        const all = [await ca(folder, by, day), await issue(folder, by, day, asked), await crl(folder, by, day)];
        expect([await ca(folder, by, day), await issue(folder, by, day, asked), await crl(folder, by, day)]).toEqual(
          all,
        );
        for (const pem of all.slice(0, 2))
          expect(new x509.X509Certificate(pem).notAfter.getTime()).toBeGreaterThan(now);
        expect(new x509.X509Crl(all[2]!).nextUpdate!.getTime()).toBeGreaterThan(now);
        for (const text of all) made.add(text);
      }
      expect(made.size).toBeLessThan(25);
    },
  );

  test("end after 2049, where dates are written another way, and names may have accents", async () => {
    const folder = temporaryFolder();
    const by = { commonName: "Autorité du COD, préfecture", years: 30, crlDays: 3650 };
    const authority = new X509Certificate(await ca(folder, by));
    expect(new Date(authority.validTo).getUTCFullYear()).toBe(2056);
    expect(authority.subject).toBe("CN=Autorité du COD\\, préfecture");
    expect(new X509Certificate(await issue(folder, by, 0)).checkIssued(authority)).toBe(true);
    expect(new x509.X509Crl(await crl(folder, by)).nextUpdate!.getUTCFullYear()).toBe(2036);
  });
});

describe("revocation", () => {
  const now = start.getTime();
  const serialOf = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();
  const read = async (folder: string, days = 0): Promise<x509.X509Crl> =>
    new x509.X509Crl(await new Vault(folder, later(days)).crl(CA));
  const serials = (list: x509.X509Crl): readonly string[] => list.entries.map((e) => e.serialNumber.toLowerCase());
  const issue = async (folder: string, days = 0, label = "dc1"): Promise<string> =>
    (await new Vault(folder, later(days)).certificate(label, CA, request)).certificate;

  test("of nothing is a list that the CA signed, with nothing on it, and the same text the next time", async () => {
    const folder = temporaryFolder();
    const list = await read(folder);
    const ca = new x509.X509Certificate((await new Vault(folder, later(0)).authority(CA)).certificate);
    expect(await list.verify({ publicKey: ca.publicKey })).toBe(true);
    expect([serials(list), list.issuer]).toEqual([[], ca.subject]);
    expect(await new Vault(folder, later(1)).crl(CA)).toBe(await new Vault(folder, later(0)).crl(CA));
  });

  test("puts a certificate on the list, and the next one who asks gets another with another key", async () => {
    const folder = temporaryFolder();
    const vault = new Vault(folder, later(0));
    const before = await vault.certificate("dc1", CA, request);
    const other = await vault.certificate("dc2", CA, request);
    expect(await vault.revoke("dc1")).toEqual([serialOf(before.certificate)]);
    expect(serials(await read(folder))).toEqual([serialOf(before.certificate)]);
    const after = await vault.certificate("dc1", CA, request);
    expect([after.certificate === before.certificate, after.key === before.key]).toEqual([false, false]);
    expect((await vault.certificate("dc1", CA, request)).certificate).toBe(after.certificate);
    expect((await vault.certificate("dc2", CA, request)).certificate).toBe(other.certificate);
    expect([(await vault.kept("dc1")).isRevoked, (await vault.kept("dc2")).isRevoked]).toEqual([false, false]);
  });

  test("reaches the certificates before it that are still valid", async () => {
    const folder = temporaryFolder();
    const first = await issue(folder, 0);
    const second = await issue(folder, 70);
    await new Vault(folder, later(70)).revoke("dc1");
    expect(serials(await read(folder, 70))).toEqual([first, second].map(serialOf));
    // Of ninety days, the first one has run out by then.
    const third = await issue(folder, 71);
    await new Vault(folder, later(100)).revoke("dc1");
    expect(serials(await read(folder, 100))).toContain(serialOf(third));
  });

  test("of a certificate that is asked for as revoked comes with it, which is kept all the same", async () => {
    const folder = temporaryFolder();
    const vault = new Vault(folder, later(0));
    const trial: CertificateRequest = { ...request, usage: "client", isRevoked: true };
    const made = await vault.certificate("trial.revoked", CA, trial);
    expect(serials(await read(folder))).toEqual([serialOf(made.certificate)]);
    expect((await vault.certificate("trial.revoked", CA, trial)).certificate).toBe(made.certificate);
    expect(serials(await read(folder))).toHaveLength(1);
    expect((await vault.kept("trial.revoked")).isRevoked).toBe(true);
  });

  test("asked for twice changes nothing", async () => {
    const folder = temporaryFolder();
    await issue(folder);
    await new Vault(folder, later(0)).revoke("dc1");
    const list = await new Vault(folder, later(0)).crl(CA);
    expect((await new Vault(folder, later(0)).kept("dc1")).isRevoked).toBe(true);
    expect(await new Vault(folder, later(0)).revoke("dc1")).toEqual([]);
    expect(await new Vault(folder, later(0)).crl(CA)).toBe(list);
  });

  test("of many at the same time loses none", async () => {
    const folder = temporaryFolder();
    const labels = ["a", "b", "c", "d"];
    const made = await Promise.all(labels.map((l) => issue(folder, 0, l)));
    const lists = labels.map((l) => new Vault(folder, later(0)).revoke(l).then(() => read(folder)));
    await Promise.all(lists);
    expect([...serials(await read(folder))].sort()).toEqual(made.map(serialOf).sort());
    expect(await new Vault(folder, later(0)).labels()).toEqual(labels);
  });

  test("is renewed long before its list ends, with a higher number each time", async () => {
    const folder = temporaryFolder();
    const numberOf = (list: x509.X509Crl): number =>
      Buffer.from(list.getExtension("2.5.29.20")!.value).subarray(2).readUIntBE(0, 1);
    const lists = [await read(folder, 0), await read(folder, 180), await read(folder, 200), await read(folder, 3_600)];
    for (const [n, days] of [0, 180, 200, 3_600].entries()) {
      const left = lists[n]!.nextUpdate!.getTime() - (now + days * dayMs);
      expect(left).toBeGreaterThan(180 * dayMs);
      expect(lists[n]!.thisUpdate.getTime()).toBeLessThan(now + days * dayMs);
    }
    expect(lists.map(numberOf)).toEqual([1, 1, 2, 3]);
  });

  test("leaves the list a month after the certificate would have ended", async () => {
    const folder = temporaryFolder();
    await issue(folder);
    await new Vault(folder, later(0)).revoke("dc1");
    expect(serials(await read(folder, 110))).toHaveLength(1);
    expect(serials(await read(folder, 130))).toHaveLength(0);
  });

  test("of a label that the vault does not have names those that it has", async () => {
    const folder = temporaryFolder();
    await issue(folder);
    const fault = await faultOf(() => new Vault(folder, later(0)).revoke("dc9"));
    expect([fault.code, fault.hint]).toEqual(["VAULT_NO_CERTIFICATE", "It has dc1."]);
  });

  const hasOpenssl = spawnSync("openssl", ["version"]).error === undefined;
  test.skipIf(!hasOpenssl)(
    `is what openssl goes by${hasOpenssl ? "" : " (skipped: openssl is not installed)"}`,
    async () => {
      const folder = temporaryFolder();
      const vault = new Vault(folder);
      const files = {
        ca: (await vault.authority(CA)).certificate,
        good: (await vault.certificate("good", CA, request)).certificate,
        bad: (await vault.certificate("bad", CA, request)).certificate,
        crl: (await vault.revoke("bad"), await vault.crl(CA)),
      };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const verify = (name: string): ReturnType<typeof spawnSync> =>
        spawnSync("openssl", ["verify", "-crl_check", "-CAfile", "ca", "-CRLfile", "crl", name], {
          cwd: folder,
          encoding: "utf8",
        });
      expect(verify("good").status).toBe(0);
      const refused = verify("bad");
      expect(refused.status).not.toBe(0);
      expect(`${String(refused.stdout)}${String(refused.stderr)}`).toMatch(/certificate revoked/);
    },
  );

  test.each(["revoked", "crl"])("refuses a damaged %s file with file and cure", async (name) => {
    const folder = temporaryFolder();
    await issue(folder);
    await new Vault(folder, later(0)).revoke("dc1");
    await new Vault(folder, later(0)).crl(CA);
    const file = join(folder, "vault", `${name}.json`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, "{");
    const fault = await faultOf(() => new Vault(folder, later(0)).crl(CA));
    expect(fault.code).toBe("VAULT_DAMAGED");
    expect(fault.message).toContain(file);
  });
});

describe("a damaged vault", () => {
  test.each(["certificate", "key"] as const)("whose %s was cut short is refused too", async (field) => {
    const folder = temporaryFolder();
    await new Vault(folder).certificate("dc1", CA, request);
    for (const name of ["ca.json", "cert-dc1.json"]) {
      const file = join(folder, "vault", name);
      const whole = readFileSync(file, "utf8");
      const stored = JSON.parse(whole) as Record<string, string>;
      writeFileSync(file, JSON.stringify({ ...stored, [field]: stored[field]!.slice(0, 120) }));
      const fault = await faultOf(() => new Vault(folder).certificate("dc1", CA, request));
      expect(fault.code).toBe("VAULT_DAMAGED");
      expect(fault.message).toContain(file);
      writeFileSync(file, whole);
    }
  });

  test("in which a certificate stands with another's key is refused", async () => {
    const folder = temporaryFolder();
    const { key } = await new Vault(folder).certificate("dc1", CA, request);
    const file = join(folder, "vault", "ca.json");
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), key }));
    expect((await faultOf(() => new Vault(folder).authority(CA))).code).toBe("VAULT_DAMAGED");
  });

  test.each(["", "{", "[]", '{"certificate": 1}', '{"certificate":"","key":"","request":"","more":1}'])(
    "holding %j is refused with file and cure, and left as it is",
    async (text) => {
      const folder = temporaryFolder();
      await new Vault(folder).authority(CA);
      const file = join(folder, "vault", "ca.json");
      writeFileSync(file, text);
      const fault = await faultOf(() => new Vault(folder).authority(CA));
      expect(fault.code).toBe("VAULT_DAMAGED");
      expect(fault.message).toContain(file);
      expect(fault.hint).toMatch(/backup/);
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );
});
