/*
 * Public SSH keys as a person has them in `id_ed25519.pub`: type, base64, comment (sshd(8), AUTHORIZED_KEYS; without
 * options). The blob is RFC 4253 §6.6 and RFC 5656 §3.1, for Ed25519 RFC 8709 §4, on a security key PROTOCOL.u2f.
 */

/** ANSSI's advice, and its rule for what lives beyond 2030 (PG-083, RegleFact-2, RecomFact-1). */
const RSA_BITS = 3072;
/** OpenSSH takes no longer one. */
const RSA_MAX_BITS = 16_384;

/** What is wrong with the fields behind the type's name: what they say themselves, or just that they are not it. */
type Judge = (fields: readonly Buffer[]) => string | undefined;

const DAMAGED = "is cut, or has something behind it";

const ed25519: Judge = (fields) => (fields.length === 1 && fields[0]!.length === 32 ? undefined : DAMAGED);

/** Behind the point the application that it was made for. */
const securityKey: Judge = (fields) => (fields.length === 2 && fields[0]!.length === 32 ? undefined : DAMAGED);

/** The curve's name, and the point, uncompressed (SEC 1 §2.3.3). */
const ecdsa =
  (curve: string, bytes: number): Judge =>
  ([name, point, ...more]) => {
    const isPoint = point?.length === 1 + 2 * bytes && point[0] === 4;
    return name?.toString("latin1") === curve && isPoint && more.length === 0 ? undefined : DAMAGED;
  };

const rsa: Judge = ([exponent, modulus, ...more]) => {
  if (!isPositive(exponent) || !isPositive(modulus) || more.length > 0) return DAMAGED;
  const bits = BigInt(`0x${modulus.toString("hex")}`).toString(2).length;
  if (bits < RSA_BITS) return `is an RSA key of ${bits} bits; at least ${RSA_BITS} are asked for`;
  return bits > RSA_MAX_BITS ? `is an RSA key of ${bits} bits; at most ${RSA_MAX_BITS} are possible` : undefined;
};

/** The first bit is the sign's (RFC 4251 §5, mpint). */
const isPositive = (n: Buffer | undefined): n is Buffer => n !== undefined && n.length > 0 && n[0]! < 0x80;

const TYPES = {
  "ssh-ed25519": ed25519,
  "sk-ssh-ed25519@openssh.com": securityKey,
  "ecdsa-sha2-nistp256": ecdsa("nistp256", 32),
  "ecdsa-sha2-nistp384": ecdsa("nistp384", 48),
  "ecdsa-sha2-nistp521": ecdsa("nistp521", 66),
  "ssh-rsa": rsa,
} as const satisfies Record<string, Judge>;

export type SshKeyType = keyof typeof TYPES;

export interface SshKey {
  readonly type: SshKeyType;
  /** Base64, padded. */
  readonly blob: string;
}

/** What is wrong with the text, which is never quoted: it may be a private key. */
export interface SshKeyFault {
  readonly fact: string;
  readonly hint: string;
}

const PASTE = "Paste the one line of the .pub file: its type, the base64 and, if you like, a comment";
const MAKE = "ssh-keygen -t ed25519 makes a good one";

/** A line of a `.pub` file, its comment left out. */
export function parseSshKey(text: string): SshKey | SshKeyFault {
  if (/PRIVATE KEY/.test(text))
    return {
      fact: "is a private key",
      hint: `Make another pair, for this one has been shown (${MAKE}), and paste the line of its .pub file`,
    };
  if (!/^\P{Cc}*$/u.test(text)) return { fact: "has a line break or control character", hint: PASTE };
  const [type = "", blob = ""] = text.split(" ");
  if (!isType(type))
    return {
      fact: "does not begin with a type of key that hosts accept",
      hint: `${PASTE}. Types are ${Object.keys(TYPES).join(", ")}; ${MAKE}`,
    };
  const bytes = Buffer.from(blob, "base64");
  if (blob === "" || bytes.toString("base64") !== blob) return { fact: "has no base64 after its type", hint: PASTE };
  const [inner, ...fields] = fieldsOf(bytes) ?? [];
  if (inner === undefined) return { fact: DAMAGED, hint: PASTE };
  if (inner.toString("latin1") !== type)
    return { fact: `says ${type} outside and another type inside its base64`, hint: PASTE };
  const wrong = TYPES[type](fields);
  return wrong === undefined ? { type, blob } : { fact: wrong, hint: wrong === DAMAGED ? PASTE : MAKE };
}

const isType = (text: string): text is SshKeyType => Object.hasOwn(TYPES, text);

/** Strings with their length before them (RFC 4251 §5), to the last byte; undefined where they do not fit. */
function fieldsOf(bytes: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
