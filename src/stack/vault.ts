import "reflect-metadata";
import { createHash, createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { lockFolder } from "./lock.ts";
import { z } from "zod";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { diskFault, privateFolder, writePrivate } from "./folders.ts";

/** A certificate with its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  /** PKCS#8. */
  readonly key: string;
  readonly notAfter: Date;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** DNS names and IP addresses (RFC 5280 §4.2.1.6). */
  readonly names: readonly string[];
  readonly usage: "server" | "client";
  readonly days: number;
  /** That it is on the revocation list from its first moment on: what shows that somebody goes by the list. */
  readonly isRevoked?: true | undefined;
}

/** What a stack's CA is asked to be. */
export interface AuthorityRequest {
  readonly commonName: string;
  /** Its life, in years of 365 days. */
  readonly years: number;
  /** Life of the lists that it signs. */
  readonly crlDays: number;
}

/** A certificate that a newer one took the place of, and that is still valid for those who have it. */
const former = z.strictObject({ serial: z.string(), notAfter: z.iso.datetime() });

const stored = z.strictObject({
  certificate: z.string(),
  key: z.string(),
  request: z.string(),
  former: z.array(former).default([]),
});
type Stored = z.infer<typeof stored>;

const revocation = z.strictObject({
  /** Hexadecimal. */
  serial: z.string().regex(/^[0-9a-f]+$/),
  label: z.string(),
  /** Fingerprint of the CA that signed it: another CA's list says nothing of it. */
  issuer: z.string(),
  revokedAt: z.iso.datetime(),
  notAfter: z.iso.datetime(),
});
type Revocation = z.infer<typeof revocation>;
const revocations = z.strictObject({ revoked: z.array(revocation) });

const storedList = z.strictObject({ crl: z.string(), number: z.int(), state: z.string() });
const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

/** Vaults from before the plan said how long a CA lives: it goes unsaid in its request, so that theirs is kept. */
const UNSAID_YEARS = 10;
/** A list must name a certificate once after it has expired (RFC 5280 §5); a month is more than once. */
const LISTED_AFTER_MS = 30 * dayMs;
const REVOKED = "revoked";
const LIST = "crl";

const lifeOf = (of: { readonly notBefore: Date; readonly notAfter: Date }): number =>
  of.notAfter.getTime() - of.notBefore.getTime();
/** How much of a life may be left before another one takes its place: nothing but an `up` renews. */
const lastThird = (lifeMs: number): number => lifeMs / 3;
/** A new CA is a new certificate for everybody: not before its last year, where it lives for long. */
const lastYear = (lifeMs: number): number => Math.min(365 * dayMs, lastThird(lifeMs));

/** What an issuer is known by. */
const fingerprintOf = (certificate: string): string =>
  createHash("sha256").update(certificate).digest("hex").slice(0, 16);

const serialOf = (certificate: string): string => new x509.X509Certificate(certificate).serialNumber.toLowerCase();

const signingKeyOf = (authority: KeyedCertificate): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey(
    "pkcs8",
    createPrivateKey(authority.key).export({ format: "der", type: "pkcs8" }),
    curve,
    false,
    ["sign"],
  );

/**
 * Certificates that a rebuild must keep: a CA per stack and what it signed, one file each in the vault's folder
 * (0600). Keys are random, not derived: a certificate outlives an epoch of the stack's secret.
 */
export class Vault {
  readonly #folder: string;
  readonly #now: () => Date;

  constructor(secretsFolder: string, now: () => Date = () => new Date()) {
    this.#folder = join(secretsFolder, "vault");
    this.#now = now;
  }

