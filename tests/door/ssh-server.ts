import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { onTestFinished } from "vitest";
import { hostKeyOf, USER, type Target } from "../../src/door/target.ts";
import { StackSecret } from "../../src/stack/secret.ts";
import { temporaryFolder } from "../stack/temporary.ts";

export const secret = new StackSecret(Buffer.alloc(32, 7));
export const otherSecret = new StackSecret(Buffer.alloc(32, 8));

export interface FakeHost {
  readonly target: Target;
  readonly connections: Set<Connection>;
  /** Sessions that are open, and the most that were at once; right where nothing is forwarded beside them. */
  readonly sessions: { now: number; most: number };
  /** What a pseudo-terminal's size was, each time it was said. */
  readonly sizes: string[];
  close(): Promise<void>;
}

type Reach = Readonly<Record<string, () => Duplex | Promise<Duplex>>>;

export interface FakeHostOptions {
  readonly name?: string;
  /** Whose host key it shows; default the lab's. */
  readonly hostSecret?: StackSecret;
  /** Whose user key it takes. */
  readonly userSecret?: StackSecret;
  readonly run?: (command: string | undefined, channel: ServerChannel) => void;
  /**
   * What its resolver and its network know: `name:port` to what opens a stream there. As a function it is what its
   * PermitOpen lets through at the beginning of each connection.
   */
  readonly reach?: Reach | (() => Reach);
  readonly banner?: string;
  readonly path?: string;
}

/** A host's SSH server in this process, behind a Unix socket as a guest's console is. */
/** What it rejects is prohibited and not unreachable (RFC 4254 §5.1); ssh2's servers have no word for that. */
function prohibit(connection: Connection): void {
  const { _protocol: protocol } = connection as unknown as {
    _protocol: { channelOpenFail(recipient: number, reason: number, words: string): void };
  };
  const fail = protocol.channelOpenFail.bind(protocol);
  protocol.channelOpenFail = (recipient, _reason, words) => fail(recipient, 1, words);
}

export async function fakeHost(options: FakeHostOptions = {}): Promise<FakeHost> {
  const { name = "dc1", hostSecret = secret, userSecret = secret } = options;
  const path = options.path ?? join(temporaryFolder(), "ssh");
  const allowed = ssh2.utils.parseKey(userSecret.sshKey("provisioner", "provisioner").publicKey);
  if (allowed instanceof Error) throw allowed;
  const label = `host/${name}`;
  const connections = new Set<Connection>();
  const sessions = { now: 0, most: 0 };
  const sizes: string[] = [];
  const server = new ssh2.Server(
    {
      hostKeys: [hostSecret.sshKey(label, label).privateKey],
      ...(options.banner === undefined ? {} : { banner: options.banner }),
      // Counted as the messages come, as sshd does: a channel's own "close" is an event of later, and what was opened in
      // the same packet in which others were closed would be counted beside them.
      debug: (line: string) => {
        if (/ Inbound: CHANNEL_OPEN \(s:\d+, session\)$/.test(line))
          sessions.most = Math.max(sessions.most, ++sessions.now);
        else if (/ Inbound: CHANNEL_CLOSE \(r:\d+\)$/.test(line)) sessions.now--;
      },
    },
    (connection) => {
      connections.add(connection);
      const reach = typeof options.reach === "function" ? options.reach() : options.reach;
      if (typeof options.reach === "function") prohibit(connection);
      connection.on("error", () => undefined).on("close", () => connections.delete(connection));
      connection.on("authentication", (ask) => {
        if (ask.method !== "publickey" || ask.username !== USER || !ask.key.data.equals(allowed.getPublicSSH()))
          return ask.reject(["publickey"]);
        if (ask.signature && !allowed.verify(ask.blob!, ask.signature, ask.hashAlgo)) return ask.reject();
        ask.accept();
      });
      connection.on("session", (accept) => {
        const session = accept();
        const run = (command: string | undefined, channel: ServerChannel): void => {
          channel.on("error", () => undefined);
          (options.run ?? echo)(command, channel);
          // What nobody reads does not end.
          if (command !== "cat") channel.resume();
        };
        session.on("pty", (acceptPty, _reject, info) => {
          sizes.push(`${info.cols}x${info.rows}`);
          acceptPty();
        });
        session.on("window-change", (_accept, _reject, info) => sizes.push(`${info.cols}x${info.rows}`));
        session.on("shell", (acceptShell) => run(undefined, acceptShell()));
        session.on("exec", (acceptExec, _reject, info) => run(info.command, acceptExec()));
      });
      connection.on("tcpip", (accept, reject, info) => {
        const open = reach?.[`${info.destIP}:${info.destPort}`];
        if (open === undefined) return reject();
        void Promise.resolve(open()).then(
          (far) => {
            const channel = accept();
            channel.on("error", () => undefined).on("close", () => far.destroy());
            far.on("error", () => channel.close()).on("close", () => channel.close());
            channel.pipe(far).pipe(channel, { end: false });
            // As sshd: what the far side has ended may still be written to.
            far.on("end", () => channel.eof());
          },
          () => reject(),
        );
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  const close = async (): Promise<void> => {
    if (!existsSync(path)) return;
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of connections) connection.end();
    await ended;
  };
  onTestFinished(close);
  return {
    target: { name, way: { kind: "socket", path }, user: USER, hostKey: hostKeyOf(secret, name) },
    connections,
    sessions,
    sizes,
    close,
  };
}

/** `exit N`, `words`, `cat`, or a shell that answers each line. */
function echo(command: string | undefined, channel: ServerChannel): void {
  const exit = /^exit (\d+)$/.exec(command ?? "");
  if (exit) {
    channel.exit(Number(exit[1]));
    channel.end();
  } else if (command === "cat") {
    channel.pipe(channel, { end: false });
    channel.once("end", () => {
      channel.exit(0);
      channel.end();
    });
  } else if (command !== "hang") {
    channel.stderr.write("warned\n");
    channel.write(`ran ${command ?? "a shell"}\n`);
    channel.exit(0);
    channel.end();
  }
}
