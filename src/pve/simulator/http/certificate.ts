import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { storageFault, writeDurably } from "../state/store.ts";

export interface Certificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const DAY_MS = 86_400_000;
const LIFETIME_DAYS = 825;
const RENEW_BEFORE_DAYS = 30;
const CERTIFICATE_FILE = "certificate.pem";
const KEY_FILE = "certificate.key";

/**
 * The server's own certificate for localhost and 127.0.0.1, kept in the state folder (the key 0600)
 * and made anew a month before its end.
 */
export async function loadCertificate(dir: string, now = new Date()): Promise<Certificate> {
  const kept = await readKept(dir, now);
  if (kept !== undefined) return kept;
  const made = await makeCertificate(now);
  try {
    await writeDurably(join(dir, KEY_FILE), made.keyPem);
    await writeDurably(join(dir, CERTIFICATE_FILE), made.certificatePem);
  } catch (error) {
    throw storageFault(dir, error);
  }
  return made;
}

async function readKept(dir: string, now: Date): Promise<Certificate | undefined> {
  try {
    const certificatePem = await readFile(join(dir, CERTIFICATE_FILE), "utf8");
    const keyPem = await readFile(join(dir, KEY_FILE), "utf8");
    const { notAfter } = new x509.X509Certificate(certificatePem);
    const isFresh = notAfter.getTime() - now.getTime() > RENEW_BEFORE_DAYS * DAY_MS;
    return isFresh ? { certificatePem, keyPem } : undefined;
  } catch {
    // Absent or unreadable: a new one serves as well.
    return undefined;
  }
}

async function makeCertificate(now: Date): Promise<Certificate> {
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
      .toString("hex")
      .replace(/^./, "1"),
    name: "CN=localhost,O=maquette simulator",
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY_MS),
    signingAlgorithm: algorithm,
    keys: keys,
    extensions: [
      // It signs itself and is given to clients as their only authority.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { certificatePem: certificate.toString("pem"), keyPem: x509.PemConverter.encode(key, "PRIVATE KEY") };
}
