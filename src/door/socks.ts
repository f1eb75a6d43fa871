import { createHash, timingSafeEqual } from "node:crypto";
import { formatAddress } from "../core/ip.ts";

/** Who may use a door that others on this machine can reach (RFC 1929). */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Reply codes of RFC 1928 §6. */
export const replies = {
  succeeded: 0,
  failed: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  expired: 6,
  commandUnknown: 7,
  addressTypeUnknown: 8,
} as const;
export type ReplyCode = (typeof replies)[keyof typeof replies];

/** What a client has said so far; `reply` is to be sent first, and may be empty. */
export type Step =
  | { readonly kind: "more"; readonly reply: Buffer }
  /** `early` is what the client sent before it had an answer: the first bytes of its connection. */
  | {
      readonly kind: "connect";
      readonly reply: Buffer;
      readonly host: string;
      readonly port: number;
      readonly early: Buffer;
    }
  | { readonly kind: "refused"; readonly reply: Buffer; readonly why: string };

type Part =
  | { readonly kind: "said"; readonly length: number; readonly reply: Buffer; readonly next: Stage }
  | { readonly kind: "target"; readonly length: number; readonly host: string; readonly port: number }
  | { readonly kind: "refused"; readonly reply: Buffer; readonly why: string };
type Stage = "greeting" | "login" | "request";

const VERSION = 5;
const LOGIN_VERSION = 1;
const NONE = Buffer.alloc(0);
const CONNECT = 1;
/** A name is passed on as it is, for the bastion to resolve: nothing in it may be anything but a name or an address. */
const NAME = /^[\w.:%-]+$/;

/** The answer to a request; a bound address is of no use behind a forward (RFC 1928 §6). */
export const replyOf = (code: ReplyCode): Buffer => Buffer.from([VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]);

/**
 * A client's half of SOCKS5 until its request is whole (RFC 1928, with RFC 1929 where there is a login): bytes in, in
 * whatever pieces they come; replies out. It opens nothing, so it can be tried with anything.
 */
export class SocksHandshake {
  readonly #login: Login | null;
  #bytes: Buffer = NONE;
  #stage: Stage = "greeting";

  constructor(login: Login | null) {
    this.#login = login;
  }

  take(chunk: Uint8Array): Step {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const reply: Buffer[] = [];
    for (;;) {
      const part = this.#part();
      if (part === undefined) return { kind: "more", reply: Buffer.concat(reply) };
      if (part.kind === "refused")
        return { kind: "refused", reply: Buffer.concat([...reply, part.reply]), why: part.why };
      const rest = this.#bytes.subarray(part.length);
      if (part.kind === "target")
        return { kind: "connect", reply: Buffer.concat(reply), host: part.host, port: part.port, early: rest };
      this.#bytes = rest;
      this.#stage = part.next;
      reply.push(part.reply);
    }
  }

  /** The next whole message, or undefined while it is not whole. */
  #part(): Part | undefined {
    switch (this.#stage) {
      case "greeting":
        return this.#greeting(this.#bytes);
      case "login":
        return this.#loginOf(this.#bytes);
      case "request":
        return request(this.#bytes);
    }
  }

  /** RFC 1928 §3. */
  #greeting(bytes: Buffer): Part | undefined {
    if (bytes.length < 1) return undefined;
    // Before its second byte: HTTP and SOCKS4 clients wait for an answer that we do not have.
    if (bytes[0] !== VERSION)
      return { kind: "refused", reply: NONE, why: `it does not speak SOCKS5 (first byte ${bytes[0]!})` };
    if (bytes.length < 2 || bytes.length < 2 + bytes[1]!) return undefined;
    const length = 2 + bytes[1]!;
    const wanted = this.#login === null ? 0 : 2;
    if (!bytes.subarray(2, length).includes(wanted))
      return {
        kind: "refused",
        reply: Buffer.from([VERSION, 0xff]),
        why: this.#login === null ? "it insists on a password, and none is asked here" : "it offers no password",
      };
    return { kind: "said", length, reply: Buffer.from([VERSION, wanted]), next: wanted === 0 ? "request" : "login" };
  }

  /** RFC 1929 §2. */
  #loginOf(bytes: Buffer): Part | undefined {
    const failure = Buffer.from([LOGIN_VERSION, 1]);
    if (bytes.length < 1) return undefined;
    if (bytes[0] !== LOGIN_VERSION)
      return { kind: "refused", reply: failure, why: "its login is not as RFC 1929 has it" };
    const user = text(bytes, 1);
    const password = user && text(bytes, user.end);
    if (!password) return undefined;
    const isRight =
      this.#login !== null && isSame(user.value, this.#login.user) && isSame(password.value, this.#login.password);
    if (!isRight) return { kind: "refused", reply: failure, why: "its user or password is wrong" };
    return { kind: "said", length: password.end, reply: Buffer.from([LOGIN_VERSION, 0]), next: "request" };
  }
}

/** RFC 1928 §4 and §5. */
function request(bytes: Buffer): Part | undefined {
  const refuse = (code: ReplyCode, why: string): Part => ({ kind: "refused", reply: replyOf(code), why });
  if (bytes.length >= 1 && bytes[0] !== VERSION) return refuse(replies.failed, "its request is not SOCKS5");
  if (bytes.length < 4) return undefined;
  const [, order, , type] = bytes;
  const host = hostOf(bytes, type!);
  if (host === null)
    return refuse(replies.addressTypeUnknown, `it names its target in a form ${type!} that is unknown`);
  // Judged when the message is whole: a client that is still writing may miss an answer (RFC 9293 §3.10.7.1, resets).
  if (host === undefined || bytes.length < host.end + 2) return undefined;
  if (order !== CONNECT)
    return refuse(
      replies.commandUnknown,
      `it asks for ${order === 2 ? "BIND" : order === 3 ? "UDP ASSOCIATE" : `command ${order!}`}, and only CONNECT passes a forward of SSH`,
    );
  if (!NAME.test(host.value)) return refuse(replies.failed, "the name of its target is no name");
  const port = bytes.readUInt16BE(host.end);
  if (port === 0) return refuse(replies.failed, "its target has no port");
  return { kind: "target", length: host.end + 2, host: host.value, port };
}

/** @returns null for a type that does not exist, undefined while it is not whole */
function hostOf(bytes: Buffer, type: number): { readonly value: string; readonly end: number } | null | undefined {
  switch (type) {
    case 1:
      return bytes.length < 8 ? undefined : { value: [...bytes.subarray(4, 8)].join("."), end: 8 };
    case 3:
      return text(bytes, 4);
    case 4: {
      if (bytes.length < 20) return undefined;
      const value = BigInt(`0x${bytes.subarray(4, 20).toString("hex")}`);
      return { value: formatAddress({ family: 6, value }), end: 20 };
    }
    default:
      return null;
  }
}

/** A string with its length in one byte before it. */
function text(bytes: Buffer, at: number): { readonly value: string; readonly end: number } | undefined {
  if (bytes.length < at + 1) return undefined;
  const end = at + 1 + bytes[at]!;
  return bytes.length < end ? undefined : { value: bytes.toString("latin1", at + 1, end), end };
}

/** In the same time wherever they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (value: string): Buffer => createHash("sha256").update(Buffer.from(value, "latin1")).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
