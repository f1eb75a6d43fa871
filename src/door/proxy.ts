import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Fault, messageOf } from "../core/fault.ts";
import { replies, replyOf, SocksHandshake, type Login, type ReplyCode } from "./socks.ts";

export interface ProxyOptions {
  readonly login: Login | null;
  /** Opens a connection on the far side. @throws Fault DOOR_… */
  readonly connect: (host: string, port: number) => Promise<Duplex>;
  /** One line a client that got nothing. */
  readonly log: (line: string) => void;
  /** How long a client may take to say what it wants, ms; default 10 s. */
  readonly handshakeMs?: number;
}

const HANDSHAKE_MS = 10_000;

/** Serves one SOCKS5 client after the other; a client's socket must allow to be half open. */
export function socksProxy(options: ProxyOptions): (client: Socket) => void {
  return (client) => {
    const handshake = new SocksHandshake(options.login);
    const timer = setTimeout(() => {
      options.log("a client said too little for too long");
      client.destroy();
    }, options.handshakeMs ?? HANDSHAKE_MS);
    // What a client does to its own connection is its own affair.
    client.on("error", () => client.destroy());
    client.on("close", () => clearTimeout(timer));
    const onEnd = (): void => void client.destroy();
    const onData = (chunk: Buffer): void => {
      const step = handshake.take(chunk);
      if (step.reply.length > 0) client.write(step.reply);
      if (step.kind === "more") return;
      clearTimeout(timer);
      client.off("data", onData).off("end", onEnd).pause();
      if (step.kind === "refused") {
        options.log(`a client was refused: ${step.why}`);
        refuse(client);
        return;
      }
      void join(client, step, options);
    };
    client.on("data", onData).on("end", onEnd);
  };
}

async function join(
  client: Socket,
  target: { readonly host: string; readonly port: number; readonly early: Buffer },
  options: ProxyOptions,
): Promise<void> {
  let far: Duplex;
  try {
    far = await options.connect(target.host, target.port);
  } catch (error) {
    options.log(`${target.host} port ${target.port}: ${messageOf(error)}`);
    if (client.destroyed) return;
    client.write(replyOf(codeOf(error)));
    refuse(client);
    return;
  }
  if (client.destroyed) {
    far.destroy();
    return;
  }
  client.write(replyOf(replies.succeeded));
  if (target.early.length > 0) far.write(target.early);
  splice(client, far);
}

/** Two streams, each the other's end: what is said here is heard there, one direction may end before the other. */
function splice(near: Duplex, far: Duplex): void {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on("error", () => cut(other));
    // Its last bytes may still be on their way to the other side: `end` has passed them on, a cut has not.
    one.on("close", () => {
      if (!one.readableEnded) cut(other);
    });
    one.pipe(other);
  }
}

/** Ends a stream so that its reader does not take what it has for all there was; a Unix socket has no way to say so. */
function cut(stream: Duplex): void {
  if (stream instanceof Socket && stream.remoteFamily !== undefined) stream.resetAndDestroy();
  else stream.destroy();
}

/** Lets the client read its answer, and listens to nothing more. */
function refuse(client: Socket): void {
  client.end();
  client.resume();
  const timer = setTimeout(() => client.destroy(), 1_000);
  client.once("close", () => clearTimeout(timer));
}

const codes: Readonly<Record<string, ReplyCode>> = {
  DOOR_REFUSED: replies.refused,
  DOOR_NO_ROUTE: replies.hostUnreachable,
  DOOR_NO_NAME: replies.hostUnreachable,
  DOOR_FORBIDDEN: replies.notAllowed,
  DOOR_SILENT: replies.expired,
};
const codeOf = (error: unknown): ReplyCode =>
  (error instanceof Fault ? codes[error.code] : undefined) ?? replies.failed;
