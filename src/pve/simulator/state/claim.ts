import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoOf, Fault } from "../../../core/fault.ts";
import { storageFault } from "./store.ts";

/** The path of a Unix socket is short; what is longer gets a name by its hash. */
const SOCKET_PATH_LIMIT = 100;

function socketPath(dir: string): string {
  const path = join(dir, "in-use.sock");
  const name = createHash("sha256").update(dir).digest("hex").slice(0, 16);
  return path.length <= SOCKET_PATH_LIMIT ? path : join(tmpdir(), `maquette-${name}.sock`);
}

/**
 * Claims a state folder for this process. A listening socket is the claim: it ends with the process,
 * however that ends, and no process id can be mistaken for it.
 * @returns how to let go
 * @throws {Fault} PVE_STATE_IN_USE
 */
export async function claimFolder(dir: string): Promise<() => Promise<void>> {
  const path = socketPath(dir);
  let server = await listenOn(path, dir);
  if (server === undefined) {
    if (await isAnswered(path))
      throw new Fault("PVE_STATE_IN_USE", `another lab runs on ${dir}`, "stop it first, or choose another folder");
    await rm(path, { force: true });
    server = await listenOn(path, dir);
  }
  const claim = server;
  if (claim === undefined) throw new Fault("PVE_STATE_IN_USE", `another lab starts on ${dir}`, "wait for it");
  claim.unref();
  return () => new Promise((resolve) => claim.close(() => resolve()));
}

function listenOn(path: string, dir: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error) => {
      if (errnoOf(error) === "EADDRINUSE") resolve(undefined);
      else reject(storageFault(dir, error));
    });
    server.listen(path, () => resolve(server));
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
