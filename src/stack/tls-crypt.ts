import { createCipheriv, createHmac } from "node:crypto";

/*
 * Keys of OpenVPN's tls-crypt-v2 (doc/tls-crypt-v2.txt of its sources): one of the gateway, and one of each client, which
 * carries itself wrapped under the gateway's. Who has none is not answered at all.
 */

/** Bytes of a server's key: 64 to encrypt and 64 to authenticate, of which AES-256 and HMAC-SHA256 take the first 32. */
export const SERVER_KEY_BYTES = 128;
/** Bytes of a client's own key, Kc: such a pair for each direction. */
export const CLIENT_KEY_BYTES = 256;
const TAG_BYTES = 32;
const LENGTH_BYTES = 2;
/** Metadata that is whatever the gateway's owner likes (the other type is a time). */
const USER_METADATA = 0x00;

const SERVER = "OpenVPN tls-crypt-v2 server key";
const CLIENT = "OpenVPN tls-crypt-v2 client key";

const pem = (words: string, bytes: Uint8Array): string => {
  const lines = Buffer.from(bytes)
    .toString("base64")
    .match(/.{1,64}/g)!;
  return [`-----BEGIN ${words}-----`, ...lines, `-----END ${words}-----`, ""].join("\n");
};

/** As `openvpn --genkey tls-crypt-v2-server` writes it. */
export const tlsCryptServer = (key: Uint8Array): string => pem(SERVER, key);

/**
 * As `openvpn --genkey tls-crypt-v2-client` writes it: Kc and WKc = T || AES-256-CTR(Kc || metadata) || length.
 * @param name whose it is, for the gateway to read
 */
export function tlsCryptClient(serverKey: Uint8Array, clientKey: Uint8Array, name: string): string {
  const plain = Buffer.concat([clientKey, Buffer.from([USER_METADATA]), Buffer.from(name, "utf8")]);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(TAG_BYTES + plain.length + LENGTH_BYTES);
  const tag = createHmac("sha256", serverKey.subarray(64, 96)).update(length).update(plain).digest();
  const cipher = createCipheriv("aes-256-ctr", serverKey.subarray(0, 32), tag.subarray(0, 16));
  return pem(CLIENT, Buffer.concat([clientKey, tag, cipher.update(plain), cipher.final(), length]));
}
