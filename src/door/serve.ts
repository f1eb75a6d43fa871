import { randomBytes } from "node:crypto";
import { chmod, rm, unlink } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { errnoOf, Fault, messageOf } from "../core/fault.ts";
import { privateFolder, writePrivate } from "../stack/folders.ts";
import { lockFolder } from "../stack/lock.ts";
import type { Door } from "./door.ts";
import { socksProxy } from "./proxy.ts";
import type { Login } from "./socks.ts";

export interface ServeOptions {
  /** The stack's run folder. */
  readonly folder: string;
  /** Also on a loopback TCP port, 0 for any free one, behind a password; null: the socket alone. */
  readonly tcpPort: number | null;
  /** One line for each client that got nothing. */
  readonly log: (line: string) => void;
}

/** A door that programs use. */
export interface ServedDoor {
  readonly socket: string;
  readonly tcp: { readonly port: number; readonly user: string; readonly passwordFile: string } | null;
  close(): Promise<void>;
}

/** sockaddr_un's sun_path with its terminating zero (unix(7)). */
const MAX_PATH = 107;
const TCP_USER = "maquette";

export const doorSocket = (folder: string): string => join(folder, "door.sock");

/**
 * SOCKS5 on a Unix socket that this user alone can reach; on demand also on loopback, where every program of the
 * machine could, so it asks for a password there.
 * @throws Fault DOOR_PATH, DOOR_OPEN, DOOR_PORT
 */
export async function serveDoor(door: Door, options: ServeOptions): Promise<ServedDoor> {
  const { folder, log } = options;
  const socket = doorSocket(folder);
  if (Buffer.byteLength(socket) > MAX_PATH)
    throw new Fault(
      "DOOR_PATH",
      `${socket} is ${Buffer.byteLength(socket)} bytes long, and a socket's path has at most ${MAX_PATH}.`,
      "Choose a shorter folder for state: XDG_STATE_HOME.",
    );
  await privateFolder(folder);
  const clients = new Set<Socket>();
  const serverFor = (login: Login | null): Server => {
    const serve = socksProxy({ login, log, connect: (host, port) => door.connect(host, port) });
    return createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      clients.add(client);
      client.once("close", () => clients.delete(client));
      serve(client);
    });
  };
  const servers: Server[] = [];
  const passwordFile = join(folder, "door.password");
  let tcp: ServedDoor["tcp"] = null;
  const close = async (): Promise<void> => {
    const ended = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const client of clients) client.destroy();
    await Promise.all(ended);
    if (tcp !== null) await rm(passwordFile, { force: true });
  };
  try {
    const unix = serverFor(null);
    await claim(folder, socket, unix);
    servers.push(unix);
    if (options.tcpPort !== null) {
      const login = { user: TCP_USER, password: randomBytes(18).toString("base64url") };
      const server = serverFor(login);
      await listen(server, { host: "127.0.0.1", port: options.tcpPort });
      servers.push(server);
      await writePrivate(passwordFile, `${login.password}\n`);
      tcp = { port: (server.address() as AddressInfo).port, user: TCP_USER, passwordFile };
    }
    return { socket, tcp, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Takes the socket's place, unless somebody answers there. */
async function claim(folder: string, path: string, server: Server): Promise<void> {
  // Not the run folder's own lock: `up` may hold that for long.
  const lock = await privateFolder(join(folder, "door"));
  const release = await lockFolder(lock, "the door", { staleMs: 10_000, waitMs: 20_000 });
  try {
    if (await answers(path))
      throw new Fault(
        "DOOR_OPEN",
        `The door of this lab is open already: ${path}.`,
        "Use that one, or end the `maquette door` that holds it.",
      );
    // Of one that was killed.
    await unlink(path).catch(() => undefined);
    await listen(server, { path });
    await chmod(path, 0o600);
  } finally {
    await release();
  }
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

async function listen(
  server: Server,
  at: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, resolve);
    });
  } catch (error) {
    const where = "path" in at ? at.path : `127.0.0.1 port ${at.port}`;
    throw new Fault(
      "DOOR_PORT",
      `The door cannot listen on ${where}: ${messageOf(error)}.`,
      errnoOf(error) === "EADDRINUSE"
        ? "Choose another --port, or leave it out."
        : "Mend what it says, then try again.",
      error,
    );
  }
}
