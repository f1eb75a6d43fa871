import { connect as connectSocket, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Duplex } from "node:stream";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { Patience } from "../stack/patience.ts";
import { SshConnection } from "./ssh.ts";
import type { Target } from "./target.ts";
import type { Targets } from "./targets.ts";

export interface DoorOptions {
  readonly targets: Targets;
  /** The private key that the lab's hosts take, in OpenSSH's format. */
  readonly key: string;
}

export interface ReachOptions {
  /** For one attempt: the stream and the SSH handshake; default 15 s. */
  readonly deadlineMs?: number;
  /** How long to try again what a starting host answers wrongly or not at all; default 0. */
  readonly waitMs?: number;
}

/** The one way into the lab: it comes out at the bastion, in the admin zone. */
export interface Door {
  /** A TCP connection from the bastion; names are resolved there. @throws Fault DOOR_… */
  connect(host: string, port: number, options?: { readonly deadlineMs?: number }): Promise<Duplex>;
  /** A host of the plan, in band: what the flow table does not let pass from the bastion does not connect. */
  ssh(host: string, options?: ReachOptions): Promise<SshConnection>;
  /** A host of the plan, out of band: proves nothing about firewalls. */
  console(host: string, options?: ReachOptions): Promise<SshConnection>;
  /** Ends every connection that was opened through it. */
  close(): Promise<void>;
}

const REACH_MS = 15_000;
const PAUSE_MS = 50;
/** What a host that is starting answers. */
const passing = new Set([
  "DOOR_OFF",
  "DOOR_CUT",
  "DOOR_REFUSED",
  "DOOR_NO_ROUTE",
  "DOOR_SILENT",
  "DOOR_DEADLINE",
  "DOOR_UNREACHABLE",
]);

/** Opens nothing yet: the bastion is called when the first connection needs it, and again whenever it was lost. */
export function openDoor({ targets, key }: DoorOptions): Door {
  const all = new Set<SshConnection>();
  let kept: Promise<SshConnection> | undefined;
  /** What `kept` came to last. */
  let current: SshConnection | undefined;
  let isClosed = false;

  const keep = (connection: SshConnection): SshConnection => {
    all.add(connection);
    void connection.ended.then(() => all.delete(connection));
    return connection;
  };

  const bastion = (deadlineMs: number): Promise<SshConnection> => {
    if (kept === undefined) {
      const opening = open(targets.inBand(targets.bastion), deadlineMs);
      kept = opening;
      const forget = (): void => {
        if (kept === opening) kept = undefined;
      };
      opening.then((connection) => {
        current = connection;
        void connection.ended.then(forget);
      }, forget);
    }
    return kept;
  };

  /** The next one is called for what comes; it goes when what it carries has ended. */
  const retire = (connection: SshConnection): void => {
    if (current === connection) kept = undefined;
    connection.closeWhenIdle();
  };

  const forward = async (host: string, port: number, deadlineMs: number): Promise<Duplex> => {
    const isNew = kept === undefined;
    const connection = await bastion(deadlineMs);
    try {
      return await connection.forward(host, port, deadlineMs);
    } catch (error) {
      const code = error instanceof Fault ? error.code : undefined;
      // A connection that was dead already and did not know: a new one knows.
      if (code === "DOOR_CUT") await connection.close();
      // sshd goes by what its configuration was when the connection began: one that begins now is told of new hosts.
      else if (code === "DOOR_FORBIDDEN" && !isNew) retire(connection);
      else throw error;
      return (await bastion(deadlineMs)).forward(host, port, deadlineMs);
    }
  };

  const open = async (target: Target, deadlineMs: number): Promise<SshConnection> => {
    if (isClosed) throw new Error("the door is closed");
    const { way } = target;
    const stream =
      way.kind === "inside" ? await forward(way.host, way.port, deadlineMs) : await dial(target, deadlineMs);
    return keep(await SshConnection.open(target, key, stream, deadlineMs));
  };

  const reach = async (target: Target, { deadlineMs = REACH_MS, waitMs = 0 }: ReachOptions): Promise<SshConnection> => {
    const patience = new Patience(waitMs);
    for (;;) {
      try {
        return await open(target, deadlineMs);
      } catch (error) {
        if (!(error instanceof Fault) || !passing.has(error.code) || patience.isOver) throw error;
      }
      // Nothing tells when another machine's server begins to listen.
      await sleep(PAUSE_MS);
    }
  };

  return {
    connect: (host, port, options = {}) => forward(host, port, options.deadlineMs ?? REACH_MS),
    ssh: async (host, options = {}) => reach(targets.inBand(host), options),
    console: async (host, options = {}) => reach(targets.outOfBand(host), options),
    async close() {
      isClosed = true;
      await kept?.catch(() => undefined);
      // Those that came through the bastion before the bastion's own.
      await Promise.all([...all].reverse().map((connection) => connection.close()));
    },
  };
}

/** A stream from this machine. @throws Fault DOOR_OFF, DOOR_UNREACHABLE */
async function dial({ name, way }: Target, deadlineMs: number): Promise<Socket> {
  if (way.kind === "inside") throw new Error("an inside host is dialled by the bastion");
  const socket = way.kind === "socket" ? connectSocket(way.path) : connectSocket(way.port, way.host);
  socket.setNoDelay(true);
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs);
      socket.once("connect", resolve).once("error", reject);
      socket.once("close", () => clearTimeout(timer));
      socket.once("connect", () => clearTimeout(timer));
    });
    return socket;
  } catch (error) {
    socket.destroy();
    if (way.kind === "tcp")
      throw new Fault(
        "DOOR_UNREACHABLE",
        `${name} does not answer at ${way.host} port ${way.port}: ${messageOf(error)}.`,
        "Is this machine on the operator's network (maquette:operator), and does the guest run?",
        error,
      );
    const isMine = errnoOf(error) === "EACCES";
    throw new Fault(
      isMine ? "DOOR_NOT_YOURS" : "DOOR_OFF",
      isMine
        ? `The console of ${name} (${way.path}) is another user's.`
        : `${name} has no console (${way.path}: ${errnoOf(error) ?? messageOf(error)}).`,
      isMine
        ? "Run maquette as the user whose lab it is."
        : "It is off or still starting, or its system is older than systemd 256: `maquette status`.",
      error,
    );
  }
}
