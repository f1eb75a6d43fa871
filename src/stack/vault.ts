import "reflect-metadata";
import { createHash, createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
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
}

const stored = z.strictObject({ certificate: z.string(), key: z.string(), request: z.string() });
const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

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

  /** The stack's CA, made at the first call; ten years, and a new one in the last of them. */
  async authority(commonName: string): Promise<KeyedCertificate> {
    return this.#keep("ca", JSON.stringify({ commonName }), 365 * dayMs, async (keys, notBefore) => {
      const ski = await x509.SubjectKeyIdentifierExtension.create(keys.publicKey);
      return x509.X509CertificateGenerator.createSelfSigned({
        name: [{ CN: [commonName] }],
        keys,
        signingAlgorithm: curve,
        notBefore,
        notAfter: new Date(notBefore.getTime() + 3650 * dayMs),
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
   * of its life remains, renewed otherwise. It does not outlive its CA.
   */
  async certificate(label: string, authorityName: string, request: CertificateRequest): Promise<KeyedCertificate> {
    const authority = await this.authority(authorityName);
    const ca = new x509.X509Certificate(authority.certificate);
    const issuer = createHash("sha256").update(authority.certificate).digest("hex").slice(0, 16);
    // Written out: a request that came by the engine may have its fields in another order.
    const { commonName, names, usage, days } = request;
    const asked = JSON.stringify({ commonName, names, usage, days, issuer });
    return this.#keep(`cert-${label}`, asked, (request.days * dayMs) / 3, async (keys, notBefore) => {
      const signingKey = await webcrypto.subtle.importKey(
        "pkcs8",
        createPrivateKey(authority.key).export({ format: "der", type: "pkcs8" }),
        curve,
        false,
        ["sign"],
      );
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
  }

  async #keep(
    name: string,
    request: string,
    renewBeforeMs: number,
    sign: (keys: webcrypto.CryptoKeyPair, notBefore: Date) => Promise<x509.X509Certificate>,
  ): Promise<KeyedCertificate> {
    const file = join(this.#folder, `${name}.json`);
    await privateFolder(this.#folder);
    const release = await this.#lock(name);
    try {
      const kept = await this.#read(file);
      if (kept?.request === request) {
        const { notAfter } = new x509.X509Certificate(kept.certificate);
        if (notAfter.getTime() - this.#now().getTime() > renewBeforeMs) return { ...kept, notAfter };
      }
      const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
      // An hour back: a guest whose clock is a little behind must still accept it. Whole seconds: DER has no others.
      const notBefore = new Date(Math.floor(this.#now().getTime() / 1000) * 1000 - 3_600_000);
      const certificate = await sign(keys, notBefore);
      const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
      const made = { certificate: certificate.toString("pem"), key, request };
      await writePrivate(file, `${JSON.stringify(made, null, 1)}\n`);
      return { certificate: made.certificate, key, notAfter: certificate.notAfter };
    } finally {
      await release();
    }
  }

  async #lock(name: string): Promise<() => Promise<void>> {
    const path = join(this.#folder, `.${name}`);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return lockFolder(path, "the vault", { staleMs: 20_000, waitMs: 20_000 });
  }

  async #read(file: string): Promise<z.infer<typeof stored> | undefined> {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw diskFault(error, `read ${file}`);
    }
    try {
      const kept = stored.parse(JSON.parse(text));
      if (!new X509Certificate(kept.certificate).checkPrivateKey(createPrivateKey(kept.key)))
        throw new Error("the private key is not the certificate's");
      return kept;
    } catch (error) {
      throw new Fault(
        "VAULT_DAMAGED",
        `${file} is not a certificate of the vault: ${messageOf(error).split("\n")[0]!}`,
        "Put the file back from your backup, or delete it: a new certificate is made, and hosts that pinned the old one must be configured again.",
        error,
      );
    }
  }
}
