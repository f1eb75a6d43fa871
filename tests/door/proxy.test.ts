import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { stat, readFile } from "node:fs/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { Fault } from "../../src/core/fault.ts";
import type { Door } from "../../src/door/door.ts";
import { socksProxy, type ProxyOptions } from "../../src/door/proxy.ts";
import { doorSocket, serveDoor } from "../../src/door/serve.ts";
import { faultOf, temporaryFolder } from "../stack/temporary.ts";
import { bytesOf } from "./guests.ts";

/** A server on loopback that each connection is given to. */
async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** What a client gets that says these bytes to a proxy, until either ends. */
async function conversation(
  options: Partial<ProxyOptions>,
  bytes: Uint8Array,
  isEnding = true,
): Promise<{ readonly got: Buffer; readonly said: readonly string[] }> {
  const said: string[] = [];
  const serve = socksProxy({
    login: null,
    connect: () => Promise.reject(new Error("nothing is connected here")),
    log: (line) => said.push(line),
    ...options,
  });
  const port = await listening(serve);
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => undefined);
  client.write(bytes);
  if (isEnding) client.end();
  return { got: await bytesOf(client).catch(() => Buffer.alloc(0)), said };
}

const hello = Buffer.from([5, 1, 0]);
const toDc1 = Buffer.from([5, 1, 0, 3, 3, ...Buffer.from("dc1"), 0, 80]);

describe("the proxy", () => {
  it("joins a client with what it asked for, early bytes and half-closed ends included", async () => {
    const far = await listening((socket) => {
      void bytesOf(socket).then((asked) => socket.end(`you said ${asked.toString()}`));
    });
    const wanted: string[] = [];
    const open = (host: string, port: number): Promise<Duplex> => {
      wanted.push(`${host}:${port}`);
      return Promise.resolve(connect({ port: far, host: "127.0.0.1", allowHalfOpen: true }));
    };
    const { got } = await conversation({ connect: open }, Buffer.concat([hello, toDc1, Buffer.from("good day")]));
    expect(wanted).toEqual(["dc1:80"]);
    expect(got.subarray(0, 12).toString("hex")).toBe("050005000001000000000000");
    expect(got.subarray(12).toString()).toBe("you said good day");
  });

  it.each([
    ["DOOR_REFUSED", 5],
    ["DOOR_NO_ROUTE", 4],
    ["DOOR_NO_NAME", 4],
    ["DOOR_FORBIDDEN", 2],
    ["DOOR_SILENT", 6],
    ["DOOR_CUT", 1],
  ])("answers %s with code %d, and says why in its log", async (code, reply) => {
    const fail = (): Promise<Duplex> => Promise.reject(new Fault(code, "because.", ""));
    const { got, said } = await conversation({ connect: fail }, Buffer.concat([hello, toDc1]), false);
    expect(got.toString("hex")).toBe(`0500050${reply}0001000000000000`);
    expect(said).toEqual(["dc1 port 80: because."]);
  });

  it("lets go of a client that says too little for too long", async () => {
    const { got, said } = await conversation({ handshakeMs: 50 }, Buffer.from([5]), false);
    expect([got.length, said]).toEqual([0, ["a client said too little for too long"]]);
  });

  it("lets go of a client that leaves in the middle of its greeting", async () => {
    expect((await conversation({}, Buffer.from([5, 9, 0]))).got.length).toBe(0);
  });

  it("closes what it opened for a client that has left meanwhile", async () => {
    let isFarClosed!: () => void;
    const farClosed = new Promise<void>((resolve) => (isFarClosed = resolve));
    const far = await listening((socket) =>
      socket
        .resume()
        .on("close", isFarClosed)
        .on("end", () => socket.end()),
    );
    let hasLeft!: () => void;
    const left = new Promise<void>((resolve) => (hasLeft = resolve));
    const serve = socksProxy({
      login: null,
      log: () => undefined,
      connect: async () => {
        await left;
        const stream = connect(far, "127.0.0.1");
        await once(stream, "connect");
        return stream;
      },
    });
    const port = await listening(serve);
    const client = connect(port, "127.0.0.1").on("close", hasLeft);
    client.write(Buffer.concat([hello, toDc1]), () => client.resetAndDestroy());
    await farClosed;
  });

  it("passes a cut on as a cut: the client must not take half an answer for the whole", async () => {
    const far = await listening((socket) => {
      socket.write("half", () => socket.resetAndDestroy());
    });
    const serve = socksProxy({
      login: null,
      log: () => undefined,
      connect: () => Promise.resolve(connect(far, "127.0.0.1")),
    });
    const port = await listening(serve);
    const client = connect(port, "127.0.0.1");
    client.write(Buffer.concat([hello, toDc1]));
    const isClean = await new Promise<boolean>((resolve) => {
      client.on("data", () => undefined).on("error", () => resolve(false));
      client.on("end", () => resolve(true));
    });
    expect(isClean).toBe(false);
  });
});

describe("a served door", () => {
  const door: Door = {
    connect: () => Promise.reject(new Fault("DOOR_REFUSED", "nothing is there.", "")),
    ssh: () => Promise.reject(new Error("unused")),
    console: () => Promise.reject(new Error("unused")),
    close: () => Promise.resolve(),
  };
  const log = (): void => undefined;

  it("is for this user alone, takes the place of one that was killed, and leaves nothing", async () => {
    const folder = temporaryFolder();
    const { spawnSync } = await import("node:child_process");
    // A socket that nobody answers on.
    spawnSync(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(doorSocket(folder))}, () => process.kill(process.pid, "SIGKILL"))`,
    ]);
    const served = await serveDoor(door, { folder, tcpPort: 0, log });
    const modes = await Promise.all([folder, served.socket, served.tcp!.passwordFile].map((f) => stat(f)));
    expect(modes.map((m) => m.mode & 0o777)).toEqual([0o700, 0o600, 0o600]);
    expect((await readFile(served.tcp!.passwordFile, "utf8")).trim().length).toBeGreaterThanOrEqual(24);
    expect((await faultOf(() => serveDoor(door, { folder, tcpPort: null, log }))).code).toBe("DOOR_OPEN");
    await served.close();
    await expect(stat(served.socket)).rejects.toThrow(/ENOENT/);
    await expect(stat(served.tcp!.passwordFile)).rejects.toThrow(/ENOENT/);
  });

  it("says that a port is taken, and leaves nothing behind", async () => {
    const port = await listening(() => undefined);
    const folder = temporaryFolder();
    expect((await faultOf(() => serveDoor(door, { folder, tcpPort: port, log }))).code).toBe("DOOR_PORT");
    await expect(stat(doorSocket(folder))).rejects.toThrow(/ENOENT/);
  });

  it("says that a path is too long for a socket", async () => {
    const folder = join(temporaryFolder(), "a".repeat(100));
    expect((await faultOf(() => serveDoor(door, { folder, tcpPort: null, log }))).code).toBe("DOOR_PATH");
  });
});