  /** The stack's CA, made at the first call; a new one in its last year, or in the last third of a shorter life. */
  async authority({ commonName, years }: AuthorityRequest): Promise<KeyedCertificate> {
    const asked = JSON.stringify({ commonName, years: years === UNSAID_YEARS ? undefined : years });
    return this.#keep("ca", asked, lastYear, new Set(), async (keys, notBefore) => {
      const ski = await x509.SubjectKeyIdentifierExtension.create(keys.publicKey);
      return x509.X509CertificateGenerator.createSelfSigned({
        name: [{ CN: [commonName] }],
        keys,
        signingAlgorithm: curve,
        notBefore,
        notAfter: new Date(notBefore.getTime() + years * 365 * dayMs),
        extensions: [
          new x509.BasicConstraintsExtension(true, 0, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
          ski,
        ],
      });
    });
  }

  /**
   * The certificate of a label (`dc1`), signed by the CA; kept while the request and the CA are the same and a third
   * of its life remains and it was not revoked, made anew with another key otherwise. It does not outlive its CA. One that
   * is asked for as revoked is revoked at once, and kept.
   */
  async certificate(label: string, by: AuthorityRequest, request: CertificateRequest): Promise<KeyedCertificate> {
    const authority = await this.authority(by);
    const ca = new x509.X509Certificate(authority.certificate);
    const issuer = fingerprintOf(authority.certificate);
    // Written out: a request that came by the engine may have its fields in another order.
    const { commonName, names, usage, days, isRevoked } = request;
    const asked = JSON.stringify({ commonName, names, usage, days, isRevoked, issuer });
    const revoked = isRevoked === true ? [] : (await this.#revoked()).map((r) => r.serial);
    const made = await this.#keep(fileOf(label), asked, lastThird, new Set(revoked), async (keys, notBefore) => {
      const signingKey = await signingKeyOf(authority);
      const isAddress = (n: string): boolean => /^[\d.]+$/.test(n) || n.includes(":");
      return x509.X509CertificateGenerator.create({
        subject: [{ CN: [request.commonName] }],
        issuer: ca.subjectName,
        publicKey: keys.publicKey,
        signingKey,
        signingAlgorithm: curve,
        notBefore,
        notAfter: new Date(Math.min(notBefore.getTime() + request.days * dayMs, ca.notAfter.getTime())),
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([
            request.usage === "server" ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
          ]),
          new x509.SubjectAlternativeNameExtension(
            request.names.map((n) => ({ type: isAddress(n) ? "ip" : "dns", value: n })),
          ),
          await x509.AuthorityKeyIdentifierExtension.create(ca),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
    });
    if (isRevoked === true) await this.revoke(label);
    return made;
  }

  /** Labels of the certificates that the vault keeps, sorted. */
  async labels(): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return [];
      throw diskFault(error, `read ${this.#folder}`);
    });
    return names.flatMap((name) => /^cert-(.+)\.json$/.exec(name)?.[1] ?? []).sort();
  }

  /** The certificate of a label as it is kept, whatever its age. @throws Fault VAULT_NO_CERTIFICATE */
  async kept(label: string): Promise<KeyedCertificate & { readonly isRevoked: boolean }> {
    const found = await this.#read(this.#file(fileOf(label)));
    if (found === undefined) throw await this.#unknown(label);
    const { certificate, key } = found;
    const { notAfter } = new x509.X509Certificate(certificate);
    const serial = serialOf(certificate);
    return { certificate, key, notAfter, isRevoked: (await this.#revoked()).some((r) => r.serial === serial) };
  }

  /**
   * Revokes a label's certificate, and those before it that somebody may still hold. Whoever asks for the label again
   * gets another one, with another key.
   * @returns the serial numbers, hexadecimal; none when all of them were revoked already
   * @throws Fault VAULT_NO_CERTIFICATE
   */
  async revoke(label: string): Promise<readonly string[]> {
    const file = this.#file(fileOf(label));
    await privateFolder(this.#folder);
    // In this order everywhere: a certificate's own lock, then the list's.
    const release = await this.#lock(fileOf(label));
    try {
      const found = await this.#read(file);
      if (found === undefined) throw await this.#unknown(label);
      const { notAfter } = new x509.X509Certificate(found.certificate);
      const { issuer } = z.object({ issuer: z.string() }).parse(JSON.parse(found.request));
      const all = [...found.former, { serial: serialOf(found.certificate), notAfter: notAfter.toISOString() }];
      const releaseList = await this.#lock(REVOKED);
      try {
        const before = await this.#revoked();
        const known = new Set(before.map((r) => r.serial));
        const now = this.#now();
        const added = all
          .filter((c) => !known.has(c.serial) && new Date(c.notAfter) > now)
          .map((c): Revocation => ({ ...c, label, issuer, revokedAt: now.toISOString() }));
        if (added.length > 0)
          await writePrivate(this.#file(REVOKED), `${JSON.stringify({ revoked: [...before, ...added] }, null, 1)}\n`);
        return added.map((r) => r.serial);
      } finally {
        await releaseList();
      }
    } finally {
      await release();
    }
  }

  /**
   * What the CA has revoked, as a list that it signed (RFC 5280 §5), PEM: the same text until something is revoked, the
   * CA is a new one, another life is asked for, or half of it is over: an expired list locks everybody out (OpenVPN and
   * rsyslog, for two). It does not outlive its CA.
   */
  async crl(by: AuthorityRequest): Promise<string> {
    const authority = await this.authority(by);
    const issuer = fingerprintOf(authority.certificate);
    const release = await this.#lock(LIST);
    try {
      const now = new Date(Math.floor(this.#now().getTime() / 1000) * 1000);
      const listed = (await this.#revoked()).filter(
        (r) => r.issuer === issuer && new Date(r.notAfter).getTime() + LISTED_AFTER_MS > now.getTime(),
      );
      const state = JSON.stringify({ issuer, days: by.crlDays, serials: listed.map((r) => r.serial) });
      const kept = await this.#readAs(LIST, storedList);
      if (kept?.state === state) {
        const { thisUpdate, nextUpdate } = new x509.X509Crl(kept.crl);
        const life = nextUpdate === undefined ? 0 : nextUpdate.getTime() - thisUpdate.getTime();
        if (thisUpdate.getTime() + life / 2 > now.getTime()) return kept.crl;
      }
      const number = (kept?.number ?? 0) + 1;
      const ca = new x509.X509Certificate(authority.certificate);
      const list = await x509.X509CrlGenerator.create({
        issuer: ca.subjectName,
        // An hour back, as for certificates: a host whose clock is late must take it.
        thisUpdate: new Date(now.getTime() - 3_600_000),
        nextUpdate: new Date(Math.min(now.getTime() + by.crlDays * dayMs, ca.notAfter.getTime())),
        entries: listed.map((r) => ({
          serialNumber: r.serial,
          revocationDate: new Date(r.revokedAt),
          // Nobody says why, so the worst; without a reason the library writes an empty list of extensions.
          reason: x509.X509CrlReason.keyCompromise,
        })),
        extensions: [
          await x509.AuthorityKeyIdentifierExtension.create(ca),
          // CRLNumber (RFC 5280 §5.2.3), not critical.
          new x509.Extension("2.5.29.20", false, derInteger(number)),
        ],
        signingAlgorithm: curve,
        signingKey: await signingKeyOf(authority),
      });
      // As RFC 7468 §6 has it, and OpenSSL; the library says "CRL".
      const crl = `${x509.PemConverter.encode(list.rawData, "X509 CRL")}\n`;
      await writePrivate(this.#file(LIST), `${JSON.stringify({ crl, number, state }, null, 1)}\n`);
      return crl;
    } finally {
      await release();
    }
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.json`);
  }

  async #revoked(): Promise<readonly Revocation[]> {
    return (await this.#readAs(REVOKED, revocations))?.revoked ?? [];
  }

  async #unknown(label: string): Promise<Fault> {
    const labels = await this.labels();
    return new Fault(
      "VAULT_NO_CERTIFICATE",
      `The vault has no certificate "${label}".`,
      labels.length === 0
        ? "It has none yet: `maquette up` makes those that the plan asks for."
        : `It has ${labels.join(", ")}.`,
    );
  }

  async #keep(
    name: string,
    request: string,
    renewBefore: (lifeMs: number) => number,
    revoked: ReadonlySet<string>,
    sign: (keys: webcrypto.CryptoKeyPair, notBefore: Date) => Promise<x509.X509Certificate>,
  ): Promise<KeyedCertificate> {
    const file = this.#file(name);
    const good = (kept: Stored | undefined): KeyedCertificate | undefined => {
      if (kept?.request !== request || revoked.has(serialOf(kept.certificate))) return undefined;
      // Of its own life: one that its CA's end cut short would be renewed at every call by the life that was asked for.
      const certificate = new x509.X509Certificate(kept.certificate);
      const { notAfter } = certificate;
      const left = notAfter.getTime() - this.#now().getTime();
      return left > renewBefore(lifeOf(certificate)) ? { ...kept, notAfter } : undefined;
    };
    // Files change as a whole: whoever finds what it wants needs no lock. A lab's hosts all ask for the CA at once, and
    // a lock that is tried again after a while would let some of them wait until they give up.
    const before = good(await this.#read(file));
    if (before !== undefined) return before;
    await privateFolder(this.#folder);
    const release = await this.#lock(name);
    try {
      const kept = await this.#read(file);
      const meanwhile = good(kept);
      if (meanwhile !== undefined) return meanwhile;
      const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
      // An hour back: a guest whose clock is a little behind must still accept it. Whole seconds: DER has no others.
      const notBefore = new Date(Math.floor(this.#now().getTime() / 1000) * 1000 - 3_600_000);
      const certificate = await sign(keys, notBefore);
      const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
      const made: Stored = { certificate: certificate.toString("pem"), key, request, former: this.#formerOf(kept) };
      await writePrivate(file, `${JSON.stringify(made, null, 1)}\n`);
      return { certificate: made.certificate, key, notAfter: certificate.notAfter };
    } finally {
      await release();
    }
  }

  /** What a new certificate takes the place of, as far as it is still valid. */
  #formerOf(kept: Stored | undefined): Stored["former"] {
    if (kept === undefined) return [];
    const { notAfter } = new x509.X509Certificate(kept.certificate);
    const all = [...kept.former, { serial: serialOf(kept.certificate), notAfter: notAfter.toISOString() }];
    return all.filter((c) => new Date(c.notAfter) > this.#now());
  }

  async #lock(name: string): Promise<() => Promise<void>> {
    const path = join(this.#folder, `.${name}`);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return lockFolder(path, "the vault", { staleMs: 20_000, waitMs: 20_000 });
  }

  async #read(file: string): Promise<Stored | undefined> {
    const text = await this.#text(file);
    if (text === undefined) return undefined;
    try {
      const kept = stored.parse(JSON.parse(text));
      if (!new X509Certificate(kept.certificate).checkPrivateKey(createPrivateKey(kept.key)))
        throw new Error("the private key is not the certificate's");
      return kept;
    } catch (error) {
      throw damaged(
        file,
        "a certificate of the vault",
        "Put the file back from your backup, or delete it: a new certificate is made, and hosts that pinned the old one must be configured again.",
        error,
      );
    }
  }

  async #readAs<T>(name: typeof REVOKED | typeof LIST, schema: z.ZodType<T>): Promise<T | undefined> {
    const file = this.#file(name);
    const text = await this.#text(file);
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw damaged(
        file,
        name === REVOKED ? "the vault's record of what was revoked" : "the vault's revocation list",
        name === REVOKED
          ? "Put the file back from your backup; without it, what was revoked would be valid again."
          : "Delete it: another one is signed.",
        error,
      );
    }
  }

  async #text(file: string): Promise<string | undefined> {
    try {
      return await readFile(file, "utf8");
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw diskFault(error, `read ${file}`);
    }
  }
}

/** A positive number in DER (X.690 §8.3): as few bytes as it takes, the first bit 0. */
function derInteger(value: number): Uint8Array<ArrayBuffer> {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  const bytes = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, "hex");
  return Uint8Array.from([0x02, bytes.length, ...bytes]);
}

const fileOf = (label: string): string => `cert-${label}`;

const damaged = (file: string, what: string, cure: string, error: unknown): Fault =>
  new Fault("VAULT_DAMAGED", `${file} is not ${what}: ${messageOf(error).split("\n")[0]!}`, cure, error);
