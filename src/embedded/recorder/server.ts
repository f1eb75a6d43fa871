import { connect, type Socket } from "node:net";
import type { Connection, Server, ServerChannel } from "ssh2";
import type { DiskSeed } from "./disk.ts";
import { readAsked, startsAgent, type Asked } from "./protocol.ts";

export interface GuestServerOptions {
  readonly seed: DiskSeed;
  /** Answers a message to the steps' agent, an event at a time. */
  readonly answer: (asked: Asked, say: (event: object) => void) => Promise<void>;
  /** The socket of the guest that has this address and is on, or undefined. */
  readonly neighbour: (address: string) => string | undefined;
  readonly log: (line: string) => void;
}

const SSH = 22;
/** RFC 4254 §5.1: SSH_OPEN_CONNECT_FAILED. */
const CONNECT_FAILED = 2;
const EX_CONFIG = 78;
const CUT = 75;

/** One guest's SSH server, to be given streams. Made at a first connection: that is when ssh2 is loaded and keys read. */
export async function guestServer(options: GuestServerOptions): Promise<Server> {
  const { default: ssh2 } = await import("ssh2");
  const { seed } = options;
  const users = new Map(
    seed.users.map(({ name, keys, isRoot }) => {
      const parsed = keys.flatMap((key) => {
        const one = ssh2.utils.parseKey(key);
        return one instanceof Error ? [] : [one];
      });
      return [name, { keys: parsed, isRoot }] as const;
    }),
  );
  return new ssh2.Server({ hostKeys: [...seed.hostKeys], ident: "maquette-memory-guest" }, (connection) => {
    let user: { readonly isRoot: boolean } | undefined;
    sayWhy(connection);
    // What a client does to its own connection is its own affair.
    connection.on("error", () => undefined);
    connection.on("authentication", (ask) => {
      const known = users.get(ask.username);
      if (ask.method !== "publickey" || known === undefined) return ask.reject(["publickey"]);
      const key = known.keys.find((k) => ask.key.data.equals(k.getPublicSSH()));
      if (key === undefined) return ask.reject(["publickey"]);
      if (ask.signature) {
        // ssh2 gives an Error, which its types do not say, for a signature of another form.
        const isGenuine: unknown = key.verify(ask.blob!, ask.signature, ask.hashAlgo);
        if (isGenuine !== true) return ask.reject();
      }
      user = known;
      ask.accept();
    });
    connection.on("session", (accept) => {
      const session = accept();
      let hasTerminal = false;
      session.on("pty", (acceptPty) => {
        hasTerminal = true;
        acceptPty();
      });
      const run = (channel: ServerChannel, line: string): void => {
        channel.on("error", () => undefined);
        serve(options, user?.isRoot === true, channel, line, hasTerminal).catch((error: unknown) => {
          options.log(`${seed.hostname}: ${String(error)}`);
          end(channel, 70, "the recorder of this memory guest failed: its daemon's log says why", hasTerminal);
        });
      };
      session.on("exec", (acceptExec, _reject, { command }) => run(acceptExec(), command));
      session.on("shell", (acceptShell) => run(acceptShell(), ""));
    });
    connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
      const path = destPort === SSH ? options.neighbour(destIP) : undefined;
      if (path === undefined) {
        reject();
        return;
      }
      const far = connect(path);
      far.once("error", () => reject());
      far.once("connect", () => join(accept(), far));
    });
  });
}

function join(channel: ServerChannel, far: Socket): void {
  channel.on("error", () => undefined).on("close", () => far.destroy());
  far.on("error", () => channel.close()).on("close", () => channel.close());
  channel.pipe(far).pipe(channel);
}

async function serve(
  options: GuestServerOptions,
  isRoot: boolean,
  channel: ServerChannel,
  line: string,
  hasTerminal: boolean,
): Promise<void> {
  const { hostname } = options.seed;
  if (!startsAgent(line)) {
    channel.resume();
    const what = line === "" ? "there is no shell" : "no command runs";
    const where = `${hostname} is a memory guest: ${what} here, it only records what the steps of its roles send.`;
    return end(channel, 127, where, hasTerminal);
  }
  if (!isRoot) {
    channel.resume();
    return end(channel, 1, "sudo: a password is required", hasTerminal);
  }
  let asked: Asked | undefined;
  try {
    asked = await readAsked(channel);
  } catch (error) {
    channel.resume();
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    return end(channel, EX_CONFIG, `this memory guest's recorder does not know these steps: ${why}`, hasTerminal);
  }
  if (asked === undefined) return end(channel, CUT, "", hasTerminal);
  await options.answer(asked, (event) => void channel.write(`${JSON.stringify(event)}\n`));
  end(channel, 0, "", hasTerminal);
}

function end(channel: ServerChannel, code: number, words: string, hasTerminal: boolean): void {
  if (words !== "") {
    // A terminal shows its user only what came on the one stream that it has.
    if (hasTerminal) channel.write(`${words}\r\n`);
    else channel.stderr.write(`${words}\n`);
  }
  channel.exit(code);
  channel.end();
}

/** sshd says why it cannot connect; ssh2 leaves that word empty, and has no other way to say it. */
function sayWhy(connection: Connection): void {
  const { _protocol: protocol } = connection as unknown as {
    readonly _protocol: { channelOpenFail: (to: number, reason: number, words: string) => void };
  };
  const plainly = protocol.channelOpenFail.bind(protocol);
  protocol.channelOpenFail = (to, reason, words) =>
    plainly(to, reason, reason === CONNECT_FAILED ? "Connection refused" : words);
}
