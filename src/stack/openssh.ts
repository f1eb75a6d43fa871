/** Length-prefixed string of the SSH wire format (RFC 4251 §5). */
function field(bytes: Uint8Array | string): Buffer {
  const body = Buffer.from(bytes);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

const TYPE = "ssh-ed25519";

/** One line of authorized_keys (RFC 8709 §4). */
export function openSshPublicKey(publicBytes: Uint8Array, comment: string): string {
  return `${TYPE} ${Buffer.concat([field(TYPE), field(publicBytes)]).toString("base64")} ${comment}`;
}

/** An unencrypted private key as ssh-keygen writes it (OpenSSH's PROTOCOL.key). `check` is 4 bytes, written twice. */
export function openSshPrivateKey(
  seed: Uint8Array,
  publicBytes: Uint8Array,
  check: Uint8Array,
  comment: string,
): string {
  const one = Buffer.alloc(4);
  one.writeUInt32BE(1);
  const secret = [
    check,
    check,
    field(TYPE),
    field(publicBytes),
    field(Buffer.concat([seed, publicBytes])),
    field(comment),
  ];
  const length = secret.reduce((n, b) => n + b.length, 0);
  // Padding 1, 2, 3 … up to the cipher's block size, which is 8 for "none".
  const padding = Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_, i) => i + 1));
  const blob = Buffer.concat([
    Buffer.from("openssh-key-v1\0", "latin1"),
    field("none"),
    field("none"),
    field(""),
    one,
    field(Buffer.concat([field(TYPE), field(publicBytes)])),
    field(Buffer.concat([...secret, padding])),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g)!;
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
