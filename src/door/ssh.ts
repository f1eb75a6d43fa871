import { setTimeout as sleep } from "node:timers/promises";
import type { Duplex } from "node:stream";
import { Client, type ClientChannel, type PseudoTtyOptions } from "ssh2";
import { Fault, messageOf } from "../core/fault.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Target } from "./target.ts";

/** sshd lets ten sessions share a connection (sshd_config(5), MaxSessions); forwards are not counted. */
const MAX_SESSIONS = 8;
/** A server that is silent for three of these is gone. */
const KEEPALIVE_MS = 5_000;
const KEEPALIVES = 3;
const EXEC_MS = 60_000;
const FORWARD_MS = 15_000;
/** Guests have no other locale, and without one a shell shows é as \303\251; Debian's sshd takes it (AcceptEnv). */
const LANGUAGE = { LANG: "C.UTF-8" };
/** Of one stream: what a step prints fits by far, and a command gone wild does not fill our memory. */
const MAX_OUTPUT = 16 * 1024 * 1024;

export interface ExecOptions {
  readonly input?: string | Uint8Array;
  /** Default 60 s. */
  readonly deadlineMs?: number;
}

export interface Executed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command, or a shell, that runs on a host. */
export interface Session {
  readonly channel: ClientChannel;
  /** Its exit code, once both its streams were read; 128 and more for a signal. @throws Fault when it was cut */
  readonly exit: Promise<number>;
}

/** A connection to a host's SSH server, whose key was the one that was awaited. */
export class SshConnection {
  readonly target: Target;
  /** For what has no method here (SFTP); a session opened on it directly is not counted. */
  readonly client: Client;
  /** Settles when the connection has ended, with why. */
  readonly ended: Promise<Fault>;
  readonly #waiting: (() => void)[] = [];
  readonly #streams = new Set<Duplex>();
  #sessions = 0;
  #isOpen = true;
  #isRetired = false;

