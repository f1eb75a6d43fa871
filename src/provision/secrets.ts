import { askedOf, placesOf, type Resolve, type SecretKind, type Text } from "../core/text.ts";
import type { StackSecret } from "../stack/secret.ts";
import type { AuthorityRequest, CertificateRequest, Vault } from "../stack/vault.ts";

/** What a host's certificates are for; the CA is the stack's. */
export interface CertificateOrder {
  readonly authority: AuthorityRequest;
  readonly certificates: Readonly<Record<string, CertificateRequest>>;
}

/** A file of others in base64, by its artefact's id. @throws Fault ARTEFACT_… where it is not had */
export type ArtefactContent = (id: string) => Promise<string>;

const noArtefacts: ArtefactContent = (id) => Promise.reject(new Error(`nobody said where files of others are: ${id}`));

/** A stack's secret and vault, as far as places ask for them. */
export class SecretSource {
  readonly #secret: StackSecret;
  readonly #vault: Vault;
  readonly #artefact: ArtefactContent;
  readonly #values = new Map<string, Promise<string>>();

  constructor(secret: StackSecret, vault: Vault, artefact: ArtefactContent = noArtefacts) {
    this.#secret = secret;
    this.#vault = vault;
    this.#artefact = artefact;
  }

  /** HMAC under the stack's secret of what a host is given: tells that a secret in it changed, and nothing else. */
  digest(content: string | Uint8Array): string {
    return this.#secret.digest("seed", content);
  }

  /**
   * Certificates that are to be revoked, made before anybody is handed the list: made later, they would change it under
   * those who have it.
   */
  async makeRevoked(order: CertificateOrder): Promise<void> {
    for (const [label, { isRevoked }] of Object.entries(order.certificates))
      if (isRevoked === true) await this.#certificate(label, order);
  }

  /** Values of every place in the texts; certificates are made or renewed on the way. */
  async resolver(texts: Iterable<Text>, order: CertificateOrder): Promise<Resolve> {
    const found = new Map<string, string>();
    for (const { kind, label } of [...texts].flatMap(placesOf).map(askedOf)) {
      const key = `${kind}/${label}`;
      if (!found.has(key)) found.set(key, await this.#value(kind, label, order));
    }
    return (kind, label) => found.get(`${kind}/${label}`) ?? "";
  }

  /** A value is one for the whole of a run: hashes are made to be slow, and certificates are read and checked. */
  #value(kind: SecretKind, label: string, order: CertificateOrder): Promise<string> {
    const key = JSON.stringify([kind, label, order.authority, order.certificates[label] ?? null]);
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = this.#make(kind, label, order);
    this.#values.set(key, value);
    value.catch(() => this.#values.delete(key));
    return value;
  }

  async #make(kind: SecretKind, label: string, order: CertificateOrder): Promise<string> {
    switch (kind) {
      case "password":
        return this.#secret.password(label);
      case "password-digest":
        return this.#secret.digest("password", this.#secret.password(label));
      case "pin":
        return this.#secret.pin(label);
      case "bcrypt":
        return this.#secret.bcrypt(label);
      case "ssh-private":
        return this.#secret.sshKey(label, label).privateKey;
      case "ssh-public":
        return this.#secret.sshKey(label, label).publicKey;
      case "tls-crypt-server":
        return this.#secret.tlsCryptServer(label);
      case "tls-crypt-client":
        return this.#secret.tlsCryptClient(label);
      case "vault-certificate":
        return (await this.#certificate(label, order)).certificate;
      case "vault-key":
        return (await this.#certificate(label, order)).key;
      case "vault-crl":
        // One CA, one list; its label is the CA's.
        return this.#vault.crl(order.authority);
      case "artefact":
        return this.#artefact(label);
    }
  }

  async #certificate(label: string, order: CertificateOrder): Promise<{ certificate: string; key: string }> {
    if (label === "ca") return this.#vault.authority(order.authority);
    const request = order.certificates[label];
    if (!request) throw new Error(`no certificate is ordered for ${label}`);
    return this.#vault.certificate(label, order.authority, request);
  }
}
