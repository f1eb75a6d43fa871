import { createHmac, createPrivateKey, createPublicKey, hkdfSync, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import bcrypt from "bcryptjs";
import { errnoOf, Fault } from "../core/fault.ts";
import { readEpochs } from "./epochs.ts";
import { createPrivate, diskFault } from "./folders.ts";
import { CLIENT_KEY_BYTES, SERVER_KEY_BYTES, tlsCryptClient, tlsCryptServer } from "./tls-crypt.ts";
import { openSshPrivateKey, openSshPublicKey } from "./openssh.ts";

/**
 * The stack's one secret and what derives from it: the same secret gives the same lab, byte for byte.
 * Every derivation is HKDF-SHA256 (RFC 5869) with the label and its epoch as `info`; raising a label's epoch
 * rotates that one secret.
 */
export class StackSecret {
  readonly #key: Uint8Array;
  readonly #epochs: ReadonlyMap<string, number>;

  /** @param key 32 bytes or more; @param epochs labels whose epoch is not 0 */
  constructor(key: Uint8Array, epochs: ReadonlyMap<string, number> = new Map()) {
    if (key.length < 32) throw new RangeError("a stack secret has at least 32 bytes");
    this.#key = key;
    this.#epochs = epochs;
  }

  /** `length` pseudo-random bytes for a label such as `ssh-host/dc1`; at most 8160 (RFC 5869 §2.3). */
  bytes(label: string, length: number): Buffer {
    const info = `maquette/v1/${label}#${this.#epochs.get(label) ?? 0}`;
    return Buffer.from(hkdfSync("sha256", this.#key, "", info, length));
  }

  /**
   * A password of 25 characters (more than 120 bits) without look-alikes, quotes or shell characters, with all
   * four classes that Active Directory's complexity rule counts.
   */
  password(label: string): string {
    const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.";
    // One byte in sixteen is rejected, because it would bias the choice; 120 bytes are plenty for 21 characters.
    const limit = 256 - (256 % alphabet.length);
    const chosen = [...this.bytes(`password/${label}`, 120)].filter((b) => b < limit).slice(0, 21);
    return chosen.map((b) => alphabet[b % alphabet.length]).join("") + "a-Z7";
  }

  /** Six digits for a telephone's keys: against guessing at one door that counts, and nothing else. */
  pin(label: string): string {
    // Six bytes in 256 are rejected; 64 bytes are plenty for six digits.
    const chosen = [...this.bytes(`pin/${label}`, 64)].filter((b) => b < 250).slice(0, 6);
    return chosen.map((b) => b % 10).join("");
  }

  /** The bcrypt hash of a label's password, cost 10, with a derived salt: the same text each time. */
  bcrypt(label: string): string {
    const salt = `$2b$10$${bcrypt.encodeBase64(this.bytes(`bcrypt-salt/${label}`, 16), 16)}`;
    return bcrypt.hashSync(this.password(label), salt);
  }

  /** An Ed25519 key pair (RFC 8032) in OpenSSH's formats; `comment` ends the public line. */
  sshKey(label: string, comment: string): { readonly privateKey: string; readonly publicKey: string } {
    const seed = this.bytes(`ssh/${label}`, 32);
    // PKCS#8 of an Ed25519 seed (RFC 8410 §7) is this constant header and the seed.
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const spki = createPublicKey(key).export({ format: "der", type: "spki" });
    const publicBytes = spki.subarray(spki.length - 32);
    const check = this.bytes(`ssh-check/${label}`, 4);
    return {
      privateKey: openSshPrivateKey(seed, publicBytes, check, comment),
      publicKey: openSshPublicKey(publicBytes, comment),
    };
  }

  /** The key of an OpenVPN gateway's tls-crypt-v2. */
  tlsCryptServer(gateway: string): string {
    return tlsCryptServer(this.bytes(`tls-crypt/${gateway}`, SERVER_KEY_BYTES));
  }

  /** That of one of its clients; `client` is `GATEWAY/NAME`. */
  tlsCryptClient(client: string): string {
    const at = client.indexOf("/");
    const serverKey = this.bytes(`tls-crypt/${client.slice(0, at)}`, SERVER_KEY_BYTES);
    return tlsCryptClient(serverKey, this.bytes(`tls-crypt/${client}`, CLIENT_KEY_BYTES), client.slice(at + 1));
  }

  /** A digest that tells whether content changed and nothing else: HMAC-SHA256 under a derived key, 32 hexadecimal digits. */
  digest(label: string, content: string | Uint8Array): string {
    return createHmac("sha256", this.bytes(`digest/${label}`, 32))
      .update(content)
      .digest("hex")
      .slice(0, 32);
  }
}

/**
 * The secret of a stack, made at the first call, with the epochs of what was rotated.
 * @param folder `Folders.secrets`
 * @throws Fault STACK_SECRET_DAMAGED, EPOCHS_DAMAGED
 */
export async function loadStackSecret(folder: string): Promise<StackSecret> {
  const file = join(folder, "secret");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw diskFault(error, `read ${file}`);
    text = `${randomBytes(32).toString("base64url")}\n`;
    await createPrivate(file, text);
    // Two first runs at once: one of them made it; both must use what is on disk.
    text = await readFile(file, "utf8");
  }
  // Node's decoder skips what it does not know: a damaged file would quietly be another secret, and another lab.
  if (!/^[\w-]{43,}$/.test(text.trim())) {
    throw new Fault(
      "STACK_SECRET_DAMAGED",
      `${file} is not a stack secret: one line of 43 or more letters, digits, - and _ (32 bytes in base64url) is needed.`,
      "Put the file back from your backup; or delete it to start a new lab (every password and key changes), after `maquette destroy`.",
    );
  }
  return new StackSecret(Buffer.from(text.trim(), "base64url"), await readEpochs(folder));
}