  private constructor(target: Target, client: Client) {
    this.target = target;
    this.client = client;
    let why: unknown;
    client.on("error", (error) => (why = error));
    this.ended = new Promise((resolve) => {
      untilOver(client, () => {
        this.#isOpen = false;
        const fault = cut(target, why);
        // ssh2 ends its channels as if the far side had: what reads them must know that something may be missing.
        for (const stream of this.#streams) stream.emit("error", fault);
        for (const go of this.#waiting.splice(0)) go();
        resolve(fault);
      });
    });
  }

  /**
   * Speaks SSH over a stream that ends in the target's server. The stream is ours from here on.
   * @throws Fault DOOR_HOST_KEY, DOOR_AUTH, DOOR_DEADLINE, DOOR_CUT
   */
  static open(target: Target, key: string, stream: Duplex, deadlineMs: number): Promise<SshConnection> {
    return new Promise((resolve, reject) => {
      const client = new Client();
      const state: { shown?: Buffer; banner: string; error?: Error } = { banner: "" };
      const connection = new SshConnection(target, client);
      client.on("banner", (text) => (state.banner = text));
      client.once("error", (error) => (state.error ??= error));
      client.once("ready", () => resolve(connection));
      untilOver(client, () => {
        reject(openFault(target, state, deadlineMs));
        stream.destroy();
      });
      client.connect({
        sock: stream,
        username: target.user,
        privateKey: key,
        authHandler: ["publickey"],
        // The one kind of key that seeds give: a server with only others is not the one that we made.
        // The stack's; a pfSense has an RSA key beside it that nobody knows.
        algorithms: { serverHostKey: ["ssh-ed25519"] },
        hostVerifier: (shown: Buffer) => {
          state.shown = shown;
          return target.hostKey.accepts(shown);
        },
        readyTimeout: deadlineMs,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: KEEPALIVES,
      });
      client.once("error", () => stream.destroy());
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Runs a command of the host's shell to its end; an exit code is the caller's to judge. @throws Fault DOOR_… */
  async exec(command: string, options: ExecOptions = {}): Promise<Executed> {
    const deadlineMs = options.deadlineMs ?? EXEC_MS;
    const said = { stdout: "", stderr: "" };
    const timer = new AbortController();
    const { channel, exit } = await this.session(command);
    for (const [name, stream] of [
      ["stdout", channel],
      ["stderr", channel.stderr],
    ] as const) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        if (said[name].length < MAX_OUTPUT) said[name] += text;
      });
    }
    channel.end(options.input ?? "");
    try {
      return await Promise.race([
        exit.then((exitCode) => ({ exitCode, ...said })),
        sleep(deadlineMs, undefined, { signal: timer.signal }).then(() => {
          const last = (said.stderr.trim() || said.stdout.trim()).split("\n").at(-1);
          throw new Fault(
            "DOOR_DEADLINE",
            `${this.target.name}: \`${brief(command)}\` did not end within ${deadlineMs / 1000} s; last words: ${last === undefined || last === "" ? "none" : last}.`,
            `Run it by hand with \`maquette ssh ${this.target.name}\` and see what it waits for.`,
          );
        }),
      ]);
    } catch (error) {
      channel.close();
      throw error;
    } finally {
      timer.abort();
    }
  }

  /**
   * A session of the host, waited for when eight are open: a command, or the user's shell where there is none.
   * @param pty a terminal of this kind and size
   */
  async session(command: string | undefined, pty?: PseudoTtyOptions): Promise<Session> {
    if (this.#sessions >= MAX_SESSIONS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#sessions++;
    const free = (): void => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#sessions--;
      else next();
    };
    try {
      return await new Promise<Session>((resolve, reject) => {
        const opened = (error: Error | undefined, channel: ClientChannel): void => {
          if (error !== undefined) return reject(cut(this.target, error));
          channel.once("close", free);
          // Heard from here on: a short command has ended before who waits for this promise is told.
          const exit = exitOf(channel);
          exit.catch(() => undefined);
          resolve({ channel: this.#kept(channel), exit });
        };
        if (command === undefined) this.client.shell(pty ?? false, { env: LANGUAGE }, opened);
        else this.client.exec(command, { env: LANGUAGE, ...(pty === undefined ? {} : { pty }) }, opened);
      });
    } catch (error) {
      free();
      throw error instanceof Fault ? error : cut(this.target, error);
    }
  }

  /** A TCP connection from the host to somewhere it reaches; it resolves the name. @throws Fault DOOR_… */
  forward(host: string, port: number, deadlineMs = FORWARD_MS): Promise<Duplex> {
    const { name } = this.target;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(
          new Fault(
            "DOOR_SILENT",
            `${host} port ${port} does not answer ${name} within ${deadlineMs / 1000} s.`,
            "A firewall drops it, or the host is off: `maquette explain bastion HOST SERVICE` says what the flow table lets pass.",
          ),
        );
      }, deadlineMs);
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        reject(forwardFault(this.target, host, port, error));
      };
      try {
        this.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
          // The server goes on trying after we have given up.
          if (isLate) {
            if (error === undefined) channel.close();
            return;
          }
          if (error !== undefined) return fail(error);
          clearTimeout(timer);
          resolve(this.#kept(channel));
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  #kept<T extends Duplex>(stream: T): T {
    this.#streams.add(stream);
    stream.once("close", () => {
      this.#streams.delete(stream);
      if (this.#isRetired) this.closeWhenIdle();
    });
    // Who reads it may not listen yet, or any more.
    stream.on("error", () => undefined);
    return stream;
  }

  /** Ends it as soon as nothing is open on it. */
  closeWhenIdle(): void {
    this.#isRetired = true;
    if (this.#streams.size === 0 && this.#sessions === 0) void this.close();
  }

  /** Ends it; what is open on it is cut. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.client.end();
    const timer = setTimeout(() => this.client.destroy(), 2_000);
    await this.ended;
    clearTimeout(timer);
  }
}

/**
 * Once it can carry nothing more. Where the far side has ended a stream that may be half open, as one through another
 * server is, ssh2 stops its protocol and its deadlines and says "end"; "close" comes only when somebody ends it here too.
 */
function untilOver(client: Client, then: () => void): void {
  let isOver = false;
  const over = (): void => {
    if (!isOver) then();
    isOver = true;
  };
  client.once("end", over).once("close", over);
}

/** How a session's command ended: its code, 128 and more for a signal as a shell says it. */
function exitOf(channel: ClientChannel): Promise<number> {
  return new Promise((resolve, reject) => {
    let code: number | undefined;
    channel.once("exit", (exit: number | null, signal?: string) => {
      code = exit ?? 128 + (SIGNALS[signal?.replace(/^SIG/, "") ?? ""] ?? 0);
    });
    channel.once("error", reject);
    // A server that ends without saying how: a cut has been said before.
    channel.once("close", () => {
      const done = (): void => resolve(code ?? 255);
      // Its last words come with the other stream.
      if (channel.stderr.readableEnded) done();
      else channel.stderr.once("end", done);
    });
  });
}

const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  ABRT: 6,
  FPE: 8,
  KILL: 9,
  SEGV: 11,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};

const brief = (command: string): string => {
  const line = command.split("\n")[0]!;
  return line.length > 60 || line !== command ? `${line.slice(0, 60)}…` : line;
};

function openFault(
  target: Target,
  state: { readonly shown?: Buffer; readonly banner: string; readonly error?: Error & { readonly level?: string } },
  deadlineMs: number,
): Fault {
  const { name, user, hostKey } = target;
  const { shown, error } = state;
  const words = error?.message ?? "";
  if ((shown !== undefined && !hostKey.accepts(shown)) || /no matching host key format/i.test(words)) {
    const instead = shown === undefined ? "none of its kind" : fingerprintOf(shown);
    return new Fault(
      "DOOR_HOST_KEY",
      `What answers as ${name} shows another host key than ${name}'s: ${instead}, not ${hostKey.fingerprint}. Nothing was sent to it.`,
      hostKey.hint,
      error,
    );
  }
  if (error?.level === "client-authentication")
    return new Fault(
      "DOOR_AUTH",
      `${name} does not take the lab's key for the user ${user}.`,
      `It was made with another stack secret, or somebody changed the account's authorized_keys: \`maquette destroy\`, then \`maquette up\`, make it again.`,
      error,
    );
  if (error?.level === "client-timeout")
    return new Fault(
      "DOOR_DEADLINE",
      `${name} does not finish the start of an SSH connection within ${deadlineMs / 1000} s.`,
      "It may be out of memory or frozen: `maquette status`, and `maquette console --screen` for its last words.",
      error,
    );
  return cut(target, error, state.banner);
}

/** The connection ended before its time. */
function cut(target: Target, error: unknown, banner = ""): Fault {
  const why = [error === undefined ? "" : messageOf(error), banner.trim()].filter((w) => w !== "").join("; ");
  return new Fault(
    "DOOR_CUT",
    `The SSH connection to ${target.name} was cut${why === "" ? "" : ` (${why})`}.`,
    "The guest may be starting, ending or overloaded: `maquette status`, then the same command again.",
    error,
  );
}

/** sshd's words for a forward that failed (OpenSSH's channels.c): strerror(3) and gai_strerror(3). */
function forwardFault(target: Target, host: string, port: number, error: unknown): Fault {
  const { reason } = (error ?? {}) as { readonly reason?: number | string };
  const words = messageOf(error).replace(/^\(SSH\) Channel open failure: /, "");
  const what = `${target.name} cannot reach ${host} port ${port}: ${words}.`;
  // RFC 4254 §5.1.
  if (reason === 1 || reason === "ADMINISTRATIVELY_PROHIBITED")
    return new Fault(
      "DOOR_FORBIDDEN",
      what,
      `${target.name} forwards only to the hosts and ports that the flow table opens to it: \`maquette explain ${target.name} HOST tcp/${port}\`.`,
      error,
    );
  if (reason === undefined) return cut(target, error);
  if (/refused/i.test(words))
    return new Fault(
      "DOOR_REFUSED",
      what,
      "Nothing listens there, or a firewall rejects it: `maquette explain` says what the flow table lets pass.",
      error,
    );
  if (/name|resolv|unknown host/i.test(words))
    return new Fault("DOOR_NO_NAME", what, "Names are resolved by the bastion: is it in the domain's DNS?", error);
  return new Fault(
    "DOOR_NO_ROUTE",
    what,
    "The host is off, or the routers do not let it pass: `maquette status`, `maquette explain`.",
    error,
  );
}
